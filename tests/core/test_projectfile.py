import contextlib
import io
import json
import zipfile
from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from imgstudio.core.blend import BLEND_MODES, flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Rect, Transform
from imgstudio.core.imagefile import JpegInfo, Metadata
from imgstudio.core.layers import Layer
from imgstudio.core.oraformat import png
from imgstudio.core.projectfile import load, save
from imgstudio.core.recipe import Recipe, RecipeStep
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore

AREA = Rect(-40, -40, 400, 400)


def noise(random, width, height, dtype, channels=4):
    pixels = random.integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)
    if channels == 4:
        pixels[random.random((height, width)) < 0.3, 3] = 0  # hidden colours must survive
    return pixels


def random_layer(random, dtype, name, depth=0):
    layer = Layer(name, TileStore(4, dtype))
    if depth < 2 and random.random() < 0.25:
        layer.children = [
            random_layer(random, dtype, f"{name}.{i}", depth + 1) for i in range(random.integers(3))
        ]
    elif random.random() < 0.9:
        x, y = (int(v) for v in random.integers(-30, 20, 2))
        layer.pixels = TileStore.from_array(noise(random, int(random.integers(1, 50)), 20, dtype), x, y)
        layer.transform = [
            Transform(),
            Transform(e=4, f=-3),
            Transform(0.8, 0.1, -0.3, 1.2, 3.5, 2),
            Transform(0.8, 0.1, -0.3, 1.2, 3.5, 2, 0.001, 0.002, 0.9),
        ][random.integers(4)]
    if random.random() < 0.4:
        layer.mask = TileStore(1, fill=int(random.choice([0, 255])))
        layer.mask.write(Rect(2, 3, 9, 9), noise(random, 9, 9, np.uint8, 1))
        layer.mask_enabled = bool(random.integers(2))
    layer.visible, layer.clip, layer.locked = (bool(v) for v in random.integers(0, 2, 3))
    layer.opacity, layer.blend = float(random.random()), BLEND_MODES[random.integers(len(BLEND_MODES))]
    if random.random() < 0.3:
        step = RecipeStep("denoise", params={"sigma": 2.5, "name": "é"}, seed=3, models={"m": "0" * 64})
        layer.recipe = Recipe((step,))
        layer.jpeg = JpegInfo(random.integers(1, 99, (8, 8)).astype(np.uint16), None, (2, 1), (3, 0), 80)
    return layer


def random_document(seed):
    random = np.random.default_rng(seed)
    dtype = random.choice([np.uint8, np.uint16])
    document = Document(int(random.integers(1, 64)), int(random.integers(1, 64)), dtype)
    document.layers.root = [random_layer(random, dtype, f"L{i} “&<é\n") for i in range(random.integers(4))]
    if random.random() < 0.5:
        document.selection.store.write(Rect(1, 2, 5, 6), noise(random, 5, 6, np.uint8, 1))
    document.metadata = Metadata(b"exif\0", None, b"<xmp/>", b"\x1c", (300.0, 299.5))
    document.had_alpha = bool(random.integers(2))
    document.original = TileStore.from_array(noise(random, 8, 8, dtype))
    return document


def stores_equal(one, other):
    if one is None or other is None:
        return one is other
    same_kind = (one.channels, one.dtype, one.fill) == (other.channels, other.dtype, other.fill)
    return same_kind and np.array_equal(one.read(AREA), other.read(AREA))


PLAIN = ("id", "name", "visible", "opacity", "blend", "clip", "locked", "mask_enabled", "transform", "recipe")


