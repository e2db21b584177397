"""What is saved is what was opened: pixels, profile and metadata, as far as each format allows."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from imgstudio.core.errors import UserError
from imgstudio.core.imagefile import ExportOptions, Metadata, export, info, read
from imgstudio.core.imageformats import icc, xmp
from tests.core.picture_files import IPTC, XMP, exif, noise, pillow_exif, smooth, thumbnail_of, with_thumbnail

P3 = icc.gamma_profile(2.4, (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06))
FORMATS = ["a.jpg", "a.png", "a.tif", "a.webp"]
LOSSLESS = ExportOptions(lossless=True, quality=100)
AI = xmp.SOURCE_TYPES + "trainedAlgorithmicMedia"


def gray_profile():
    """A grey profile: the red curve of sRGB as the only one."""
    curve = icc.tags(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())["rTRC"]
    body = curve + b"\0" * (-len(curve) % 4)
    white = b"XYZ \0\0\0\0" + bytes.fromhex("0000f6d6000100000000d32d")
    start = 132 + 24
    table = b"kTRC" + start.to_bytes(4, "big") + len(curve).to_bytes(4, "big")
    table += b"wtpt" + (start + len(body)).to_bytes(4, "big") + (20).to_bytes(4, "big")
    data = bytearray(icc.gamma_profile(1.0)[:128] + (2).to_bytes(4, "big") + table + body + white)
    data[16:20] = b"GRAY"
    data[:4] = len(data).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("had_alpha", [False, True])
def test_an_untouched_wide_gamut_picture_is_saved_bit_for_bit(tmp_path, name, dtype, had_alpha):
    pixels = noise(21, 34, 4, dtype)
    if not had_alpha:
        pixels[..., 3] = np.iinfo(dtype).max
    kept = Metadata(icc=P3)
    assert export(tmp_path / name, pixels, kept, had_alpha=had_alpha) == ()
    first = read(tmp_path / name)
    assert export(tmp_path / f"b{name}", first.pixels, first.metadata, had_alpha=first.had_alpha) == ()
    second = read(tmp_path / f"b{name}")
    assert first.metadata.icc == second.metadata.icc == P3
    assert np.array_equal(second.pixels, pixels)
    assert second.pixels.dtype == dtype
    assert second.had_alpha == had_alpha
    assert not second.warnings


@pytest.mark.parametrize("compression", ["none", "fast", "auto", "small"])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_compression_changes_no_pixel(tmp_path, name, compression):
    for dtype in (np.uint8, np.uint16):
        export(
            tmp_path / name,
            noise(dtype=dtype),
            Metadata(),
            ExportOptions(compression=compression),
            had_alpha=True,
        )
        assert np.array_equal(read(tmp_path / name).pixels, noise(dtype=dtype))


def test_lossless_webp_keeps_colour_under_transparency(tmp_path):
    pixels = noise()
    pixels[..., 3] = 0
    export(tmp_path / "a.webp", pixels, Metadata(icc=P3), LOSSLESS, had_alpha=True)
    assert np.array_equal(read(tmp_path / "a.webp").pixels, pixels)
    assert read(tmp_path / "a.webp").metadata.icc == P3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", FORMATS)
def test_a_turned_photo_is_saved_upright_once_and_for_all(tmp_path, name, orientation):
    pixels = smooth()[..., :3]
    block = b"Exif\0\0" + with_thumbnail(exif(orientation, size=(72, 48)))
    Image.fromarray(pixels).save(tmp_path / "in.jpg", exif=block, quality=98)
    opened = read(tmp_path / "in.jpg")
    export(tmp_path / name, opened.pixels, opened.metadata, LOSSLESS, had_alpha=False)
    again = read(tmp_path / name)
    assert np.abs(again.pixels.astype(int) - opened.pixels).max() <= (3 if name == "a.jpg" else 0)
    with Image.open(tmp_path / name) as stored:
        tags = stored.getexif()
        assert tags.get(0x0112) == 1
        assert stored.size == opened.pixels.shape[1::-1]
        assert (tags.get_ifd(0x8769)[0xA002], tags.get_ifd(0x8769)[0xA003]) == stored.size
        assert tags[0x010F] == "Makerco"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_the_embedded_thumbnail_shows_the_new_picture(tmp_path, name):
    red = np.full((300, 200, 4), (200, 10, 10, 255), np.uint8)
    export(tmp_path / name, red, Metadata(exif=with_thumbnail(exif())), had_alpha=False)
    small = Image.open(io.BytesIO(thumbnail_of(read(tmp_path / name).metadata.exif)))
    assert small.size == (107, 160)
    assert np.abs(np.asarray(small).astype(int) - (200, 10, 10)).max() < 12


@pytest.mark.parametrize("name", FORMATS)
def test_metadata_is_kept_as_far_as_the_format_allows(tmp_path, name):
    kept = Metadata(exif(gps=True), P3, XMP, IPTC, (300.0, 300.0))
    notes = export(tmp_path / name, noise(), kept, had_alpha=False)
    found = read(tmp_path / name).metadata
    assert found.icc == P3
    assert found.xmp == XMP
    tags = pillow_exif(found.exif)
    assert tags[0x010F] == "Makerco"
    assert tags.get_ifd(0x8769)[0x927C] == b"secret maker note" * 3
    assert tags.get_ifd(0x8825)[2] == (48.0, 12.0, 34.5)
    if name in ("a.jpg", "a.tif"):
        assert found.iptc == IPTC
    else:
        assert any("IPTC" in note for note in notes)
    if name != "a.webp":
        assert found.dpi == pytest.approx((300, 300), abs=0.1)


@pytest.mark.parametrize("name", FORMATS)
def test_without_location_no_place_is_in_the_file(tmp_path, name):
    kept = Metadata(exif(gps=True), P3, XMP, IPTC, None)
    options = ExportOptions(metadata="no_location", compression="none")
    export(tmp_path / name, noise(), kept, options, had_alpha=False)
    data = (tmp_path / name).read_bytes()
    assert b"Minga" not in data
    assert b"GPSL" not in data
    assert not info(tmp_path / name)["has_location"]
    found = read(tmp_path / name).metadata
    assert pillow_exif(found.exif)[0x010F] == "Makerco"
    assert b"A title" in found.xmp


@pytest.mark.parametrize("name", FORMATS)
def test_strip_keeps_only_colour_and_the_mark_of_ai(tmp_path, name):
    marked = xmp.with_digital_source_type(XMP, AI)
    export(
        tmp_path / name, noise(), Metadata(exif(), P3, marked, IPTC, (72, 72)), ExportOptions(metadata="strip"),
        had_alpha=False,
    )  # fmt: skip
    found = read(tmp_path / name).metadata
    assert found.icc == P3
    assert found.iptc is None
    assert found.exif is None or 0x010F not in pillow_exif(found.exif)
    assert b"A title" not in found.xmp
    assert xmp.digital_source_type(found.xmp) == AI


@pytest.mark.parametrize("name", FORMATS)
def test_the_recipe_travels_in_the_file(tmp_path, name):
    recipe = '{"filter": "denoise <&>", "sigma": 12}'
    export(tmp_path / name, noise(), Metadata(), had_alpha=False, recipe_xmp=recipe)
    assert info(tmp_path / name)["recipe"] == recipe


def test_every_tiff_reader_sees_the_exif_directories(tmp_path):
    export(tmp_path / "a.tif", noise(), Metadata(exif=exif(gps=True)), had_alpha=True)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages.first.tags
        assert tags[34853].value["GPSLatitudeRef"] == "N"
        assert tags[34665].value["MakerNote"] == b"secret maker note" * 3
        assert tags[271].value == "Makerco"


def test_broken_metadata_costs_a_warning_not_the_picture(tmp_path):
    broken = Metadata(exif=b"II*\0\xff\xff\xff\x7f", icc=P3, xmp=b"<x", iptc=b"\x1c", dpi=None)
    for name in FORMATS:
        for policy in ("keep", "no_location", "strip"):
            export(tmp_path / name, noise(), broken, ExportOptions(metadata=policy), had_alpha=False)
            assert read(tmp_path / name).pixels.shape == (12, 20, 4)


def test_exif_too_long_for_jpeg_loses_its_thumbnail_first(tmp_path):
    block = with_thumbnail(exif(note=bytes(60_000)))
    notes = export(tmp_path / "a.jpg", noise(160, 160, 3), Metadata(exif=block), had_alpha=False)
    assert any("too long" in note for note in notes)
    assert pillow_exif(read(tmp_path / "a.jpg").metadata.exif)[0x010F] == "Makerco"


def test_xmp_too_long_for_jpeg_loses_the_recipe_but_not_the_mark_of_ai(tmp_path):
    marked = xmp.with_digital_source_type(XMP, AI)
    recipe = "[" + "1," * 40_000 + "1]"
    notes = export(tmp_path / "a.jpg", noise(), Metadata(xmp=marked), had_alpha=False, recipe_xmp=recipe)
    assert "too long" in notes[-1]
    found = read(tmp_path / "a.jpg").metadata.xmp
    assert xmp.digital_source_type(found) == AI
    assert b"A title" in found


def test_a_large_profile_is_split_over_jpeg_segments(tmp_path):
    large = bytearray(P3 + bytes(150_000))
    large[:4] = len(large).to_bytes(4, "big")
    export(tmp_path / "a.jpg", noise(), Metadata(icc=bytes(large)), had_alpha=False)
    assert read(tmp_path / "a.jpg").metadata.icc == bytes(large)


@pytest.mark.parametrize(
    ("options", "quality", "subsampling"),
    [
        (ExportOptions(), 92, (1, 1)),
        (ExportOptions(quality=91), 91, (2, 2)),
        (ExportOptions(quality=60, subsampling="4:2:2"), 60, (2, 1)),
        (ExportOptions(quality=95, subsampling="4:2:0"), 95, (2, 2)),
    ],
)
def test_jpeg_quality_and_subsampling_are_the_ones_asked_for(tmp_path, options, quality, subsampling):
    export(tmp_path / "a.jpg", noise(), Metadata(), options, had_alpha=False)
    found = read(tmp_path / "a.jpg").jpeg
    assert (found.quality, found.subsampling) == (quality, subsampling)


def test_transparency_is_laid_on_the_background_in_jpeg(tmp_path):
    pixels = np.zeros((32, 32, 4), np.uint8)
    notes = export(
        tmp_path / "a.jpg", pixels, Metadata(), ExportOptions(background=(0, 0, 250)), had_alpha=True
    )
    assert read(tmp_path / "a.jpg").pixels[5, 5].tolist() == pytest.approx([0, 0, 250, 255], abs=3)
    assert "transparency" in notes[0]


def test_new_transparency_is_written_even_where_the_file_had_none(tmp_path):
    export(tmp_path / "a.png", noise(), Metadata(), had_alpha=False)
    assert np.array_equal(read(tmp_path / "a.png").pixels, noise())


def test_16_bits_are_reduced_with_a_word_and_without_one_when_asked(tmp_path):
    deep = noise(dtype=np.uint16)[..., :3]
    assert "16 bits" in export(tmp_path / "a.jpg", deep, Metadata(), had_alpha=False)[0]
    assert export(tmp_path / "a.png", deep, Metadata(), ExportOptions(bit_depth=8), had_alpha=False) == ()
    assert read(tmp_path / "a.png").pixels.dtype == np.uint8


@pytest.mark.parametrize("name", FORMATS)
def test_a_grey_profile_stays_with_grey_pixels_and_becomes_rgb_with_colour(tmp_path, name):
    profile = gray_profile()
    gray = np.repeat(smooth()[..., :1], 3, axis=2)
    export(tmp_path / name, gray, Metadata(icc=profile), LOSSLESS, had_alpha=False)
    found = read(tmp_path / name)
    assert icc.colour_space(found.metadata.icc) == ("RGB" if name == "a.webp" else "GRAY")
    assert found.grayscale == (name != "a.webp")
    assert np.abs(found.pixels[..., :3].astype(int) - gray).max() <= 2
    export(tmp_path / name, smooth(), Metadata(icc=profile), LOSSLESS, had_alpha=False)
    assert icc.colour_space(read(tmp_path / name).metadata.icc) == "RGB"
    assert not read(tmp_path / name).warnings


def test_grey_is_written_with_one_channel_on_request(tmp_path):
    gray = np.repeat(noise(channels=1), 3, axis=2)
    export(tmp_path / "a.png", gray, Metadata(), ExportOptions(grayscale=True), had_alpha=False)
    assert read(tmp_path / "a.png").grayscale
    export(tmp_path / "a.png", noise(), Metadata(), ExportOptions(grayscale=True), had_alpha=True)
    assert np.array_equal(read(tmp_path / "a.png").pixels, noise())


def test_an_unknown_suffix_and_a_side_too_long_are_refused_and_the_old_file_stays(tmp_path):
    (tmp_path / "a.webp").write_bytes(b"old")
    for name in ("a.xyz", "noending", "a.gif"):
        with pytest.raises(UserError, match="cannot be saved"):
            export(tmp_path / name, noise(), Metadata(), had_alpha=False)
    with pytest.raises(UserError, match="16383"):
        export(tmp_path / "a.webp", noise(1, 17000, 3), Metadata(), had_alpha=False)
    assert (tmp_path / "a.webp").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_one_grey_pixel_is_written(tmp_path, name):
    pixels = np.full((1, 1, 3), 200, np.uint8)
    export(tmp_path / name, pixels, Metadata(), ExportOptions(grayscale=True), had_alpha=False)
    assert np.abs(read(tmp_path / name).pixels[0, 0, :3].astype(int) - 200).max() <= 2
