"""Plug-ins: a good one adds a filter, a broken one never stops the program."""

from dataclasses import dataclass, replace

from imgstudio.filters.base import Filter, NoParams
from imgstudio.filters.registry import load_filters

GOOD = Filter("plug.good", "Good", "Other", "Good.", NoParams, lambda image, params, progress: image.pixels)


@dataclass
class Point:
    """Stands for an installed package's entry point."""

    name: str
    value: object

    def load(self):
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


def test_a_plug_in_adds_its_filters():
    registry = load_filters([Point("good", [GOOD, replace(GOOD, id="plug.two")])])
    assert "plug.good" in registry
    assert "plug.two" in registry
    assert not registry.disabled


def test_broken_plug_ins_are_set_aside_with_their_reason():
    points = [
        Point("explodes", RuntimeError("boom")),
        Point("no filter", object()),
        Point("too new", replace(GOOD, api=99)),
        Point("takes a name", replace(GOOD, id="levels")),
    ]
    registry = load_filters(points)
    assert [item.name for item in registry.disabled] == ["explodes", "no filter", "too new", "takes a name"]
    assert "boom" in registry.disabled[0].reason
    assert "levels" in registry
