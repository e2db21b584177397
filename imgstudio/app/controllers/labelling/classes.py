"""Edits of a project's classes; a value never comes to mean something else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from imgstudio.app.i18n import tr
from imgstudio.core.errors import UserError
from imgstudio.core.labels import UNSEEN, LabelClass, class_colour

Classes: TypeAlias = tuple[LabelClass, ...]
KEYS: Final = "123456789"
"""What a class may be selected with; "0" is background."""


def with_another(classes: Classes, name: str = "") -> Classes:
    """One more class, with a value, a colour and, if one is left, a key of its own. Raises UserError."""
    value = max((known.value for known in classes), default=0) + 1
    if value >= UNSEEN:
        free = set(range(1, UNSEEN)) - {known.value for known in classes}
        if not free:
            raise UserError(tr("There are 254 classes already"), tr("A mask holds no more."), "")
        value = min(free)
    taken = {known.key for known in classes}
    key = next((key for key in KEYS if key not in taken), "")
    return (*classes, LabelClass(value, name or free_name(classes), class_colour(value), key))


def free_name(classes: Classes) -> str:
    taken = {known.name for known in classes}
    number = len(classes) + 1
    while (name := tr("Class {n}").format(n=number)) in taken:
        number += 1
    return name


def changed(classes: Classes, value: int, **values: object) -> Classes:
    """Another name or colour for the class `value`. Raises UserError for a name that is taken."""
    name = values.get("name")
    if any(known.name == name and known.value != value for known in classes):
        raise UserError(
            tr("There is a class “{name}” already").format(name=name), "", tr("Choose another name.")
        )
    return tuple(replace(known, **values) if known.value == value else known for known in classes)  # type: ignore[arg-type]


def with_key(classes: Classes, value: int, key: str) -> Classes:
    """Give a class a key; the class that had it gets the one that becomes free."""
    before = next(known.key for known in classes if known.value == value)
    given: Iterable[LabelClass] = (
        replace(known, key=key)
        if known.value == value
        else replace(known, key=before)
        if key and known.key == key
        else known
        for known in classes
    )
    return tuple(given)


def without(classes: Classes, value: int) -> Classes:
    return tuple(known for known in classes if known.value != value)
