"""Choose which groups of pictures only judge, so that they are about a fifth and hold every class."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from imgstudio.learn.dataset.findings import quoted
from imgstudio.learn.dataset.report import Finding, Split

Doubles = npt.NDArray[np.float64]
SHARE: Final = 0.2
"""Of all pictures that validate."""
_FEW_GROUPS: Final = 10
"""Up to this many every choice is tried."""
_ORDERS: Final = 200


def group_split(
    groups: Sequence[str], contents: Doubles | None = None, *, share: float = SHARE, seed: int = 0
) -> Split:
    """Split samples by their group names; `by` is left empty.

    `contents` (samples, kinds) tells how much of each class or kind a sample holds: of the choices near `share`
    the one wins that leaves every class in training, has as many as possible in validation, and whose classes
    are distributed alike. A single group cannot be split: everything trains then.
    """
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    owner = np.array([names[name] for name in groups], np.intp)
    if len(names) < 2:
        return Split(tuple(range(len(groups))), ())
    sizes = np.bincount(owner).astype(np.float64)
    amounts = np.zeros((len(names), 0 if contents is None else contents.shape[1]))
    if contents is not None:
        np.add.at(amounts, owner, contents)
    chosen = _best(sizes, amounts, share, seed)
    is_valid = chosen[owner]
    return Split(tuple(np.flatnonzero(~is_valid).tolist()), tuple(np.flatnonzero(is_valid).tolist()))


def valid_share(split: Split) -> float:
    return len(split.valid) / max(1, len(split.valid) + len(split.train))


def one_sided(
    split: Split, contents: Doubles, names: Sequence[str], groups: Sequence[str]
) -> tuple[Finding, ...]:
    """Warnings about classes that only one side has."""
    train, valid = contents[list(split.train)].sum(0), contents[list(split.valid)].sum(0)
    out: list[Finding] = []
    unjudged = np.flatnonzero((train > 0) & (valid == 0)).tolist() if split.valid else []
    unlearned = np.flatnonzero((train == 0) & (valid > 0)).tolist()
    if unjudged:
        alone = all(
            len({groups[n] for n in np.flatnonzero(contents[:, place]).tolist()}) == 1 for place in unjudged
        )
        out.append(
            Finding(
                "warning",
                f"{quoted([names[n] for n in unjudged])} {'does' if len(unjudged) == 1 else 'do'} not occur in the"
                f" validation pictures{', being in one group of pictures only' if alone else ''};"
                " how well that is learned cannot be told.",
                "Add pictures with it from another scene.",
            )
        )
    if unlearned:
        out.append(
            Finding(
                "warning",
                f"{quoted([names[n] for n in unlearned])} {'occurs' if len(unlearned) == 1 else 'occur'} only in the"
                " validation pictures and cannot be learned.",
                "Add training pictures with it, or change the split.",
            )
        )
    return tuple(out)


def _best(sizes: Doubles, amounts: Doubles, share: float, seed: int) -> npt.NDArray[np.bool_]:
    candidates = _all_choices(len(sizes)) if len(sizes) <= _FEW_GROUPS else _drawn(sizes, share, seed)
    costs = np.array([_cost(choice, sizes, amounts, share) for choice in candidates])
    return candidates[int(costs.argmin())]


def _all_choices(count: int) -> list[npt.NDArray[np.bool_]]:
    choices = itertools.product((False, True), repeat=count)
    return [np.array(choice) for choice in choices if 0 < sum(choice) < count]


def _drawn(sizes: Doubles, share: float, seed: int) -> list[npt.NDArray[np.bool_]]:
    """Random orders of the groups, each cut where it comes nearest to the share."""
    random = np.random.default_rng(seed)
    out: list[npt.NDArray[np.bool_]] = []
    for _ in range(_ORDERS):
        order = random.permutation(len(sizes))
        sums = np.cumsum(sizes[order])[:-1] / sizes.sum()
        choice = np.zeros(len(sizes), np.bool_)
        choice[order[: int(np.abs(sums - share).argmin()) + 1]] = True
        out.append(choice)
    return out


def _cost(choice: npt.NDArray[np.bool_], sizes: Doubles, amounts: Doubles, share: float) -> float:
    got = float(sizes[choice].sum() / sizes.sum())
    cost = abs(got - share) * 3 + max(0.0, got - 0.5) * 5
    total = amounts.sum(0)
    present = total > 0
    if not present.any():
        return cost
    valid = amounts[choice].sum(0)[present] / total[present]
    # a class that cannot be learned is worse than one that cannot be judged
    cost += 5 * float((valid >= 1).mean()) + float((valid <= 0).mean())
    return cost + 0.5 * float(np.abs(valid - got).mean())
