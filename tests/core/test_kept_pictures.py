"""A later save encodes only what changed, and writes the same file as a save that encodes everything."""

from __future__ import annotations

import zipfile
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.geometry import Rect
from imgstudio.core.layers import Layer
from imgstudio.core.oraformat import png
from imgstudio.core.oraformat.kept import KeptPictures, Likeness, store_likeness
from imgstudio.core.projectfile import load, save
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore


def document(height=600, width=300) -> Document:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 4), np.uint8)
    pixels[..., 3] = 255
    made = Document.from_pixels(pixels)
    above = np.random.default_rng(2).integers(0, 256, (height, width, 4), np.uint8)
    mask = TileStore.from_array(above[..., :1], fill=255)
    made.layers.root.append(Layer("above", TileStore.from_array(above), blend="multiply", mask=mask))
    return made


def counting(monkeypatch):
    """Names of what is encoded from now on."""
    done: list[str] = []
    for name in ("encoded", "piece"):
        plain = getattr(png, name)

        def counted(*given, plain=plain, name=name):
            done.append(name)
            return plain(*given)

        monkeypatch.setattr(png, name, counted)
    return done


def paint(made: Document, layer: Layer, rect: Rect, value: int) -> None:
    with made.editing(layer.pixels, "Paint") as edit:
        edit.store.write(rect, np.full((rect.height, rect.width, 4), value, np.uint8))
        edit.touch(rect)


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_saving_again_encodes_nothing_but_the_thumbnail(tmp_path, monkeypatch):
    made, kept = document(), KeptPictures()
    save(freeze(made), tmp_path / "a.ora", kept=kept)
    done = counting(monkeypatch)
    save(freeze(made), tmp_path / "b.ora", kept=kept)
    assert done == ["encoded"]
    assert contents(tmp_path / "a.ora") == contents(tmp_path / "b.ora")


def test_only_the_changed_layer_and_the_changed_band_are_encoded_anew(tmp_path, monkeypatch):
    made, kept = document(), KeptPictures()
    save(freeze(made), tmp_path / "a.ora", kept=kept)
    paint(made, made.layers.root[0], Rect(10, 10, 20, 20), 255)
    done = counting(monkeypatch)
    save(freeze(made), tmp_path / "b.ora", kept=kept)
    assert sorted(done) == ["encoded", "encoded", "piece"]
    save(freeze(made), tmp_path / "c.ora")
    assert contents(tmp_path / "b.ora") == contents(tmp_path / "c.ora")


@pytest.mark.parametrize(
    "change",
    [
        {"opacity": 0.5},
        {"visible": False},
        {"blend": "screen"},
        {"mask_enabled": False},
        {"mask": None},
    ],
)
def test_a_property_that_changes_the_look_changes_the_file(tmp_path, change):
    made, kept = document(), KeptPictures()
    save(freeze(made), tmp_path / "a.ora", kept=kept)
    made.set_layer(made.layers.root[1], "Change", **change)
    save(freeze(made), tmp_path / "b.ora", kept=kept)
    shown = png.decoded(contents(tmp_path / "b.ora")["mergedimage.png"])
    np.testing.assert_array_equal(shown, flatten(made))


def test_undoing_between_two_saves_is_seen(tmp_path):
    made, kept = document(), KeptPictures()
    paint(made, made.layers.root[0], Rect(10, 10, 20, 20), 77)
    save(freeze(made), tmp_path / "a.ora", kept=kept)
    made.history.undo()
    save(freeze(made), tmp_path / "b.ora", kept=kept)
    np.testing.assert_array_equal(flatten(load(tmp_path / "b.ora")), flatten(made))


def test_a_translucent_picture_keeps_its_alpha_although_its_corners_are_opaque(tmp_path):
    made = Document.from_pixels(np.full((600, 64, 4), 255, np.uint8))
    paint(made, made.layers.root[0], Rect(5, 500, 20, 20), 9)
    save(freeze(made), tmp_path / "a.ora")
    shown = png.decoded(contents(tmp_path / "a.ora")["mergedimage.png"])
    np.testing.assert_array_equal(shown, flatten(made))
    assert shown[510, 10, 3] == 9


def test_what_is_kept_stays_within_its_limit():
    kept = KeptPictures(100)
    for number in range(10):
        kept.keep(Likeness(number, ()), b"x" * 30, 30)
    assert kept.nbytes == 90
    assert kept.find(Likeness(0, ()), bytes) is None
    assert kept.find(Likeness(9, ()), bytes) is not None


def test_bytes_of_a_tile_that_is_gone_are_not_used_for_another_with_its_address():
    kept = KeptPictures()
    store = TileStore.from_array(np.ones((8, 8, 4), np.uint8))
    likeness = store_likeness(store, Rect(0, 0, 8, 8))
    kept.keep(likeness, b"old", 3)
    assert kept.find(likeness, bytes) == b"old"
    key = likeness.key
    del store, likeness
    assert kept.find(Likeness(key, ()), bytes) is None


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.sampled_from([1, 3, 4]), st.booleans())
def test_pieces_joined_are_the_whole_picture(heights, channels, deep):
    dtype = np.uint16 if deep else np.uint8
    whole = np.random.default_rng(3).integers(0, np.iinfo(dtype).max, (sum(heights), 7, channels), dtype)
    edges = np.cumsum([0, *heights])
    pieces = [png.piece(whole[a:b]) for a, b in pairwise(edges)]
    head = png.Head(7, sum(heights), 16 if deep else 8)
    back = png.decoded(png.joined(head, channels, pieces))
    np.testing.assert_array_equal(back[..., :channels] if channels > 1 else back[..., :1], whole)


@given(st.integers(-300, 600), st.integers(-300, 600), st.integers(1, 400), st.integers(1, 400))
def test_filled_bounds_are_the_smallest_box(x, y, width, height):
    store = TileStore(4)
    store.write(Rect(-512, -512, 1536, 1536), np.zeros((1536, 1536, 4), np.uint8))
    store.write(Rect(x, y, width, height), np.full((height, width, 4), (0, 0, 1, 0), np.uint8))
    assert store.filled_bounds() == Rect(x, y, width, height)
