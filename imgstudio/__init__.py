"""imgstudio: a desktop image editor with neural filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgstudio.core.version import __version__

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["__version__", "run_filter"]


def run_filter(
    filter_id: str,
    pixels: npt.NDArray[np.float32],
    *,
    mask: npt.NDArray[np.float32] | None = None,
    seed: int = 0,
    device: str = "auto",
    **params: Any,
) -> npt.NDArray[np.float32]:
    """Run a filter on (height, width, 3) float32 pixels in 0..1 and return such pixels.

    `mask` is (height, width) coverage in 0..1; `strength` and `detail` may be among the parameters. Where the
    mask is 0 the pixels come back as they were. `harmonize` takes the object's mask, changes a little beyond its edge,
    and has `background`, a file or pixels without the object. Raises imgstudio.core.errors.UserError on bad input.
    """
    from imgstudio.filters import direct

    return direct.run_filter(filter_id, pixels, mask=mask, seed=seed, device=device, params=params)
