"""Grows a brush stroke over what looks like the stroked place, up to edges: the quick-select brush."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from imgstudio.engine.superpixels import SPACING, Bytes, Doubles, Patches, patches

Booleans = npt.NDArray[np.bool_]

REACH: Final = 8.0
"""How far a stroke grows, in radii of its brush: beyond it nothing is taken however alike it is."""
_SEED: Final = 0.4
"""Share of a patch that the brush must have covered for it to be sure."""
_CHOSEN: Final = 0.5
"""Share of a patch that must be selected for it to count as selected."""
_BANDWIDTH: Final = 7.0
"""How far colours of one thing lie apart, in 8-bit Lab."""
_SAMPLES: Final = 400
"""Patches that a colour model is made of, at most."""
_ROUNDS: Final = 2
"""Cuts in a row; each knows the background better than the one before."""
_SMOOTH: Final = 3.0
"""How much a border is shunned, against what the colours say."""
_FAR: Final = 2.0
"""How much it costs to be `REACH` away from the stroke."""
_LIKELIEST: Final = 6.0
"""Most that colours may say for or against."""
_WHOLE: Final = 1000
"""Capacities are whole numbers: so many to one of the costs above."""
_SURE: Final = 100_000_000


class QuickSelect:
    """Patches of a picture and what was stroked on it.

    Minimum cut over superpixels with colour models of both sides (Lazy Snapping, Li et al. 2004), local to
    the stroke as in Paint Selection (Liu et al. 2009). Guards: strokes of one object all mean the same, to
    take in or to take away.
    """

    def __init__(
        self,
        rgb: Bytes,
        chosen: Bytes,
        reach: float,
        *,
        takes_away: bool = False,
        known: Doubles | None = None,
    ) -> None:
        """(h, w, 3) sRGB, and (h, w) what is selected so far, 0..255.

        `reach`: pixels that a stroke grows at most, see `REACH`. `known`: (k, 3) colours that were stroked
        before, as `stroked_colours` gives them.
        """
        self._patches: Patches = patches(rgb)
        self._reach = max(reach, 1.0)
        share = self._patches.share_of(chosen)
        self._settled: Booleans = (share < _CHOSEN) if takes_away else (share >= _CHOSEN)
        self._seeds: Booleans = np.zeros(len(share), np.bool_)
        self._known: Doubles = np.zeros((0, 3)) if known is None else known
        self._links = self._smoothness()

    @property
    def stroked_colours(self) -> Doubles:
        """(k, 3) of all strokes; give them to the next window."""
        return np.concatenate([self._known, self._patches.colours[self._seeds]])[-_SAMPLES:]

    def stroke(self, brush: Bytes) -> bool:
        """Add what a brush has gone over, (h, w) 0 or 255; True when that may change the result."""
        covered = self._patches.share_of(brush) >= _SEED
        middle = np.argwhere(brush)
        if not covered.any() and len(middle):  # a brush smaller than a patch
            covered[self._patches.labels[tuple(middle[len(middle) // 2])]] = True
        is_new = bool((covered & ~self._seeds).any())
        self._seeds |= covered
        return is_new

    def grown(self) -> Bytes:
        """(h, w) 0 or 255: what was stroked and all that belongs to it, to be taken in or away."""
        taken = self._cut() if self._seeds.any() else self._seeds
        return taken[self._patches.labels].astype(np.uint8) * np.uint8(255)

    def _cut(self) -> Booleans:
        """(n,) whether a patch goes with the stroke; only what hangs together with it."""
        seeds, mine = self._seeds, self._patches.colours[self._seeds]
        far = self._distance()
        near = np.where(far < 1, _FAR * far**2, 2 * _LIKELIEST)
        colours = np.concatenate([self._known, mine])
        likely = _density(self._patches.colours, colours, np.ones(len(colours)))
        others = ~seeds & ~self._settled & (likely < 0.3 * max(float(likely[seeds].mean()), 1e-9))
        taken = seeds
        for _ in range(_ROUNDS):
            if not others.any():
                others = ~seeds & ~self._settled
            weights = self._patches.sizes[others] * far[others]  # what lies far away is likelier not meant
            unlikely = _density(self._patches.colours, self._patches.colours[others], weights)
            against = np.log((unlikely + 1e-4) / (likely + 1e-4)).clip(-_LIKELIEST, _LIKELIEST)
            taken = self._joined_to_seeds(self._minimum_cut(against + near))
            others = ~taken & ~self._settled
        return taken

    def _distance(self) -> Doubles:
        """(n,) 0 on the stroke, rising to 1 where nothing is taken any more."""
        free = (~self._seeds)[self._patches.labels].astype(np.uint8)
        away = np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, 5), np.float64)
        means = np.bincount(self._patches.labels.ravel(), away.ravel()) / self._patches.sizes
        return np.minimum(means / self._reach, 1.0)

    def _smoothness(self) -> npt.NDArray[np.int64]:
        """(m,) what it costs to cut between two patches that touch."""
        pairs, colours = self._patches.pairs, self._patches.colours
        if len(pairs) == 0:
            return np.zeros(0, np.int64)
        apart = ((colours[pairs[:, 0]] - colours[pairs[:, 1]]) ** 2).sum(1)
        typical = max(2 * float(apart.mean()), 1.0)
        price = _SMOOTH * self._patches.lengths / SPACING * np.exp(-apart / typical)
        return np.asarray(price * _WHOLE, np.int64) + 1

    def _minimum_cut(self, against: Doubles) -> Booleans:
        """(n,) the side of the seeds; `against` is what the colours say against belonging to them."""
        count = len(against)
        worth = np.asarray(np.abs(against) * np.sqrt(self._patches.sizes) / SPACING * _WHOLE, np.int64)
        from_source = np.where(against < 0, worth, 0)
        to_sink = np.where(against > 0, worth, 0)
        from_source[self._seeds], to_sink[self._seeds] = _SURE, 0
        to_sink[self._settled & ~self._seeds] = 0  # what is settled neither pulls nor is pulled
        from_source[self._settled & ~self._seeds] = 0
        pairs, every = self._patches.pairs, np.arange(count)
        rows = np.concatenate([pairs[:, 0], pairs[:, 1], np.full(count, count), every])
        columns = np.concatenate([pairs[:, 1], pairs[:, 0], every, np.full(count, count + 1)])
        capacity = np.concatenate([self._links, self._links, from_source, to_sink])
        shape = (count + 2, count + 2)
        graph = csr_array(coo_array((capacity.astype(np.int32), (rows, columns)), shape=shape))
        left = graph - maximum_flow(graph, count, count + 1).flow
        left.data = np.maximum(left.data, 0)
        left.eliminate_zeros()
        reached = breadth_first_order(left, count, return_predecessors=False)
        side = np.zeros(count + 2, np.bool_)
        side[reached] = True
        return side[:count]

    def _joined_to_seeds(self, side: Booleans) -> Booleans:
        """What of a side hangs together with the seeds, also across what is settled."""
        pairs = self._patches.pairs
        there = side | self._settled
        kept = pairs[there[pairs[:, 0]] & there[pairs[:, 1]]]
        shape = (len(side), len(side))
        graph = coo_array((np.ones(len(kept), np.int8), (kept[:, 0], kept[:, 1])), shape=shape)
        _, part = connected_components(graph, directed=False)
        return np.asarray(side & np.isin(part, np.unique(part[self._seeds])), np.bool_)


def _density(places: Doubles, samples: Doubles, weights: Doubles) -> Doubles:
    """(n,) how likely colours are among samples: sum of bells round them, 0..1."""
    if len(samples) > _SAMPLES:  # evenly spread ones, so that the same strokes give the same result
        chosen = np.linspace(0, len(samples) - 1, _SAMPLES).astype(int)
        samples, weights = samples[chosen], weights[chosen]
    apart = (places**2).sum(1)[:, None] - 2 * places @ samples.T + (samples**2).sum(1)
    near = np.exp(-apart / (2 * _BANDWIDTH**2))
    return np.asarray(near @ (weights / weights.sum()), np.float64)
