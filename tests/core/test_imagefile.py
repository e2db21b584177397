"""Pictures of every kind open into upright straight RGBA, and nothing but UserError comes out of broken ones."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from imgstudio.core.errors import UserError
from imgstudio.core.imagefile import READABLE, WRITABLE, export, info, read, thumbnail
from imgstudio.core.imageformats import icc, pngchunks
from tests.core.picture_files import XMP, exif, noise, pillow_exif, smooth


def opaque(pixels):
    full = np.full_like(pixels[..., :1], np.iinfo(pixels.dtype).max)
    return np.concatenate([pixels[..., :3], full], axis=2)


def saved(path, picture, **options):
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.tga", "a.qoi", "a.ico", "a.jp2", "a.dds"])
def test_transparent_pixels_come_back_straight_from_each_lossless_format(tmp_path, name):
    pixels = noise(16, 16)
    options = {"lossless": True, "exact": True} if name == "a.webp" else {}
    options |= {"sizes": [(16, 16)]} if name == "a.ico" else {}
    found = read(saved(tmp_path / name, pixels, **options))
    assert found.had_alpha
    assert not found.warnings
    assert (found.format, found.bit_depth) == (READABLE[found.path.suffix], 8)
    assert np.array_equal(found.pixels, pixels)


@pytest.mark.parametrize("name", ["a.gif", "a.ppm", "a.pcx", "a.sgi", "a.avif", "a.jpg"])
def test_opaque_pictures_open_opaque(tmp_path, name):
    pixels = smooth()
    found = read(saved(tmp_path / name, pixels[..., :3]))
    assert not found.had_alpha
    assert (found.pixels[..., 3] == 255).all()
    assert np.abs(found.pixels.astype(int) - pixels).mean() < 6


@pytest.mark.parametrize("orientation", range(9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"])
def test_each_orientation_is_baked_as_the_standard_says(tmp_path, name, orientation):
    block = b"Exif\0\0" + exif(orientation, camera=False)
    stored = Image.fromarray(smooth()[..., :3])
    options = {"lossless": True} if name == "a.webp" else {"quality": 98}
    if name == "a.tif":
        stored.save(tmp_path / name, tiffinfo={0x0112: orientation})
    else:
        stored.save(tmp_path / name, exif=block, **options)
    with Image.open(tmp_path / name) as opened:
        opened.load()
        wanted = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
    found = read(tmp_path / name)
    assert found.pixels.shape[:2] == wanted.shape[:2] == ((72, 48) if orientation >= 5 else (48, 72))
    assert np.abs(found.pixels[..., :3].astype(int) - wanted).max() <= 3
    assert found.metadata.exif is None or pillow_exif(found.metadata.exif).get(0x0112, 1) == 1


def test_an_orientation_only_xmp_knows_is_used(tmp_path):
    xmp = XMP.replace(
        b"xmlns:dc", b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" xmlns:dc'
    )
    found = read(saved(tmp_path / "a.webp", noise(8, 6), lossless=True, xmp=xmp))
    assert found.pixels.shape[:2] == (6, 8)
    assert b"Orientation" not in found.metadata.xmp


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour", "channels", "depth"),
    [(0, 1, 8), (0, 1, 16), (2, 3, 8), (2, 3, 16), (4, 2, 8), (4, 2, 16), (6, 4, 8), (6, 4, 16)],
)
def test_each_png_kind_keeps_its_bits(tmp_path, colour, channels, depth, interlaced):
    values = noise(9, 13, channels, np.uint16 if depth == 16 else np.uint8)
    (tmp_path / "a.png").write_bytes(png(values, colour, depth, interlaced=interlaced))
    found = read(tmp_path / "a.png")
    rgb = values[..., (0, 0, 0)] if channels < 3 else values[..., :3]
    assert found.pixels.dtype == values.dtype
    assert np.array_equal(found.pixels[..., :3], rgb)
    assert np.array_equal(
        found.pixels, np.dstack([rgb, values[..., -1]]) if channels in (2, 4) else opaque(rgb)
    )
    assert (found.grayscale, found.had_alpha) == (channels < 3, channels in (2, 4))


def png(values, colour, depth, *, interlaced=False, extra=b"", cut=None):
    """Written by hand with filter 0, so that no decoder under test is its own judge."""
    height, width = values.shape[:2]
    steps = [(0, 0, 1, 1)]
    if interlaced:
        steps = [
            (0, 0, 8, 8),
            (4, 0, 8, 8),
            (0, 4, 4, 8),
            (2, 0, 4, 4),
            (0, 2, 2, 4),
            (1, 0, 2, 2),
            (0, 1, 1, 2),
        ]
    raw = b""
    for x, y, dx, dy in steps:
        part = values[y::dy, x::dx]
        if part.shape[1]:
            raw += b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in part)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    body = zlib.compress(raw)[:cut]
    parts = [
        pngchunks.chunk(b"IHDR", head),
        extra,
        pngchunks.chunk(b"IDAT", body),
        pngchunks.chunk(b"IEND", b""),
    ]
    return pngchunks.SIGNATURE + b"".join(parts)


def test_the_transparent_colour_of_a_png_is_compared_at_full_depth(tmp_path):
    values = np.array([[[258], [259], [2]]], np.uint16)
    (tmp_path / "a.png").write_bytes(
        png(values, 0, 16, extra=pngchunks.chunk(b"tRNS", struct.pack(">H", 258)))
    )
    assert read(tmp_path / "a.png").pixels[0, :, 3].tolist() == [0, 65535, 65535]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_keep_colours_and_transparency(tmp_path, bits):
    colours = [(255, 0, 0), (1, 2, 3)]
    picture = Image.new("P", (5, 1))
    picture.putdata([0, 1, 1, 0, 1])
    picture.putpalette([channel for colour in colours for channel in colour])
    found = read(saved(tmp_path / "a.png", picture, bits=bits, transparency=bytes([255, 77])))
    assert found.pixels[0, 1].tolist() == [1, 2, 3, 77]
    assert found.pixels[0, 0].tolist() == [255, 0, 0, 255]


@pytest.mark.parametrize("depth", [8, 16])
def test_a_cut_png_shows_the_rows_that_are_there(tmp_path, depth):
    values = noise(200, 40, 3, np.uint16 if depth == 16 else np.uint8)
    whole = png(values, 2, depth)
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    found = read(tmp_path / "a.png")
    assert np.array_equal(found.pixels[:90, :, :3], values[:90])
    assert "damaged" in found.warnings[0]


def test_a_cut_interlaced_png_shows_its_coarse_passes(tmp_path):
    values = noise(200, 40, 3)
    (tmp_path / "a.png").write_bytes(png(values, 2, 8, interlaced=True, cut=-8000))
    found = read(tmp_path / "a.png")
    assert np.array_equal(found.pixels[::8, ::8, :3], values[::8, ::8])


def test_a_png_with_linear_gamma_gets_a_profile_and_keeps_its_pixels(tmp_path):
    values = noise(4, 4, 3)
    (tmp_path / "a.png").write_bytes(
        png(values, 2, 8, extra=pngchunks.chunk(b"gAMA", struct.pack(">I", 100000)))
    )
    found = read(tmp_path / "a.png")
    assert icc.name(found.metadata.icc) == "Gamma 1"
    assert np.array_equal(found.pixels[..., :3], values)
    (tmp_path / "b.png").write_bytes(
        png(values, 2, 8, extra=pngchunks.chunk(b"gAMA", struct.pack(">I", 45455)))
    )
    assert read(tmp_path / "b.png").metadata.icc is None


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"compression": "lzw", "predictor": True},
        {"compression": "adobe_deflate", "tile": (16, 16)},
        {"planarconfig": "separate"},
        {"byteorder": ">"},
        {"bigtiff": True},
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_each_tiff_layout_keeps_its_bits(tmp_path, how, dtype):
    values = noise(20, 33, 3, dtype)
    stored = np.moveaxis(values, 2, 0) if "planarconfig" in how else values
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", **how)
    found = read(tmp_path / "a.tif")
    assert found.pixels.dtype == dtype
    assert np.array_equal(found.pixels, opaque(values))


def test_premultiplied_tiff_is_made_straight(tmp_path):
    stored = np.array([[[50, 0, 25, 100], [0, 0, 0, 0], [7, 8, 9, 255]]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=("assocalpha",))
    assert read(tmp_path / "a.tif").pixels[0].tolist() == [[128, 0, 64, 100], [0, 0, 0, 0], [7, 8, 9, 255]]


def test_floating_point_tiff_opens_with_16_bits_and_says_so(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", np.array([[-1, 0.5, 1], [2, np.nan, 0]], np.float32), photometric="minisblack"
    )
    found = read(tmp_path / "a.tif")
    assert found.pixels[..., 0].tolist() == [[0, 32768, 65535], [65535, 0, 0]]
    assert "cut off" in found.warnings[0]
    assert found.bit_depth == 32


def test_white_is_zero_and_one_bit_tiff(tmp_path):
    bits = np.array([[True, False, True]])
    tifffile.imwrite(tmp_path / "a.tif", bits, photometric="miniswhite")
    assert read(tmp_path / "a.tif").pixels[0, :, 0].tolist() == [0, 255, 0]


def test_only_the_first_page_is_opened(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([noise(5, 5, 3)] * 3), photometric="rgb")
    found = read(tmp_path / "a.tif")
    assert found.pixels.shape == (5, 5, 4)
    assert "3 pages" in found.warnings[0]


def test_cmyk_jpeg_is_converted_and_says_so(tmp_path):
    path = saved(tmp_path / "a.jpg", Image.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=98)
    found = read(path)
    red, green, blue, _ = found.pixels[8, 8]
    assert red > 240
    assert max(green, blue) < 15
    assert "CMYK" in found.warnings[0]
    assert found.metadata.icc is None


def test_a_cut_jpeg_opens_with_a_warning(tmp_path):
    data = saved(tmp_path / "a.jpg", noise(200, 200, 3)).read_bytes()
    (tmp_path / "b.jpg").write_bytes(data[: len(data) // 2])
    found = read(tmp_path / "b.jpg")
    assert found.pixels.shape == (200, 200, 4)
    assert "too early" in found.warnings[0]


def test_content_decides_not_the_name(tmp_path):
    saved(tmp_path / "a.png", noise())
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    found = read(tmp_path / "a.jpg")
    assert found.format == "PNG"
    assert ".jpg" in found.warnings[0]


def test_wide_gamut_profiles_stay_and_pixels_are_not_converted(tmp_path):
    profile = icc.gamma_profile(2.2, (0.3127, 0.329, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06))
    found = read(saved(tmp_path / "a.png", noise(), icc_profile=profile))
    assert found.metadata.icc == profile
    assert np.array_equal(found.pixels, noise())


def test_a_profile_that_does_not_fit_is_left_out_with_a_warning(tmp_path):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (lab, b"nonsense"):
        found = read(saved(tmp_path / "a.png", noise(), icc_profile=profile))
        assert found.metadata.icc is None
        assert "profile" in found.warnings[0]


def test_hdr_pictures_are_opened_with_a_warning(tmp_path):
    pq = pngchunks.chunk(b"cICP", bytes((9, 16, 0, 1)))
    (tmp_path / "a.png").write_bytes(png(noise(4, 4, 3), 2, 8, extra=pq))
    assert "PQ" in read(tmp_path / "a.png").warnings[0]
    xmp = XMP.replace(
        b"xmlns:dc", b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" xmlns:dc'
    )
    found = read(saved(tmp_path / "a.jpg", noise(channels=3), xmp=xmp))
    assert "gain map" in found.warnings[0]
    export(tmp_path / "b.jpg", found.pixels, found.metadata, had_alpha=False)
    assert not read(tmp_path / "b.jpg").warnings


def test_heic_without_its_add_on_or_its_content_is_refused_in_plain_words(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))
    with pytest.raises(UserError, match="HEIC"):
        read(tmp_path / "a.heic")


def test_only_the_first_picture_of_an_mpo_is_opened(tmp_path):
    first, second = (Image.fromarray(smooth()[::step, :, :3]) for step in (1, -1))
    first.save(tmp_path / "a.mpo", "MPO", save_all=True, append_images=[second], quality=95)
    found = read(tmp_path / "a.mpo")
    assert np.abs(found.pixels[..., :3].astype(int) - smooth()[..., :3]).mean() < 3
    assert "2 pictures" in found.warnings[0]


def test_ten_bit_avif_is_scaled_to_16(tmp_path):
    values = np.array([[[0, 512, 1023]] * 16] * 16, np.uint16)
    encoded = imagecodecs.avif_encode(values, 100, bitspersample=10)
    (tmp_path / "a.avif").write_bytes(encoded)
    found = read(tmp_path / "a.avif")
    assert found.bit_depth == 10
    assert np.abs(found.pixels[0, 0].astype(int) - [0, 32800, 65535, 65535]).max() < 400


@pytest.mark.parametrize("size", [(60000, 60000), (20000, 20000)])
def test_bombs_are_refused_with_numbers_before_they_are_decoded(tmp_path, size):
    body = pngchunks.chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(
        pngchunks.SIGNATURE + body + pngchunks.chunk(b"IDAT", zlib.compress(bytes(9999)))
    )
    with pytest.raises(UserError, match=f"{size[0]} x {size[1]}.*limit.*raise"):
        read(tmp_path / "a.png")


def test_the_limit_can_be_lowered_and_raised(tmp_path):
    path = saved(tmp_path / "a.png", noise(100, 100))
    with pytest.raises(UserError, match="100 x 100"):
        read(path, max_megapixels=0.009)
    assert read(path, max_megapixels=0.01).pixels.shape == (100, 100, 4)


def test_what_is_no_picture_is_refused_in_plain_words(tmp_path):
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("hello")
    os.mkfifo(tmp_path / "pipe.png")
    expected = {
        "empty.png": "empty",
        "text.jpg": "not a picture",
        "pipe.png": "ordinary",
        "gone.png": "not there",
    }
    for name, words in expected.items():
        for opener in (read, info, lambda path: thumbnail(path, 64)):
            with pytest.raises(UserError, match=words):
                opener(tmp_path / name)
    with pytest.raises(UserError, match="folder"):
        read(tmp_path)


def _samples():
    """Small valid files of every format that is written with a foreign encoder."""
    out = {}
    for suffix in (
        "jpg",
        "png",
        "tif",
        "webp",
        "gif",
        "bmp",
        "avif",
        "tga",
        "qoi",
        "ico",
        "pcx",
        "ppm",
        "jp2",
        "sgi",
        "dds",
    ):
        buffer = io.BytesIO()
        buffer.name = f"a.{suffix}"
        options = (
            {}
            if suffix in ("bmp", "tga", "qoi", "pcx", "ppm", "sgi", "dds")
            else {"exif": b"Exif\0\0" + exif(6, gps=True)}
        )
        Image.fromarray(noise(24, 24, 3)).save(buffer, **options)
        out[suffix] = buffer.getvalue()
    return out


SAMPLES = _samples()


@given(st.sampled_from(sorted(SAMPLES)), st.data())
@settings(
    max_examples=250,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_broken_files_open_or_are_refused_but_never_crash(tmp_path, suffix, data):
    broken = bytearray(SAMPLES[suffix])
    for _ in range(data.draw(st.integers(1, 6))):
        # Most of what decides lies in the first bytes.
        at = data.draw(st.integers(0, min(len(broken), 400) - 1) | st.integers(0, len(broken) - 1))
        broken[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.just(len(broken)) | st.integers(1, len(broken)))
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(broken[:cut])
    for opener in (lambda: read(path, max_megapixels=1), lambda: info(path), lambda: thumbnail(path, 16)):
        with contextlib.suppress(UserError):
            assert opener() is not None


def test_info_tells_what_is_in_the_file_without_decoding(tmp_path):
    path = saved(
        tmp_path / "a.jpg", noise(30, 50, 3), quality=83, exif=b"Exif\0\0" + exif(6, gps=True), dpi=(300, 300)
    )
    told = info(path)
    assert (told["format"], told["width"], told["height"], told["dpi"]) == ("JPEG", 30, 50, (300, 300))
    assert told["exif"]["Make"] == "Makerco"
    assert told["has_location"]
    assert told["jpeg"]["quality"] == 83
    assert told["profile"] == "none (shown as sRGB)"


def test_a_thumbnail_is_small_upright_and_right(tmp_path):
    pixels = smooth(400, 600)
    path = saved(tmp_path / "a.jpg", pixels[..., :3], exif=b"Exif\0\0" + exif(6), quality=95)
    small = thumbnail(path, 60)
    assert small.shape == (60, 40, 4)
    whole = read(path).pixels[::10, ::10]
    assert np.abs(small.astype(int) - whole).mean() < 8


def test_formats_that_are_written_are_read():
    assert set(WRITABLE) <= set(READABLE)
    assert {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"} <= set(WRITABLE)
