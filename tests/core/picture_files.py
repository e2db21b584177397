"""Small pictures and hand-made EXIF blocks for the tests of picture files."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image


def noise(height=12, width=20, channels=4, dtype=np.uint8, seed=1):
    top = 65535 if np.dtype(dtype) == np.uint16 else 255
    return np.random.default_rng(seed).integers(0, top + 1, (height, width, channels)).astype(dtype)


def smooth(height=48, width=72):
    """Opaque RGBA that survives JPEG, different in every corner."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    rgb = np.stack([220 * x, 200 * y, 120 + 100 * (x - y)], axis=2)
    return np.dstack([np.clip(rgb, 0, 255), np.full((height, width), 255)]).astype(np.uint8)


def exif(orientation=1, *, gps=False, camera=True, size=None, note=b"secret maker note" * 3):
    tags = Image.Exif()
    tags[0x0112] = orientation
    if camera:
        tags[0x010F] = "Makerco"
        tags.get_ifd(0x8769)[0x927C] = note
    if size is not None:
        tags.get_ifd(0x8769).update({0xA002: size[0], 0xA003: size[1]})
    if gps:
        tags.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 34.5), 3: "E", 4: (11.0, 35.0, 6.25)})
    return tags.tobytes()[6:]


def with_thumbnail(block, pixels=None):
    """The block with a second directory that holds a JPEG."""
    jpeg = io.BytesIO()
    Image.fromarray(noise(120, 160, 3) if pixels is None else pixels).save(jpeg, "JPEG", quality=90)
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    at = len(block)
    data_at = at + 2 + 2 * 12 + 4
    ifd = struct.pack(order + "H", 2)
    ifd += struct.pack(order + "HHII", 0x0201, 4, 1, data_at)
    ifd += struct.pack(order + "HHII", 0x0202, 4, 1, len(jpeg.getvalue())) + bytes(4)
    out = bytearray(block + ifd + jpeg.getvalue())
    struct.pack_into(order + "I", out, first + 2 + 12 * count, at)
    return bytes(out)


def thumbnail_of(block):
    """Bytes of the JPEG in the second directory, None without one."""
    order = "<" if block[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, first)
    (second,) = struct.unpack_from(order + "I", block, first + 2 + 12 * count)
    if not second:
        return None
    (count,) = struct.unpack_from(order + "H", block, second)
    values = {}
    for i in range(count):
        tag, kind = struct.unpack_from(order + "HH", block, second + 2 + 12 * i)
        values[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), block, second + 10 + 12 * i)[0]
    return block[values[0x0201] : values[0x0201] + values[0x0202]]


def pillow_exif(block):
    tags = Image.Exif()
    tags.load(b"Exif\0\0" + block)
    return tags


XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    b' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    b' xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    b' exif:GPSLatitude="48,12.5N" photoshop:City="Minga" photoshop:Credit="me">'
    b"<exif:GPSLongitude>11,35E</exif:GPSLongitude><dc:title>A title</dc:title>"
    b"<i:LocationShown><rdf:Bag><rdf:li><i:City>Minga</i:City></rdf:li></rdf:Bag></i:LocationShown>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)

IPTC = b"\x1c\x02\x5a\x00\x05Minga\x1c\x02\x50\x00\x02me"
"""City and author."""
