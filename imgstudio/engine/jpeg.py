"""JPEG as arithmetic on tensors: colours, the block transform, step sizes and what they allow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

BLOCK = 8
BANDS = ((0, 3), (3, 7), (7, 15))
"""Half-open ranges of row + column of a coefficient: slow, middle and fast waves."""
ROUNDING = 1.5
"""Rounding to whole levels moves no coefficient further than this (levels): five standard deviations."""
LOG_UNIT = 8.0
"""Base-two logarithms of step sizes, 0..8, are divided by this."""

_TO_YCC = ((0.299, 0.587, 0.114), (-0.168735892, -0.331264108, 0.5), (0.5, -0.418687589, -0.081312411))
_TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136286, -0.714136286), (1.0, 1.772, 0.0))

# ITU-T T.81, tables K.1 and K.2, in reading order.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *(((99,) * 8,) * 4),
)


@dataclass(frozen=True, eq=False, slots=True)
class JpegTables:
    """What the header of a JPEG file says about its losses."""

    luma: Tensor
    """(8, 8) steps in reading order (not zigzag), 1..255."""
    chroma: Tensor | None = None
    """None: a gray picture."""
    subsampling: str = "4:2:0"
    """4:4:4, 4:2:2 or 4:2:0."""


def standard_tables(quality: float, subsampling: str = "4:2:0") -> JpegTables:
    """The tables that libjpeg, and with it most programs, write at a quality of 1..100."""
    return JpegTables(_scaled(_LUMA, quality), _scaled(_CHROMA, quality), subsampling)


def ycc_from_rgb(rgb: Tensor) -> Tensor:
    """(..., 3, h, w) 0..1 to full-range JFIF Y'CbCr, every plane -0.5..0.5."""
    matrix = torch.tensor(_TO_YCC, dtype=rgb.dtype, device=rgb.device)
    ycc = torch.einsum("ij,...jhw->...ihw", matrix, rgb)
    shift = torch.tensor((0.5, 0.0, 0.0), dtype=rgb.dtype, device=rgb.device)
    return ycc - shift[:, None, None]


def rgb_from_ycc(ycc: Tensor) -> Tensor:
    """The inverse of `ycc_from_rgb`, not clipped."""
    shift = torch.tensor((0.5, 0.0, 0.0), dtype=ycc.dtype, device=ycc.device)
    matrix = torch.tensor(_TO_RGB, dtype=ycc.dtype, device=ycc.device)
    return torch.einsum("ij,...jhw->...ihw", matrix, ycc + shift[:, None, None])


def cosines() -> Tensor:
    """(8, 8) orthonormal DCT-II matrix in float64: a wave a row (T.81 A.3.3)."""
    wave = torch.arange(BLOCK, dtype=torch.float64)[:, None]
    place = torch.arange(BLOCK, dtype=torch.float64)[None]
    matrix = torch.cos((2 * place + 1) * wave * math.pi / 16) / 2
    matrix[0] /= math.sqrt(2)
    return matrix


def block_dct(plane: Tensor) -> Tensor:
    """(h, w) with sides that are multiples of 8 to (h/8, w/8, 8, 8) coefficients, row waves first."""
    matrix = cosines().to(plane)
    return matrix @ _blocks(plane) @ matrix.T


def block_idct(coefficients: Tensor) -> Tensor:
    """The inverse of `block_dct`."""
    matrix = cosines().to(coefficients)
    blocks = matrix.T @ coefficients @ matrix
    rows, columns = blocks.shape[:2]
    return blocks.permute(0, 2, 1, 3).reshape(BLOCK * rows, BLOCK * columns)


def projected(restored: Tensor, decoded: Tensor, steps: Tensor) -> Tensor:
    """Move a restored plane to the nearest one that the encoder could have turned into the decoded one.

    Planes (h, w) in levels, -128..127, corner of the picture on a corner of the grid; sides are multiples of
    8. Every coefficient of an original lies within half a step of the decoded one (the quantisation
    constraint set of Zakhor 1992), a box in an orthonormal basis: clamping is the projection, and never
    leads further from the original. The decoder has rounded to whole levels, which moves coefficients by
    0.3 levels (standard deviation): where steps are coarse the nearest multiple is the true one all the
    same; where they are fine the box is widened instead.
    """
    steps = steps.to(restored)
    known = block_dct(decoded)
    is_coarse = steps >= 2 * ROUNDING
    middle = torch.where(is_coarse, (known / steps).round() * steps, known)
    reach = steps / 2 + torch.where(is_coarse, 0.0, ROUNDING)
    wanted = block_dct(restored)
    return block_idct(torch.minimum(torch.maximum(wanted, middle - reach), middle + reach))


def band_levels(table: Tensor) -> Tensor:
    """(3,) mean logarithms of the steps of an (8, 8) table in slow, middle and fast waves: 0 (1) .. 1 (256)."""
    wave = torch.arange(BLOCK)[:, None] + torch.arange(BLOCK)[None]
    logs = table.float().clamp_min(1).log2() / LOG_UNIT
    return torch.stack([logs[(wave >= low) & (wave < high)].mean() for low, high in BANDS])


def table_numbers(tables: JpegTables) -> Tensor:
    """(8,) levels of brightness, levels of colour, halved across, halved down.

    Colour of a gray picture counts as colour that lost nothing.
    """
    numbers = torch.zeros(8)
    numbers[0:3] = band_levels(tables.luma)
    if tables.chroma is not None:
        numbers[3:6] = band_levels(tables.chroma)
        numbers[6] = float(tables.subsampling != "4:4:4")
        numbers[7] = float(tables.subsampling == "4:2:0")
    return numbers


def _scaled(table: tuple[tuple[int, ...], ...], quality: float) -> Tensor:
    """The libjpeg quality scale."""
    quality = min(max(quality, 1.0), 100.0)
    percent = math.floor(5000 / quality if quality < 50 else 200 - 2 * quality)
    return ((torch.tensor(table) * percent + 50) / 100).floor().clamp(1, 255)


def _blocks(plane: Tensor) -> Tensor:
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    return plane.reshape(rows, BLOCK, columns, BLOCK).permute(0, 2, 1, 3)
