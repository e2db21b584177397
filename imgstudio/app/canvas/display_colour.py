"""Colours of a document as an sRGB screen shows them."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image

from imgstudio.core.pixels import Array

if TYPE_CHECKING:
    from PIL import ImageCms

logger = logging.getLogger(__name__)

_PROBE: Final = 6
_CLOSE: Final = 2
"""A profile that moves no probe colour by more levels than this counts as sRGB."""


class DisplayColour:
    """Converts premultiplied RGBA of one ICC profile to sRGB. Built once a profile."""

    def __init__(self, profile: bytes | None) -> None:
        self.profile = profile
        self._transform = None if profile is None else _transform(profile)

    @property
    def is_identity(self) -> bool:
        return self._transform is None

    def shown(self, pixels: Array) -> Array:
        """Convert (height, width, 4) uint8 premultiplied RGBA; the same array when nothing changes."""
        if self._transform is None:
            return pixels
        straight = cv2.cvtColor(pixels, cv2.COLOR_mRGBA2RGBA)
        straight[..., :3] = _applied(self._transform, straight[..., :3])
        return np.asarray(cv2.cvtColor(straight, cv2.COLOR_RGBA2mRGBA))


def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """None for sRGB, and for a profile that cannot be used for RGB."""
    from PIL import ImageCms  # few pictures need it, and the window starts sooner without

    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        logger.info("The colour profile cannot be shown, sRGB is taken: %s", error)
        return None
    axis = np.linspace(0, 255, _PROBE).astype(np.uint8)
    probe = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(_PROBE, -1, 3)
    moved = np.abs(_applied(transform, probe).astype(int) - probe).max()
    return transform if moved > _CLOSE else None


def _applied(transform: ImageCms.ImageCmsTransform, colours: Array) -> Array:
    from PIL import ImageCms

    image = Image.fromarray(np.ascontiguousarray(colours), "RGB")
    return np.asarray(ImageCms.applyTransform(image, transform))
