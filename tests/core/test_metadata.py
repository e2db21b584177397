"""EXIF, XMP, IPTC and ICC are patched without touching what is next to the patch."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from imgstudio.core.imageformats import exif, icc, iptc, xmp
from tests.core.picture_files import IPTC, XMP, pillow_exif, thumbnail_of, with_thumbnail
from tests.core.picture_files import exif as exif_block

AI = xmp.SOURCE_TYPES + "trainedAlgorithmicMedia"
COMPOSITE = xmp.SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"


def differing_bytes(one, other):
    return sum(a != b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("raw", [0, 9, 65535])
def test_an_orientation_out_of_range_means_upright(raw):
    assert exif.orientation(exif_block(raw)) == 1


def test_turning_upright_changes_no_byte_but_the_orientation():
    block = exif_block(6, gps=True)
    assert exif.orientation(exif.upright(block)) == 1
    assert differing_bytes(block, exif.upright(block)) == 1


def test_size_tags_follow_the_picture():
    tags = pillow_exif(exif.upright(exif_block(size=(10, 20)), 70000, 300)).get_ifd(0x8769)
    assert (tags[0xA002], tags[0xA003]) == (70000, 300)


def test_without_location_no_coordinate_is_left_and_the_maker_note_is():
    block = exif_block(gps=True)
    clean = exif.without_location(block)
    tags = pillow_exif(clean)
    assert len(clean) == len(block)
    assert not tags.get_ifd(0x8825)
    assert 0x8825 not in tags
    assert tags.get_ifd(0x8769)[0x927C] == b"secret maker note" * 3
    assert tags[0x010F] == "Makerco"
    assert exif.has_location(block)
    assert not exif.has_location(clean)


@pytest.mark.parametrize("tail", [b"", b"more"])
@pytest.mark.parametrize("new", [b"\xff\xd8short\xff\xd9", b"\xff\xd8" + b"long" * 9000 + b"\xff\xd9"])
def test_a_new_thumbnail_leaves_no_byte_of_the_old_one(new, tail):
    block = with_thumbnail(exif_block())
    old = thumbnail_of(block)
    patched = exif.with_thumbnail(block + tail, lambda: new)
    assert thumbnail_of(patched) == new
    assert old[40:80] not in patched
    assert old[-80:-40] not in patched


def test_a_removed_thumbnail_is_gone_from_the_bytes():
    block = with_thumbnail(exif_block())
    bare = exif.without_thumbnail(block)
    assert thumbnail_of(bare) is None
    assert len(bare) < len(block) / 2
    assert pillow_exif(bare)[0x010F] == "Makerco"


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=60, deadline=None)
def test_garbage_in_exif_is_no_block_or_a_readable_one(garbage, with_magic):
    block = exif.block_of((b"MM\0*" if with_magic else b"") + garbage)
    if block is not None:
        assert exif.orientation(block) in range(1, 9)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=80))
@settings(max_examples=50, deadline=None)
def test_a_recipe_put_into_xmp_comes_back(recipe):
    for packet in (None, XMP, b"garbage"):
        stored = xmp.with_recipe(packet, recipe)
        assert xmp.recipe_of(stored) == recipe.strip()
        assert xmp.is_sane(stored)


def test_a_second_recipe_replaces_the_first_and_keeps_the_rest():
    twice = xmp.with_recipe(xmp.with_recipe(XMP, "one"), "two")
    assert xmp.recipe_of(twice) == "two"
    assert b"one<" not in twice
    assert b"<dc:title>A title</dc:title>" in twice


@pytest.mark.parametrize(
    "form",
    [
        b'<rdf:Description xmlns:Q="%s" Q:DigitalSourceType="%s"/>',
        b'<rdf:Description xmlns:Q="%s"><Q:DigitalSourceType>%s</Q:DigitalSourceType></rdf:Description>',
        b'<rdf:Description xmlns:Q="%s"><Q:DigitalSourceType rdf:resource="%s"/></rdf:Description>',
    ],
)
def test_an_ai_mark_is_read_in_each_form_and_never_lowered(form):
    packet = XMP.replace(b"</rdf:RDF>", form % (xmp.IPTC_EXT.encode(), AI.encode()) + b"</rdf:RDF>")
    assert xmp.digital_source_type(packet) == AI
    assert xmp.with_digital_source_type(packet, COMPOSITE) == packet
    raised = xmp.with_digital_source_type(xmp.with_digital_source_type(XMP, COMPOSITE), AI)
    assert xmp.digital_source_type(raised) == AI
    assert raised.count(b"DigitalSourceType>") == 2


def test_xmp_without_location_names_no_place():
    clean = xmp.without_location(XMP)
    assert clean is not None
    for word in (b"GPS", b"Minga", b"LocationShown"):
        assert word not in clean
    assert b"A title" in clean
    assert b'photoshop:Credit="me"' in clean


def test_xmp_that_cannot_be_parsed_is_not_trusted_to_hide_a_place():
    assert xmp.without_location(XMP.replace(b"</rdf:RDF>", b"")) is None
    assert xmp.without_location(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>') is None


def test_iptc_without_location_keeps_the_author():
    assert iptc.without_location(IPTC) == b"\x1c\x02\x50\x00\x02me"
    assert iptc.from_photoshop(b"8BIM\x04\x25\0\0\0\0\0\x01x\0" + iptc.to_photoshop(IPTC)) == IPTC


def test_a_profile_from_gamma_is_one_that_a_colour_engine_accepts():
    flat = Image.new("RGB", (1, 1), (128, 64, 200))
    profile = icc.gamma_profile(1.0)
    assert icc.colour_space(profile) == "RGB"
    out = ImageCms.profileToProfile(
        flat, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
    )
    # sRGB encoding of linear 128, 64 and 200 / 255
    assert all(abs(a - b) <= 2 for a, b in zip(out.getpixel((0, 0)), (188, 137, 229), strict=True))


def test_the_name_of_a_profile_is_told():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert icc.name(profile) == "sRGB built-in"
    assert icc.name(icc.gamma_profile(2.2)) == "Gamma 2.2"
    assert icc.name(b"short") is None


def test_summary_tells_camera_and_place():
    told = exif.summary(exif_block(gps=True))
    assert told["Make"] == "Makerco"
    assert told["GPS"] == "yes"