def assert_layers_equal(one, other):
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert [getattr(a, n) for n in PLAIN] == [getattr(b, n) for n in PLAIN]
        assert stores_equal(a.pixels, b.pixels) and stores_equal(a.mask, b.mask)
        assert (a.jpeg is None) == (b.jpeg is None)
        if a.jpeg is not None:
            assert np.array_equal(a.jpeg.luma, b.jpeg.luma)
            assert replace(a.jpeg, luma=None).grid == b.jpeg.grid
        assert (a.children is None) == (b.children is None)
        assert_layers_equal(a.children or [], b.children or [])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_save_then_open_is_equal(tmp_path_factory, seed):
    document, path = random_document(seed), tmp_path_factory.mktemp("p") / "work.ora"
    save(freeze(document), path)
    opened = load(path)
    assert opened.warnings == ()
    assert (opened.bounds, opened.dtype, opened.had_alpha) == (
        document.bounds,
        document.dtype,
        document.had_alpha,
    )
    assert opened.metadata.__class__ is Metadata
    assert [getattr(opened.metadata, n) for n in ("exif", "icc", "xmp", "iptc", "dpi")] == [
        b"exif\0", None, b"<xmp/>", b"\x1c", (300.0, 299.5)
    ]  # fmt: skip
    assert_layers_equal(document.layers.root, opened.layers.root)
    assert stores_equal(document.selection.store, opened.selection.store)
    assert stores_equal(document.original, opened.original)
    assert (document.active and document.active.id) == (opened.active and opened.active.id)
    assert opened.history.is_clean and opened.path == path and opened.source is None


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_other_programs_find_the_merged_picture(tmp_path_factory, seed):
    document, path = random_document(seed), tmp_path_factory.mktemp("p") / "work.ora"
    save(freeze(document), path)
    with zipfile.ZipFile(path) as archive:
        assert archive.infolist()[0].filename == "mimetype"
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
        assert archive.read("mimetype") == b"image/openraster"
        assert np.array_equal(png.decoded(archive.read("mergedimage.png")), flatten(document))
        small = png.head_of(archive.read("Thumbnails/thumbnail.png"))
        assert max(small[:2]) <= 256 and small.depth == 8


def without_our_part(path):
    """The file as a program leaves it that knows nothing of ours."""
    stripped = path.with_name("plain.ora")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(stripped, "w") as target:
        for entry in source.infolist():
            if not entry.filename.startswith("imgstudio/"):
                target.writestr(entry, source.read(entry))
    return stripped


def test_plain_readers_see_the_same_picture(tmp_path):
    document, path = masked_and_clipped(), tmp_path / "a.ora"
    save(freeze(document), path)
    seen = load(without_our_part(path))
    assert seen.warnings == ()
    assert seen.source is not None
    assert np.abs(flatten(seen).astype(int) - flatten(document)).max() <= 1


def masked_and_clipped():
    """Layers that OpenRaster cannot express, over an opaque background."""
    random = np.random.default_rng(5)
    background = noise(random, 60, 50, np.uint8)
    background[..., 3] = 255
    document = Document.from_pixels(background)
    masked = Layer("Masked", TileStore.from_array(noise(random, 30, 30, np.uint8), 5, 5), blend="multiply")
    masked.mask = TileStore(1, fill=255)
    masked.mask.write(Rect(8, 8, 20, 10), np.full((10, 20, 1), 40, np.uint8))
    clipped = Layer("AI", TileStore.from_array(noise(random, 60, 50, np.uint8)), clip=True, opacity=0.6)
    moved = Layer(
        "Moved",
        TileStore.from_array(noise(random, 20, 20, np.uint8)),
        transform=Transform(0.7, 0.7, -0.7, 0.7, 30, 9),
    )
    inside = Layer("Inside", TileStore.from_array(noise(random, 25, 25, np.uint8), 20, 20), opacity=0.5)
    group = Layer("Group", children=[inside, moved], blend="screen", opacity=0.8)
    group.mask = TileStore(1, fill=255)
    group.mask.write(Rect(25, 25, 10, 10), np.full((10, 10, 1), 90, np.uint8))
    document.layers.root += [masked, clipped, group]
    return document


def plain_file(path, stack, **entries):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", stack)
        for name, data in entries.items():
            archive.writestr(f"data/{name}.png", data)
    return path


RED = png.encoded(np.full((4, 4, 4), (200, 0, 0, 128), np.uint8))


