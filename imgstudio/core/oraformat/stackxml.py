"""stack.xml, the layer tree that every OpenRaster program reads (specification 0.0.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

from imgstudio.core.imageformats.guard import Damaged
from imgstudio.core.layers import BlendMode

VERSION: Final = "0.0.5"
ATOP: Final = "svg:src-atop"
OPERATORS: Final[dict[BlendMode, str]] = {
    "normal": "svg:src-over",
    "multiply": "svg:multiply",
    "screen": "svg:screen",
    "overlay": "svg:overlay",
    "darken": "svg:darken",
    "lighten": "svg:lighten",
    "color-dodge": "svg:color-dodge",
    "color-burn": "svg:color-burn",
    "hard-light": "svg:hard-light",
    "soft-light": "svg:soft-light",
    "difference": "svg:difference",
    "plus": "svg:plus",
    "hue": "svg:hue",
    "saturation": "svg:saturation",
    "color": "svg:color",
    "luminosity": "svg:luminosity",
    "color-lab": "svg:color",  # the nearest that other programs have; the state has its own name
}
MODES: Final[dict[str, BlendMode]] = {operator: mode for mode, operator in OPERATORS.items()} | {
    ATOP: "normal",
    "svg:color": "color",
    "svg:add": "plus",
    "krita:add": "plus",
}
_DEEPEST: Final = 64
_FARTHEST: Final = 1 << 24


@dataclass(slots=True)
class Node:
    """A layer or, with children, a nested stack."""

    name: str = ""
    source: str = ""
    x: int = 0
    y: int = 0
    opacity: float = 1.0
    visible: bool = True
    operator: str = "svg:src-over"
    locked: bool = False
    selected: bool = False
    children: list[Node] | None = None
    """Bottom first (the file has them top first); None for a layer."""


@dataclass(slots=True)
class Stack:
    """The whole picture."""

    width: int
    height: int
    dpi: tuple[float, float] | None = None
    children: list[Node] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    """Kinds of elements that were passed over when reading."""


def written(stack: Stack) -> bytes:
    image = ET.Element("image", version=VERSION, w=str(stack.width), h=str(stack.height))
    if stack.dpi is not None:
        # The format wants whole numbers; the exact ones are in our own state.
        image.set("xres", str(max(1, round(stack.dpi[0]))))
        image.set("yres", str(max(1, round(stack.dpi[1]))))
    root = ET.SubElement(image, "stack")
    for node in reversed(stack.children):
        _append(root, node)
    ET.indent(image)
    return bytes(ET.tostring(image, encoding="utf-8", xml_declaration=True))


def parsed(data: bytes) -> Stack:
    """Read a stack.xml of any program; raises Damaged."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Damaged("stack.xml defines entities")
    try:
        image = ET.fromstring(data)
        stack = Stack(int(image.get("w", "")), int(image.get("h", "")))
    except (ET.ParseError, ValueError) as error:
        raise Damaged(f"stack.xml: {error}") from error
    across, down = _number(image.get("xres"), 0.0), _number(image.get("yres"), 0.0)
    stack.dpi = (across, down) if across > 0 and down > 0 else None
    root = image.find("stack")
    if root is None:
        raise Damaged("stack.xml has no stack")
    stack.children = _children(root, stack.ignored, 0)
    return stack


def _append(parent: ET.Element, node: Node) -> None:
    element = ET.SubElement(parent, "layer" if node.children is None else "stack")
    element.set("name", _printable(node.name))
    if node.children is None:
        element.set("src", node.source)
        element.set("x", str(node.x))
        element.set("y", str(node.y))
    else:
        element.set("isolation", "isolate")
    element.set("opacity", format(node.opacity, ".6g"))
    element.set("visibility", "visible" if node.visible else "hidden")
    element.set("composite-op", node.operator)
    if node.locked:
        element.set("edit-locked", "true")
    if node.selected:
        element.set("selected", "true")
    for child in reversed(node.children or ()):
        _append(element, child)


def _printable(name: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    kept = (
        c
        for c in name
        if c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
    )
    return "".join(kept)


def _children(parent: ET.Element, ignored: list[str], depth: int) -> list[Node]:
    nodes: list[Node] = []
    for element in parent:
        if element.tag == "layer" or (element.tag == "stack" and depth < _DEEPEST):
            nodes.append(_node(element, ignored, depth))
        else:
            ignored.append(str(element.tag))
    return nodes[::-1]


def _node(element: ET.Element, ignored: list[str], depth: int) -> Node:
    is_group = element.tag == "stack"
    return Node(
        name=element.get("name", ""),
        source=element.get("src", ""),
        x=_offset(element.get("x")),
        y=_offset(element.get("y")),
        opacity=min(max(_number(element.get("opacity"), 1.0), 0.0), 1.0),
        visible=element.get("visibility", "visible") != "hidden",
        operator=element.get("composite-op", "svg:src-over"),
        locked=element.get("edit-locked") == "true",
        selected=element.get("selected") == "true",
        children=_children(element, ignored, depth + 1) if is_group else None,
    )


def _number(text: str | None, default: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        return default
    return value if math.isfinite(value) else default


def _offset(text: str | None) -> int:
    return round(min(max(_number(text, 0.0), -_FARTHEST), _FARTHEST))
