"""Quantisation tables, sampling, quality and block grid are told in the axes of the upright picture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from imgstudio.core.imagefile import read
from imgstudio.core.imageformats.content import JpegInfo
from imgstudio.core.imageformats.jpegtables import estimated_quality, ijg_table, oriented
from tests.core.picture_files import exif, noise


@pytest.mark.parametrize("quality", [1, 10, 50, 75, 83, 92, 99, 100])
def test_tables_are_those_the_encoder_used(tmp_path, quality):
    Image.fromarray(noise(40, 40, 3)).save(tmp_path / "a.jpg", quality=quality, subsampling="4:2:0")
    found = read(tmp_path / "a.jpg").jpeg
    with Image.open(tmp_path / "a.jpg") as opened:
        luma, chroma = (np.array(opened.quantization[i]).reshape(8, 8) for i in (0, 1))
    assert np.array_equal(found.luma, luma)
    assert np.array_equal(found.chroma, chroma)
    assert found.luma.dtype == np.uint16
    assert found.quality == quality
    assert found.subsampling == (2, 2)


@given(st.integers(1, 100))
def test_the_quality_of_an_ijg_table_is_found_again(quality):
    assert np.array_equal(ijg_table(estimated_quality(ijg_table(quality))), ijg_table(quality))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_grid_lies_where_the_blocks_are_after_turning(tmp_path, orientation):
    blocks = np.random.default_rng(0).integers(0, 2, (5, 7)) * 200 + 20
    stored = np.kron(blocks, np.ones((8, 8)))[:37, :53].astype(np.uint8)
    Image.fromarray(stored).save(tmp_path / "a.jpg", quality=95, exif=b"Exif\0\0" + exif(orientation))
    found = read(tmp_path / "a.jpg")
    gray = found.pixels[..., 0].astype(int)
    steps_x = np.abs(np.diff(gray, axis=1)).max(axis=0) > 100
    steps_y = np.abs(np.diff(gray, axis=0)).max(axis=1) > 100
    assert {int(x + 1) % 8 for x in np.flatnonzero(steps_x)} == {found.jpeg.grid[0]}
    assert {int(y + 1) % 8 for y in np.flatnonzero(steps_y)} == {found.jpeg.grid[1]}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tables_and_sampling_are_transposed_when_the_axes_swap(orientation):
    table = np.arange(64, dtype=np.uint16).reshape(8, 8)
    turned = oriented(JpegInfo(table, table, (2, 1), (0, 0), 50), orientation, 16, 16)
    swaps = orientation >= 5
    assert np.array_equal(turned.luma, table.T if swaps else table)
    assert np.array_equal(turned.chroma, table.T if swaps else table)
    assert turned.subsampling == ((1, 2) if swaps else (2, 1))


def test_a_picture_that_is_no_jpeg_has_no_tables(tmp_path):
    Image.fromarray(noise()).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png").jpeg is None
