"""The document's colour profile and depth; each change is one undo step."""

from __future__ import annotations

from dataclasses import replace

import imagecodecs
import numpy as np
import numpy.typing as npt

from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.history import Command
from imgstudio.core.imageformats import icc
from imgstudio.core.imageformats.guard import Damaged, guarded
from imgstudio.core.layering import bands
from imgstudio.core.pixels import DEPTHS, Array, to_depth
from imgstudio.core.tiles import TileStore


def assign_profile(document: Document, profile: bytes | None) -> None:
    """Say that the numbers mean other colours (None: sRGB); no pixel changes. Raises UserError."""
    _check(profile)
    metadata = replace(document.metadata, icc=profile)
    document.do(document.setting_own("Assign profile", metadata=metadata))


def convert_to_profile(document: Document, profile: bytes | None) -> None:
    """Change the numbers of every layer so that they mean the same colours in another profile.

    Relative colorimetric with black point compensation (ICC.1:2022), at 8 or 16 bits. Raises UserError.
    """
    _check(profile)
    label, present = "Convert to profile", document.metadata.icc
    stores = [layer.pixels for layer in document.layers.all() if not layer.is_group]
    if document.original is not None:
        stores.append(document.original)
    commands: list[Command] = [
        document.replacing(store, label, _recoloured(store, present, profile)) for store in stores
    ]
    commands += [
        document.setting(layer, label, jpeg=None) for layer in document.layers.all() if layer.jpeg is not None
    ]
    commands.append(document.setting_own(label, metadata=replace(document.metadata, icc=profile)))
    document.compound(label, *commands)


def convert_depth(document: Document, dtype: npt.DTypeLike) -> None:
    """Make every layer 8 or 16 bits (uint8, uint16); black and white stay what they are."""
    wanted = np.dtype(dtype)
    if wanted not in DEPTHS:
        raise ValueError(f"documents have 8 or 16 bits, not {wanted}")
    if wanted == document.dtype:
        return
    label = f"{wanted.itemsize * 8} bits per channel"
    commands: list[Command] = [document.setting_own(label, dtype=wanted)]
    for layer in document.layers.all():
        made = _deepened(layer.pixels, wanted)
        setting = document.setting(layer, label, pixels=made)
        commands.append(replace(setting, cost=made.nbytes + layer.pixels.nbytes))
    if document.original is not None:
        commands.append(document.setting_own(label, original=_deepened(document.original, wanted)))
    document.compound(label, *commands)


def _recoloured(store: TileStore, before: bytes | None, after: bytes | None) -> TileStore:
    made = store.copy()
    for band in bands(store.bounds()):
        pixels = made.read(band)
        pixels[..., :3] = _transformed(pixels[..., :3], before, after)
        made.write(band, pixels)
    made.drop_plain_tiles()
    return made


def _transformed(rgb: Array, before: bytes | None, after: bytes | None) -> Array:
    srgb = imagecodecs.cms_profile("srgb")
    is_gray = icc.colour_space(before) == "GRAY"
    flags = int(imagecodecs.CMS.FLAGS.BLACKPOINTCOMPENSATION)
    if rgb.dtype == np.uint16:
        # Optimised curves are off by up to 500 of 65535 near black.
        flags |= int(imagecodecs.CMS.FLAGS.NOOPTIMIZE)
    try:
        return guarded(
            lambda: imagecodecs.cms_transform(
                np.ascontiguousarray(rgb[..., 0] if is_gray else rgb),
                before or srgb,
                after or srgb,
                colorspace="gray" if is_gray else "rgb",
                outcolorspace="rgb",
                intent=imagecodecs.CMS.INTENT.RELATIVE_COLORIMETRIC,
                flags=flags,
            )
        )
    except Damaged as error:
        raise UserError(
            "The colours cannot be converted",
            f"One of the profiles is damaged: {error}",
            "Choose another one",
        ) from None


def _deepened(store: TileStore, dtype: np.dtype[np.generic]) -> TileStore:
    made = TileStore(store.channels, dtype)
    for (column, row), tile in store.snapshot().tiles.items():
        made.editable_tile((column, row))[:] = to_depth(tile, dtype)
    return made


def _check(profile: bytes | None) -> None:
    if profile is not None and icc.colour_space(profile) != "RGB":
        raise UserError(
            "This colour profile cannot be used",
            "It is damaged or not for RGB pictures",
            "Choose another one",
        )