def test_a_file_of_another_program_opens_with_what_it_says(tmp_path):
    stack = """<image version="0.0.3" w="9" h="8" xres="72" yres="72"><stack>
      <stack name="G" opacity="0.5" visibility="hidden"><layer src="data/red.png" x="2" y="-1"/></stack>
      <layer name="B" src="data/red.png" composite-op="krita:vivid_light" edit-locked="true" selected="true"/>
      <text/></stack></image>"""
    document = load(plain_file(tmp_path / "k.ora", stack, red=RED))
    below, group = document.layers.root
    assert (document.bounds.width, document.bounds.height, document.metadata.dpi) == (9, 8, (72.0, 72.0))
    assert (below.name, below.blend, below.locked) == ("B", "normal", True)
    assert document.active is below
    assert (group.name, group.opacity, group.visible) == ("G", 0.5, False)
    assert group.children[0].pixels.filled_bounds() == Rect(2, -1, 4, 4)
    assert any("vivid_light" in line for line in document.warnings)
    assert any("text" in line for line in document.warnings)


def test_a_mode_of_ours_is_the_nearest_one_to_other_programs_and_itself_here(tmp_path):
    document = Document.from_pixels(np.full((4, 4, 4), 200, np.uint8))
    document.layers.root += [
        Layer("Lab", TileStore.from_array(np.full((4, 4, 4), 90, np.uint8)), blend="color-lab"),
        Layer("W3C", TileStore.from_array(np.full((4, 4, 4), 60, np.uint8)), blend="color"),
    ]
    save(freeze(document), tmp_path / "work.ora")
    assert [layer.blend for layer in load(tmp_path / "work.ora").layers.root] == [
        "normal",
        "color-lab",
        "color",
    ]
    with zipfile.ZipFile(tmp_path / "work.ora") as archive:
        stack = archive.read("stack.xml").decode()
    assert stack.count('composite-op="svg:color"') == 2
    foreign = '<image w="4" h="4"><stack><layer src="data/red.png" composite-op="svg:color"/></stack></image>'
    assert load(plain_file(tmp_path / "k.ora", foreign, red=RED)).layers.root[0].blend == "color"


def test_a_16_bit_layer_makes_a_16_bit_document(tmp_path):
    deep = png.encoded(np.full((2, 2, 4), 1234, np.uint16))
    stack = (
        '<image w="2" h="2"><stack><layer src="data/deep.png"/><layer src="data/red.png"/></stack></image>'
    )
    document = load(plain_file(tmp_path / "d.ora", stack, deep=deep, red=RED))
    assert document.dtype == np.uint16
    assert document.layers.root[1].pixels.read(Rect(0, 0, 1, 1))[0, 0, 0] == 1234
    assert document.layers.root[0].pixels.read(Rect(0, 0, 1, 1))[0, 0, 0] == 200 * 257


def test_a_damaged_layer_leaves_the_others(tmp_path):
    stack = '<image w="4" h="4"><stack><layer name="Bad" src="data/bad.png"/><layer src="../../etc/passwd"/>'
    stack += '<layer src="data/red.png"/></stack></image>'
    document = load(plain_file(tmp_path / "b.ora", stack, red=RED, bad=RED[:44]))
    assert len(document.layers.root) == 3
    assert document.layers.root[0].pixels.read(Rect(0, 0, 1, 1))[0, 0].tolist() == [200, 0, 0, 128]
    assert any("Bad" in line for line in document.warnings)


def test_our_damaged_state_falls_back_to_plain_layers(tmp_path):
    document, path = masked_and_clipped(), tmp_path / "a.ora"
    save(freeze(document), path)
    broken = rewritten(path, "imgstudio/state.json", b"{")
    opened = load(broken)
    assert np.abs(flatten(opened).astype(int) - flatten(document)).max() <= 1
    assert any("damaged" in line for line in opened.warnings)


def rewritten(path, name, data):
    made = path.with_name("changed.ora")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for entry in source.infolist():
            target.writestr(entry, data if entry.filename == name else source.read(entry))
    return made


