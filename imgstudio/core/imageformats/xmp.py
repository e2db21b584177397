"""XMP packets (ISO 16684-1), patched as text so that foreign properties and prefixes stay byte for byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, unescape

IPTC_EXT: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
IMGSTUDIO: Final = "https://imgstudio.org/ns/1.0/"
TIFF: Final = "http://ns.adobe.com/tiff/1.0/"
SOURCE_TYPES: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_AI_RANK: Final = {
    "algorithmicallyEnhanced": 1,
    "compositeSynthetic": 2,
    "compositeWithTrainedAlgorithmicMedia": 3,
    "trainedAlgorithmicMedia": 4,
}
_PLACES: Final = frozenset(
    "City State Country CountryCode CountryName Location LocationCreated LocationShown ProvinceState Sublocation "
    "WorldRegion Latitude Longitude LocationName RegionName".lower().split()
)
_EMPTY: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
)
_NAME: Final = r"[A-Za-z_][\w.\-]*"


def _text(packet: bytes) -> str:
    if packet[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return packet.decode("utf-16", "replace")
    return packet.decode("utf-8", "surrogateescape")


def _packet(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def is_sane(packet: bytes) -> bool:
    """Whether it is well-formed XML; packets that define entities are not (they can explode)."""
    if b"<!ENTITY" in packet:
        return False
    body = re.search(r"<(?!\?).*>", re.sub(r"<\?xpacket.*?\?>", "", _text(packet), flags=re.S), re.S)
    try:
        return body is not None and ET.fromstring(body.group()) is not None
    except (ET.ParseError, ValueError):
        return False


def _prefixes(text: str, uri: str) -> list[str]:
    found = re.findall(rf"xmlns:({_NAME})\s*=\s*[\"']{re.escape(uri)}[\"']", text)
    return list(dict.fromkeys(found))


def value_of(packet: bytes | None, uri: str, name: str) -> str | None:
    """Simple value of a property written as attribute, element or rdf:resource."""
    text = _text(packet) if packet is not None else ""
    for prefix in _prefixes(text, uri):
        tag = re.escape(f"{prefix}:{name}")
        found = (
            re.search(rf"\s{tag}\s*=\s*\"([^\"]*)\"", text)
            or re.search(rf"\s{tag}\s*=\s*'([^']*)'", text)
            or re.search(rf"<{tag}\s[^>]*?resource\s*=\s*[\"']([^\"']*)[\"']", text)
            or re.search(rf"<{tag}(?:\s[^>]*)?>([^<]*)</{tag}\s*>", text)
        )
        if found:
            return unescape(found.group(1), {"&quot;": '"', "&apos;": "'", "&#10;": "\n"}).strip()
    return None


def _without(text: str, unwanted: Callable[[str, str], bool]) -> str:
    """Take out each attribute and element whose (prefix, local name) is unwanted."""

    def judge(match: re.Match[str]) -> str:
        return "" if unwanted(match.group(1), match.group(2)) else match.group()

    text = re.sub(rf"\s({_NAME}):({_NAME})\s*=\s*(?:\"[^\"]*\"|'[^']*')", judge, text)
    position, out = 0, []
    for match in re.finditer(rf"<({_NAME}):({_NAME})(?:\s[^<>]*?)?(/?)>", text):
        if match.start() < position or not unwanted(match.group(1), match.group(2)):
            continue
        end = match.end() if match.group(3) else _element_end(text, match)
        out.append(text[position : match.start()])
        position = end
    return "".join(out) + text[position:]


def _element_end(text: str, start: re.Match[str]) -> int:
    """Where the element ends, counting elements of the same name inside it."""
    tag = re.escape(f"{start.group(1)}:{start.group(2)}")
    depth = 1
    for match in re.compile(rf"<(/?){tag}(?:\s[^<>]*?)?(/?)>").finditer(text, start.end()):
        depth += -1 if match.group(1) else (0 if match.group(2) else 1)
        if depth == 0:
            return match.end()
    return start.end()


def with_value(packet: bytes | None, uri: str, prefix: str, name: str, value: str) -> bytes:
    """Set a simple property, replacing any older value; starts a new packet where there is none."""
    text = _text(packet) if packet is not None and is_sane(packet) else _EMPTY
    known = _prefixes(text, uri)
    text = _without(text, lambda p, n: p in known and n == name)
    end = re.search(r"</([\w.\-]+):RDF\s*>", text) or re.search(r"<([\w.\-]+):RDF(\s[^<>]*?)?/>", text)
    if end is None:
        text = _EMPTY
        end = re.search(r"</(rdf):RDF\s*>", text)
    assert end is not None
    rdf = end.group(1)
    added = (
        f'<{rdf}:Description {rdf}:about="" xmlns:{prefix}="{uri}">'
        f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}></{rdf}:Description>"
    )
    if end.group().endswith("/>"):
        opening = end.group()[:-2].rstrip() + ">"
        return _packet(text[: end.start()] + opening + added + f"</{rdf}:RDF>" + text[end.end() :])
    return _packet(text[: end.start()] + added + text[end.start() :])


def digital_source_type(packet: bytes | None) -> str | None:
    """URI of `Iptc4xmpExt:DigitalSourceType` (IPTC NewsCodes), if any."""
    return value_of(packet, IPTC_EXT, "DigitalSourceType")


def is_ai(uri: str | None) -> bool:
    """Whether the source type says that a trained model made or changed the picture."""
    return uri is not None and _AI_RANK.get(uri.rstrip("/").rsplit("/", 1)[-1], 0) >= 2


def with_digital_source_type(packet: bytes | None, uri: str) -> bytes:
    """Set the source type; an AI flag that is there already is never lowered."""

    def rank(value: str) -> int:
        return _AI_RANK.get(value.rstrip("/").rsplit("/", 1)[-1], 0)

    present = digital_source_type(packet)
    if packet is not None and present is not None and rank(present) > rank(uri):
        return packet
    return with_value(packet, IPTC_EXT, "Iptc4xmpExt", "DigitalSourceType", uri)


def with_recipe(packet: bytes | None, recipe: str) -> bytes:
    """Store recipe JSON as `imgstudio:Recipe`."""
    return with_value(packet, IMGSTUDIO, "imgstudio", "Recipe", recipe)


def recipe_of(packet: bytes | None) -> str | None:
    return value_of(packet, IMGSTUDIO, "Recipe")


def upright(packet: bytes) -> bytes:
    """`tiff:Orientation` taken out: the pixels stand upright now."""
    text = _text(packet)
    known = _prefixes(text, TIFF)
    changed = _without(text, lambda p, n: p in known and n == "Orientation")
    return packet if changed == text else _packet(changed)


def for_new_pixels(packet: bytes) -> bytes:
    """Without what speaks of the old file only: thumbnails, gain map and its container directory."""
    text = _text(packet)
    gone = _prefixes(text, "http://ns.adobe.com/hdr-gain-map/1.0/")
    gone += _prefixes(text, "http://ns.google.com/photos/1.0/container/")
    changed = _without(text, lambda p, n: p in gone or (p == "xmp" and n == "Thumbnails"))
    return packet if changed == text else _packet(changed)


def shortened(packet: bytes, limit: int) -> bytes | None:
    """At most `limit` bytes: without padding, else without the recipe, else only the source type, else None."""
    source_type = digital_source_type(packet)
    shorter = _packet(re.sub(r"\s{64,}(?=<\?xpacket end)", "\n", _text(packet)))
    recipes = _prefixes(_text(packet), IMGSTUDIO)
    tries = (
        packet,
        shorter,
        _packet(_without(_text(shorter), lambda p, n: p in recipes and n == "Recipe")),
        with_digital_source_type(None, source_type) if source_type is not None else None,
    )
    return next((kept for kept in tries if kept is not None and len(kept) <= limit), None)


def has_gain_map(packet: bytes | None) -> bool:
    return packet is not None and b"hdrgm:Version" in packet


def has_content_credentials(packet: bytes | None) -> bool:
    return packet is not None and (b"c2pa" in packet or b"contentauthenticity" in packet.lower())


def has_location(packet: bytes | None) -> bool:
    return packet is not None and without_location(packet) != packet


def without_location(packet: bytes) -> bytes | None:
    """Without GPS and place-name properties; None when the packet cannot be trusted to be clean."""

    def names_a_place(prefix: str, name: str) -> bool:
        low = name.lower()
        return prefix != "xmlns" and (low.startswith("gps") or low in _PLACES)

    if not is_sane(packet):
        return None
    text = _text(packet)
    changed = _without(text, names_a_place)
    if changed == text:
        return packet
    return _packet(changed) if is_sane(_packet(changed)) else None
