"""ICC profiles (ICC.1:2022): what one is called, what it is for, and small profiles made from numbers."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from imgstudio.core.pixels import Floats

SRGB_PRIMARIES: Final = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""White x y, red x y, green x y, blue x y, in the order of PNG cHRM."""
_D50: Final = (0.9642, 1.0, 0.8249)
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_HDR_TRANSFERS: Final = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of ITU-T H.273."""


def is_sane(profile: bytes | None) -> bool:
    return profile is not None and len(profile) >= 132 and profile[36:40] == b"acsp"


def colour_space(profile: bytes | None) -> str | None:
    """`RGB`, `GRAY`, `CMYK`, ... or None."""
    if profile is None or not is_sane(profile):
        return None
    return profile[16:20].decode("ascii", "replace").strip()


def tags(profile: bytes) -> dict[str, bytes]:
    """Tag data by signature."""
    (count,) = struct.unpack_from(">I", profile, 128)
    out = {}
    for at in range(132, min(132 + 12 * min(count, 100), len(profile) - 11), 12):
        name, offset, size = struct.unpack_from(">4sII", profile, at)
        out[name.decode("latin-1")] = profile[offset : offset + size]
    return out


def name(profile: bytes | None) -> str | None:
    """The profile's own description."""
    if profile is None or not is_sane(profile):
        return None
    data = tags(profile).get("desc", b"")
    if data[:4] == b"desc" and len(data) >= 12:
        (length,) = struct.unpack_from(">I", data, 8)
        return data[12 : 12 + length].split(b"\0")[0].decode("latin-1") or None
    if data[:4] == b"mluc" and len(data) >= 28:
        length, offset = struct.unpack_from(">II", data, 20)
        return data[offset : offset + length].decode("utf-16-be", "replace").strip("\0") or None
    return None


def hdr_transfer(profile: bytes | None) -> str | None:
    """`PQ` or `HLG` where the profile says so by its cicp tag or its name."""
    if profile is None or not is_sane(profile):
        return None
    cicp = tags(profile).get("cicp", b"")
    if len(cicp) >= 12 and cicp[9] in _HDR_TRANSFERS:
        return _HDR_TRANSFERS[cicp[9]]
    words = (name(profile) or "").replace("_", " ").upper().split()
    return next((word for word in ("PQ", "HLG") if word in words), None)


def transfer_name(code: int) -> str | None:
    return _HDR_TRANSFERS.get(code)


def gamma_profile(gamma: float, chromaticities: Sequence[float] = SRGB_PRIMARIES) -> bytes:
    """RGB matrix profile of a pure power curve, for PNG files that carry only gAMA and cHRM."""
    curve = b"curv" + struct.pack(">IIH", 0, 1, min(65535, round(gamma * 256))) + b"\0\0"
    return _matrix_profile(f"Gamma {gamma:.3g}", curve, chromaticities)


def rgb_from_gray(profile: bytes) -> bytes:
    """RGB matrix profile, sRGB primaries, with the tone curve of a GRAY profile; ValueError without one."""
    curve = tags(profile).get("kTRC")
    if not curve:
        raise ValueError("the profile has no grey tone curve")
    return _matrix_profile(f"{name(profile) or 'Grey'} as RGB", curve, SRGB_PRIMARIES)


def _matrix_profile(title: str, curve: bytes, chromaticities: Sequence[float]) -> bytes:
    columns = _primaries_d50(chromaticities)
    white = b"XYZ \0\0\0\0" + _fixed(_D50)
    content: Mapping[bytes, bytes] = {
        b"desc": _description(title),
        b"cprt": b"text\0\0\0\0Public domain\0",
        b"wtpt": white,
        **{
            name: b"XYZ \0\0\0\0" + _fixed(columns[:, i])
            for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))
        },
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, data, places = b"", b"", dict[bytes, int]()
    start = 132 + 12 * len(content)
    for tag, value in content.items():
        if value not in places:
            places[value] = start + len(data)
            data += value + b"\0" * (-len(value) % 4)
        table += struct.pack(">4sII", tag, places[value], len(value))
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"\0\0\0\0", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp").ljust(32, b"\0") + _fixed(_D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(content)) + table + data


def _primaries_d50(chromaticities: Sequence[float]) -> Floats:
    """(3, 3) XYZ of red, green, blue as columns, adapted to D50 by Bradford."""
    pairs = np.asarray(chromaticities, np.float64).reshape(4, 2)
    xyz = np.stack([pairs[:, 0] / pairs[:, 1], np.ones(4), (1 - pairs.sum(axis=1)) / pairs[:, 1]])
    white, primaries = xyz[:, 0], xyz[:, 1:]
    matrix = primaries * np.linalg.solve(primaries, white)
    cone = np.asarray(_BRADFORD)
    adapt = np.linalg.inv(cone) @ np.diag((cone @ _D50) / (cone @ white)) @ cone
    return np.asarray(adapt @ matrix, np.float32)


def _fixed(values: Sequence[float] | Floats) -> bytes:
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def _description(title: str) -> bytes:
    ascii_title = title.encode("ascii", "replace") + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(ascii_title)) + ascii_title + bytes(4 + 4 + 2 + 1 + 67)
