"""Reads .cube look-up tables (Adobe Cube LUT Specification 1.0, 2013) and applies them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.core.errors import UserError
from imgstudio.filters.base import FloatImage

MOST_BYTES: Final = 64 << 20
MOST: Final = {"LUT_1D_SIZE": 65536, "LUT_3D_SIZE": 256}


@dataclass(frozen=True, slots=True, eq=False)
class CubeTable:
    """A 1-D (size, 3) or 3-D (blue, green, red, 3) table over a box of inputs."""

    table: npt.NDArray[np.float32]
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]


def read_cube(path: Path) -> CubeTable:
    """Raises UserError when the file is missing, too large or not a .cube table."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UserError(f"“{path.name}” is too large for a table", "", "Choose a .cube file below 64 MB")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(
            f"“{path.name}” cannot be read", error.strerror or str(error), "Choose another .cube file"
        ) from None
    return _parsed(text, path.name)


def _parsed(text: str, name: str) -> CubeTable:
    sizes: dict[str, int] = {}
    low, high = np.zeros(3, np.float32), np.ones(3, np.float32)
    rows: list[list[float]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if not words or words[0] == "TITLE":
            continue
        try:
            if words[0] in MOST:
                sizes[words[0]] = int(words[1])
            elif words[0] == "DOMAIN_MIN":
                low = np.array([float(w) for w in words[1:4]], np.float32)
            elif words[0] == "DOMAIN_MAX":
                high = np.array([float(w) for w in words[1:4]], np.float32)
            elif not words[0][0].isalpha():
                red, green, blue = (float(word) for word in words)
                rows.append([red, green, blue])
        except (ValueError, IndexError):
            raise _bad(name, f"Line {number} cannot be understood") from None
    return CubeTable(_shaped(rows, sizes, name), *_domain(low, high, name))


def _shaped(rows: list[list[float]], sizes: dict[str, int], name: str) -> npt.NDArray[np.float32]:
    if len(sizes) != 1:
        raise _bad(name, "It must give one of LUT_1D_SIZE and LUT_3D_SIZE")
    ((kind, size),) = sizes.items()
    if not 2 <= size <= MOST[kind]:
        raise _bad(name, f"{kind} {size} is not possible")
    expected = size if kind == "LUT_1D_SIZE" else size**3
    if len(rows) != expected:
        raise _bad(name, f"It has {len(rows)} entries instead of {expected}")
    table = np.array(rows, np.float32)
    if not np.isfinite(table).all():
        raise _bad(name, "It contains values that are not numbers")
    return table if kind == "LUT_1D_SIZE" else table.reshape(size, size, size, 3)


def _domain(
    low: npt.NDArray[np.float32], high: npt.NDArray[np.float32], name: str
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    if low.shape != (3,) or high.shape != (3,) or not (high > low).all():
        raise _bad(name, "Its domain is empty")
    return low, high


def _bad(name: str, why: str) -> UserError:
    return UserError(f"“{name}” is not a usable .cube table", why, "Choose another .cube file")


def apply_cube(rgb: FloatImage, cube: CubeTable) -> FloatImage:
    """Send (height, width, 3) through the table, tetrahedrally in 3-D as video tools do."""
    unit = np.clip((rgb - cube.low) / (cube.high - cube.low), 0, 1)
    if cube.table.ndim == 2:
        grid = np.linspace(0, 1, len(cube.table))
        planes = [np.interp(unit[..., c], grid, cube.table[:, c]) for c in range(3)]
        return np.stack(planes, axis=-1).astype(np.float32)
    return _tetrahedral(unit, cube.table)


def _tetrahedral(unit: FloatImage, table: npt.NDArray[np.float32]) -> FloatImage:
    """Walk from the cell's low corner to its high one along the axes, largest fraction first."""
    size = table.shape[0]
    scaled = unit.reshape(-1, 3) * (size - 1)
    cell = np.minimum(scaled.astype(np.int32), size - 2)
    fraction = scaled - cell
    order = np.argsort(-fraction, axis=1)
    sorted_fraction = np.take_along_axis(fraction, order, axis=1)
    step = np.array([1, size, size * size], np.int64)  # red varies fastest in the file
    index = cell @ step
    flat = table.reshape(-1, 3)
    out = flat[index] * (1 - sorted_fraction[:, :1])
    for k in range(3):
        index = index + step[order[:, k]]
        after = sorted_fraction[:, k + 1] if k < 2 else np.zeros(len(index), np.float32)
        out += flat[index] * (sorted_fraction[:, k] - after)[:, None]
    return np.asarray(out.reshape(unit.shape), np.float32)
