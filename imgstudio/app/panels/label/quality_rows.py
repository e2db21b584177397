"""What the quality panel says, from what is known: bars, rows and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imgstudio.app.controllers.labelling.quality_jobs import PictureLook, Sides
from imgstudio.app.i18n import tr
from imgstudio.app.panels.label.picture_list import percent
from imgstudio.app.panels.label.quality_bars import Bar
from imgstudio.app.panels.label.quality_list import MOST, Row
from imgstudio.core.labelling.comparing import Comparison
from imgstudio.core.labelling.statistics import Shares
from imgstudio.core.labels import BACKGROUND, LabelClass, class_colour


@dataclass(frozen=True, slots=True)
class Place:
    """A picture, "" for the one in hand, and a pixel of it."""

    name: str
    at: tuple[int, int] | None = None


def all_classes(classes: Iterable[LabelClass]) -> list[LabelClass]:
    """The classes, and what belongs to none."""
    return [LabelClass(BACKGROUND, tr("Background"), class_colour(BACKGROUND), "0"), *classes]


def class_bars(shares: Shares | None, classes: Iterable[LabelClass]) -> list[Bar]:
    """Share of each class of what is labelled."""
    if shares is None:
        return []
    bars = []
    for known in all_classes(classes):
        share, pixels = shares.share(known.value), shares.pixels.get(known.value, 0)
        tip = tr("{name}: {pixels} pixels").format(name=known.name, pixels=f"{pixels:,}")
        bars.append(Bar(known.name, known.colour, share, percent(share) if pixels else "–", tip))  # noqa: RUF001
    return bars


def told_shares(shares: Shares | None, pictures: int | None) -> str:
    """`pictures`: how many the shares are of; None for the one in hand."""
    if shares is None:
        return tr("Look at the labels to see the shares of the classes.") if pictures is not None else ""
    if not shares.total:
        return tr("Nothing is labelled yet.")
    text = tr("{share} of the pixels are not labelled.").format(share=percent(shares.unlabelled))
    return text if pictures is None else tr("{count} labelled pictures.").format(count=pictures) + " " + text


def island_rows(looks: Mapping[str, PictureLook], classes: Iterable[LabelClass]) -> list[Row]:
    """The smallest first; with the name of the picture where there are several."""
    known = {item.value: item for item in all_classes(classes)}
    found = [(island, name) for name, look in looks.items() for island in look.islands]
    found.sort(key=lambda item: item[0].area)
    rows = []
    for island, name in found[: MOST + 1]:
        owner = known.get(island.value)
        title = tr("Value {value}").format(value=island.value) if owner is None else owner.name
        colour = class_colour(island.value) if owner is None else owner.colour
        text = f"{title}  ·  {name}" if name else title
        rows.append(Row(text, f"{island.area} px", Place(name, (island.x, island.y)), colour))
    return rows


def told_islands(looks: Mapping[str, PictureLook]) -> str:
    count = sum(look.island_count for look in looks.values())
    pictures = sum(look.island_count > 0 for look in looks.values())
    if not count:
        return tr("There are no islands.")
    if len(looks) == 1 and "" in looks:
        return tr("{count} islands; a click goes there.").format(count=f"{count:,}")
    return tr("{count} islands in {pictures} pictures; a click goes there.").format(
        count=f"{count:,}", pictures=pictures
    )


def difference_rows(looks: Mapping[str, PictureLook]) -> list[Row]:
    """Pictures on which the model says otherwise, the one that differs most first."""
    told = [(look.difference, name) for name, look in looks.items() if look.difference]
    told.sort(key=lambda item: -(item[0] or 0.0))
    return [Row(name, percent(share or 0.0), Place(name)) for share, name in told]


def double_rows(groups: Sequence[Sequence[str]]) -> list[Row]:
    """A row for each picture; the first of a group says how many there are."""
    return [
        Row(name if not place else f"    {name}", str(len(group)) if not place else "", Place(name))
        for group in groups
        for place, name in enumerate(group)
    ]


def side_rows(sides: Sides | None) -> list[Row]:
    """The pictures that only judge."""
    return [] if sides is None else [Row(name, "", Place(name)) for name in sides.judging]


def told_sides(sides: Sides | None) -> str:
    if sides is None:
        return tr("Pictures of one scene stand on one side: else a network would be asked what it was told.")
    said = tr("{learning} learn, {judging} judge. {by}")
    return said.format(learning=sides.learning, judging=len(sides.judging), by=sides.by).strip()


def iou_bars(comparison: Comparison | None, classes: Iterable[LabelClass]) -> list[Bar]:
    if comparison is None:
        return []
    bars = []
    for known in all_classes(classes):
        iou = comparison.whole.iou.get(known.value)
        if iou is not None:
            tip = tr("{name}: IoU {iou:.4f}").format(name=known.name, iou=iou)
            bars.append(Bar(known.name, known.colour, iou, f"{iou:.3f}", tip))
    return bars


def told_comparison(comparison: Comparison | None, other: Path | None) -> str:
    if comparison is None:
        return tr("IoU of each class with another project, or with any folder of labels.")
    name = "" if other is None else other.name
    if not comparison.pictures:
        return tr("“{name}” labels none of these pictures.").format(name=name)
    text = tr("IoU with “{name}” in {count} pictures, mean {mean:.3f}.")
    told = text.format(name=name, count=len(comparison.pictures), mean=comparison.whole.mean_iou or 0.0)
    if comparison.problems:
        told += " " + tr("{count} things could not be compared.").format(count=len(comparison.problems))
    return told


def comparison_rows(comparison: Comparison | None) -> list[Row]:
    """Pictures, the one that differs most first."""
    if comparison is None:
        return []
    return [
        Row(name, percent(told.share), Place(name)) for name, told in comparison.pictures if told.differing
    ]