def test_a_newer_schema_opens_with_a_warning(tmp_path):
    path = tmp_path / "a.ora"
    save(freeze(masked_and_clipped()), path)
    with zipfile.ZipFile(path) as archive:
        state = json.loads(archive.read("imgstudio/state.json"))
    state["imgstudio_project"] = 99
    opened = load(rewritten(path, "imgstudio/state.json", json.dumps(state).encode()))
    assert len(opened.layers) == 4
    assert any("newer" in line for line in opened.warnings)


@pytest.fixture(scope="module")
def saved_bytes(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "a.ora"
    save(freeze(masked_and_clipped()), path)
    return path.read_bytes()


@given(junk=st.binary(min_size=1, max_size=40), at=st.integers(0, 2**20))
@settings(max_examples=40, deadline=None)
def test_random_damage_ends_in_a_document_or_a_clear_word(tmp_path_factory, saved_bytes, junk, at):
    path = tmp_path_factory.mktemp("p") / "b.ora"
    data = bytearray(saved_bytes)
    at %= len(data)
    data[at : at + len(junk)] = junk
    path.write_bytes(data)
    with contextlib.suppress(UserError):
        assert load(path).bounds.width > 0


def test_the_merged_picture_saves_a_file_without_a_list_of_layers(tmp_path):
    path = plain_file(tmp_path / "m.ora", "<image", red=RED)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("mergedimage.png", RED)
    document = load(path)
    assert document.bounds == Rect(0, 0, 4, 4)
    assert document.warnings


@pytest.mark.parametrize(
    "stack", ['<image w="4" h="4"/>', "<!DOCTYPE a [<!ENTITY b 'c'>]><image w='4' h='4'><stack/></image>"]
)
def test_a_stack_that_cannot_be_trusted_is_refused(tmp_path, stack):
    with pytest.raises(UserError):
        load(plain_file(tmp_path / "x.ora", stack))


def test_too_many_pixels_are_refused_before_they_are_decoded(tmp_path):
    stack = '<image w="{0}" h="{0}"><stack><layer src="data/red.png"/></stack></image>'
    with pytest.raises(UserError, match="too large"):
        load(plain_file(tmp_path / "w.ora", stack.format(100_000), red=RED))
    bomb = io.BytesIO(RED)
    head = bytearray(bomb.getvalue())
    head[16:24] = (60_000).to_bytes(4, "big") * 2
    with pytest.raises(UserError, match="too large"):
        load(plain_file(tmp_path / "v.ora", stack.format(4), red=bytes(head)))


def test_what_is_no_openraster_file_is_named(tmp_path):
    (tmp_path / "n.ora").write_bytes(b"no zip at all")
    with pytest.raises(UserError, match="cannot be opened"):
        load(tmp_path / "n.ora")
    with zipfile.ZipFile(tmp_path / "z.ora", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(UserError, match="not an OpenRaster"):
        load(tmp_path / "z.ora")
    with pytest.raises(UserError, match="is not there"):
        load(tmp_path / "missing.ora")


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.ora"
    document = masked_and_clipped()
    save(freeze(document), path)
    before = path.read_bytes()
    monkeypatch.setattr("imgstudio.core.oraformat.merged.flatten", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(freeze(document), path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["a.ora"]


def test_painting_on_does_not_change_what_is_saved(tmp_path):
    document = Document.from_pixels(np.full((8, 8, 4), 9, np.uint8))
    frozen = freeze(document)
    with document.editing(document.layers.root[0].pixels, "Paint") as edit:
        edit.store.write(Rect(0, 0, 8, 8), np.full((8, 8, 4), 200, np.uint8))
    save(frozen, tmp_path / "a.ora")
    assert flatten(load(tmp_path / "a.ora")).max() == 9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_round_trip(dtype, channels):
    pixels = noise(np.random.default_rng(1), 37, 21, dtype, channels)
    back = png.decoded(png.encoded(pixels))
    assert back.dtype == dtype
    assert np.array_equal(back[..., :channels], pixels)
