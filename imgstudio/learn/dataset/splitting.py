"""The split of a checked folder: its own, or one by scenes, with a sentence on how it came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from imgstudio.learn.dataset import findings, likeness
from imgstudio.learn.dataset.grouping import Scenes, merged, scenes_of, stretches
from imgstudio.learn.dataset.pictures import PictureFacts
from imgstudio.learn.dataset.report import Finding, Sample, Side, Split
from imgstudio.learn.dataset.split import group_split, one_sided, valid_share

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GivenSplit:
    """A split that the folder brings."""

    sides: tuple[Side | None, ...] = ()
    """Of each sample; empty: the folder brings none."""
    told_by: str = ""


@dataclass(frozen=True, slots=True)
class SplitSamples:
    """Samples with their groups, the split, and what there is to say about it."""

    samples: tuple[Sample, ...]
    split: Split
    findings: tuple[Finding, ...]


def split_samples(
    samples: Sequence[Sample],
    facts: Sequence[PictureFacts],
    given: GivenSplit,
    contents: Doubles | None = None,
    names: Sequence[str] = (),
) -> SplitSamples:
    """Group samples by scene and split them, about a fifth for validation.

    `samples` (two or more) carry the folder of their scene in `group`; `contents` (samples, classes) counts the
    pixels of the classes `names`. A split that the folder brings is taken as it is.
    """
    same, near = likeness.same_files(facts), likeness.near_pairs(facts)
    equal = [(group[0], other) for group in same for other in group[1:]]
    scenes = scenes_of([s.image for s in samples], [s.group for s in samples], facts)
    groups = merged(scenes.groups, equal if scenes.is_film else [*equal, *near])
    told = findings.doubled(
        facts,
        same,
        () if scenes.is_film else likeness.groups_of(len(facts), near),
        stay_together=not given.sides and len(set(groups)) > 1,
    )
    if given.sides:
        split = _given(given, len(samples))
        told += findings.leaks([*equal, *near], split.train, split.valid, facts)
        told += _shared_scenes(split, groups) if scenes.is_film else []
    else:
        groups, split = _by_scenes(samples, replace(scenes, groups=groups), equal, contents)
        told += findings.uneven(valid_share(split))
        if len(set(groups)) == len(groups):
            told += findings.leaks([*equal, *near], split.train, split.valid, facts)
    if contents is not None:
        told += one_sided(split, contents, names, groups)
    named = tuple(replace(sample, group=group) for sample, group in zip(samples, groups, strict=True))
    return SplitSamples(named, split, tuple(told))


def _by_scenes(
    samples: Sequence[Sample], scenes: Scenes, equal: Sequence[tuple[int, int]], contents: Doubles | None
) -> tuple[tuple[str, ...], Split]:
    """Groups and split; a film that its scenes divide badly is cut into stretches."""
    groups, by = scenes.groups, scenes.by
    images = [sample.image for sample in samples]
    wanted = _wanted(contents, scenes.strata)
    split = group_split(groups, wanted)
    if scenes.is_film and not 0.1 <= valid_share(split) <= 0.35:
        groups = merged(stretches(groups, images), equal)
        split = group_split(groups, wanted)
        by = by if "stretches" in by else f"{by}, cut into stretches"
    if not split.valid:  # all alike: a flattering judge is better than none
        groups = tuple(f"{image.parent.name}/{image.name}" for image in images)
        split, by = group_split(groups, wanted), "Picture by picture, since all look alike"
    return groups, replace(split, by=_sentence(by, split, groups))


def _given(given: GivenSplit, count: int) -> Split:
    valid = tuple(n for n in range(count) if given.sides[n] == "valid")
    train = tuple(n for n in range(count) if given.sides[n] != "valid")
    share = len(valid) / count
    return Split(
        train,
        valid,
        f"As the folder brings it, by {given.told_by}: {len(valid)} of {count} pictures ({share:.0%}) judge.",
    )


def _shared_scenes(split: Split, groups: Sequence[str]) -> list[Finding]:
    """A note on scenes that a given split puts on both sides."""
    shared = sorted({groups[n] for n in split.train} & {groups[n] for n in split.valid})
    inside = sum(groups[n] in shared for n in split.valid)
    if not shared:
        return []
    return [
        Finding(
            "note",
            f"{inside} of {len(split.valid)} validation pictures come from scenes that are also trained on"
            f" ({', '.join(shared[:5])}); on new scenes the scores will be lower.",
            "Keep one scene apart for a harder test.",
        )
    ]


def _wanted(contents: Doubles | None, strata: Sequence[str]) -> Doubles | None:
    """Columns of which both sides should hold some: classes and kinds of pictures."""
    columns = [] if contents is None else [contents]
    if strata:
        kinds = list(dict.fromkeys(strata))
        columns.append(np.array([[stratum == kind for kind in kinds] for stratum in strata], np.float64))
    return np.concatenate(columns, 1) if columns else None


def _sentence(by: str, split: Split, groups: Sequence[str]) -> str:
    count = len(groups)
    names = {groups[n] for n in split.valid}
    share = f"{len(split.valid)} of {count} pictures ({len(split.valid) / count:.0%}) judge"
    if "icture by" in by:
        return f"{by}{', copies kept together' if len(names) < len(split.valid) else ''}: {share}."
    few = f" ({', '.join(sorted(names))})" if len(names) <= 4 else ""
    return f"{by}: {len(names)} of {len(set(groups))} groups{few} and so {share}."
