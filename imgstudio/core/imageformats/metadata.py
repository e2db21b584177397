"""Metadata policy: made true for upright pixels when read; kept, cleaned or stripped when written."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import cv2
import numpy as np

from imgstudio.core.imageformats import exif, icc, iptc, xmp
from imgstudio.core.imageformats.channels import to_rgba
from imgstudio.core.imageformats.content import Metadata
from imgstudio.core.imageformats.guard import optional
from imgstudio.core.pixels import Array, resized, to_depth

Policy: TypeAlias = Literal["keep", "no_location", "strip"]
_THUMBNAIL: Final = 160
"""Longest side of an EXIF thumbnail, EXIF 2.32 4.5.5."""


def as_read(stored: Metadata, *, grayscale: bool, notes: list[str]) -> Metadata:
    """Metadata for pixels that were turned upright, with the warnings that colour profiles deserve."""
    block, packet = stored.exif, stored.xmp
    if block is not None:
        kept = block
        block = optional(lambda: exif.upright(kept), notes, "EXIF")
    if packet is not None:
        known = packet
        packet = optional(lambda: xmp.upright(known), notes, "XMP", otherwise=known)
    profile = _usable_profile(stored.icc, grayscale, notes)
    if profile is None and optional(lambda: exif.says_adobe_rgb(block), notes, "EXIF", otherwise=False):
        notes.append(
            "The camera marked the picture as Adobe RGB but no profile is in the file; shown as sRGB."
        )
    return Metadata(block, profile, packet, stored.iptc, stored.dpi)


def _usable_profile(profile: bytes | None, grayscale: bool, notes: list[str]) -> bytes | None:
    if profile is None:
        return None
    space = icc.colour_space(profile)
    if space is None:
        notes.append("The colour profile of this file is damaged; it is shown as sRGB.")
        return None
    if space != "RGB" and not (space == "GRAY" and grayscale):
        notes.append(
            f"The colour profile of this file is for {space} and does not fit it; it is shown as sRGB."
        )
        return None
    transfer = optional(lambda: icc.hdr_transfer(profile), notes, "colour profile")
    if transfer is not None:
        notes.append(f"This is an HDR picture ({transfer}); it is shown as if it were a standard one.")
    return profile


def to_write(
    given: Metadata, pixels: Array, policy: Policy, recipe: str | None, notes: list[str]
) -> Metadata:
    """What goes into the new file. A piece that cannot be made right is left out with a note.

    `strip` keeps the colour profile, without which the colours change, and the mark of AI-made pixels.
    """
    packet = given.xmp
    source_type = xmp.digital_source_type(packet)
    if packet is not None:
        packet = _new_xmp(packet, policy, notes)
    if packet is None and source_type is not None and xmp.is_ai(source_type):
        packet = xmp.with_digital_source_type(None, source_type)
    if recipe is not None:
        packet = xmp.with_recipe(packet, recipe)
    if policy == "strip":
        return Metadata(icc=given.icc, xmp=packet)
    block, data_sets = given.exif, given.iptc
    if block is not None:
        old = block
        block = optional(lambda: _new_exif(old, pixels, policy), notes, "EXIF")
    if data_sets is not None and policy == "no_location":
        known = data_sets
        data_sets = optional(lambda: iptc.without_location(known), notes, "IPTC")
    return Metadata(block, given.icc, packet, data_sets, given.dpi)


def _new_xmp(packet: bytes, policy: Policy, notes: list[str]) -> bytes | None:
    if policy == "strip":
        return None
    if policy == "no_location":
        clean = optional(lambda: xmp.without_location(packet), notes, "XMP")
        if clean is None:
            notes.append("The XMP data could not be searched for places, so it was left out.")
            return None
        packet = clean
    known = packet
    return optional(lambda: xmp.for_new_pixels(known), notes, "XMP", otherwise=known)


def _new_exif(block: bytes, pixels: Array, policy: Policy) -> bytes:
    height, width = pixels.shape[:2]
    block = exif.upright(block, width, height)
    if policy == "no_location":
        block = exif.without_location(block)
    return exif.with_thumbnail(block, lambda: thumbnail_jpeg(pixels))


def thumbnail_jpeg(pixels: Array) -> bytes:
    """Small baseline JPEG of (h, w, 3|4) pixels, alpha ignored."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _THUMBNAIL / max(height, width))
    small = resized(pixels, max(1, round(width * scale)), max(1, round(height * scale)))
    rgb = np.ascontiguousarray(to_depth(to_rgba(small), np.uint8)[..., :3])
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, 80))
    return np.asarray(encoded).tobytes()
