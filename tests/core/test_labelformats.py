"""Labels survive every format, and what a format cannot say is told before the export, exactly."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw
from scipy import ndimage

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.core.labelformats.exporting import export, export_ids
from imgstudio.core.labelformats.importing import ImportOptions, import_labels
from imgstudio.core.labelformats.losses import losses
from imgstudio.core.labelformats.outlines import is_drawn_alike, told_rings
from imgstudio.core.labelformats.registry import format_named, formats, recognised
from imgstudio.core.labelformats.things import things_of
from imgstudio.core.labelformats.tracing import parts_of
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import LabelClass, class_colour, classes_named

CLASSES = classes_named(["road", "tree"])
EVERY_WAY = [
    ("coco", {"shape": "auto"}),
    ("coco", {"shape": "polygon"}),
    ("coco", {"shape": "rle"}),
    ("voc", {}),
    ("yolo", {}),
    ("labelme", {"shape": "auto"}),
    ("labelme", {"shape": "polygon"}),
    ("labelme", {"shape": "mask"}),
    ("cvat", {"shape": "auto"}),
    ("cvat", {"shape": "polygon"}),
    ("cvat", {"shape": "mask"}),
    ("camvid", {}),
    ("png", {"colours": "palette"}),
    ("png", {"colours": "grey"}),
    ("png", {"colours": "colour"}),
]
ways = pytest.mark.parametrize(("kind", "options"), EVERY_WAY, ids=lambda value: str(value).strip("{}"))


@pytest.fixture(scope="module", autouse=True)
def _files_need_not_survive_a_power_cut():
    """Waiting for the disk takes ten times longer than all the rest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@dataclass
class Labels:
    mask: np.ndarray
    objects: np.ndarray


@st.composite
def labels(draw):
    """A mask of few values, and objects on some of its classes, with all that makes trouble."""
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    values = draw(st.sampled_from([(0, 1), (0, 1, 255), (1, 2, 255), (0, 1, 1, 1, 2), (1,)]))
    mask = draw(arrays.arrays(np.uint8, shape, elements=st.sampled_from(values)))
    ids = draw(st.sampled_from([(0,), (0, 1, 2), (1, 2, 3), (7, 300)]))
    objects = draw(arrays.arrays(np.uint16, shape, elements=st.sampled_from(ids)))
    if draw(st.booleans()):  # an object belongs to one class
        objects[objects > 0] = objects[objects > 0] * 10 + mask[objects > 0]
    return Labels(mask, np.where((mask == 0) | (mask == 255), 0, objects).astype(np.uint16))


def project_of(folder, many, classes=CLASSES, size=None):
    """A project of pictures "0.png", ... with these labels."""
    folder.mkdir(parents=True)
    for number, item in enumerate(many):
        height, width = size or item.mask.shape
        Image.new("RGB", (width, height), (9, 9, 9)).save(folder / f"{number}.png")
    return ProjectFolder.create(folder, folder, classes)


def labelled(folder, many, classes=CLASSES):
    made = project_of(folder, many, classes)
    for number, item in enumerate(many):
        made.write(f"{number}.png", item.mask, item.objects)
    return made


def there_and_back(folder, many, kind, options, classes=CLASSES):
    """The labels after export and import, and the losses that were told."""
    project = labelled(folder / "from", many, classes)
    chosen = format_named(kind)
    params = chosen.options(**options)
    told = losses(project, chosen, params)
    result = export(project, chosen, params, folder / "out", Progress())
    assert result.problems == ()
    other = project_of(folder / "to", many, classes)
    done = import_labels(other, chosen, folder / "out", ImportOptions(), Progress())
    assert done.problems == ()
    names = [f"{number}.png" for number in range(len(many))]
    return [Labels(other.labels(n), other.objects(n)) for n in names], told


def same_objects(first, second):
    """Whether two masks of objects tell the same pixels apart."""
    pairs = {(int(a), int(b)) for a, b in zip(first.ravel(), second.ravel(), strict=True)}
    return all((a == 0) == (b == 0) for a, b in pairs) and len(pairs) == len({a for a, _ in pairs}) == len(
        {b for _, b in pairs}
    )


def count_of(told, kind):
    return sum(loss.count for loss in told if loss.kind == kind)


def found_things(item):
    """(value, number or None, pixels) of all objects and areas, found another way than the program does."""
    found = []
    for value in (1, 2):
        for number in np.unique(item.objects[item.mask == value]):
            pixels = (item.mask == value) & (item.objects == number)
            if number:
                found.append((value, int(number), pixels))
                continue
            pieces, count = ndimage.label(pixels, np.ones((3, 3)))
            found += [(value, None, pieces == piece) for piece in range(1, count + 1)]
    return found


def unseen_areas(item):
    pieces, count = ndimage.label(item.mask == 255, np.ones((3, 3)))
    return [(255, None, pieces == piece) for piece in range(1, count + 1)]


def holes(pixels):
    return ndimage.label(np.pad(~pixels, 1, constant_values=True))[1] - 1


def parts(pixels):
    return ndimage.label(pixels, np.ones((3, 3)))[1]


@ways
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(item=labels())
def test_nothing_is_lost_but_what_was_told(kind, options, item):
    if not (item.mask < 255).any():
        item.mask[0, 0] = 1
    with tempfile.TemporaryDirectory() as folder:
        (found,), told = there_and_back(Path(folder), [item], kind, options)
    kinds = {loss.kind for loss in told}
    expected = np.where(item.mask == 255, 0, item.mask) if "unseen" in kinds else item.mask
    assert (found.mask == expected).all()
    assert count_of(told, "unseen") == ((item.mask == 255).sum() if kind in ("coco", "yolo", "cvat") else 0)
    objects = np.zeros_like(item.objects) if found.objects is None else found.objects
    has_lost_objects = bool(kinds & {"objects", "areas", "mixed", "parts"})
    assert same_objects(item.objects, objects) != has_lost_objects
    if kinds == {"areas"}:
        inside = item.objects > 0
        assert same_objects(item.objects, np.where(inside, objects, 0))


@ways
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(item=labels())
def test_losses_are_counted_exactly(kind, options, item):
    if not (item.mask < 255).any():
        item.mask[0, 0] = 1
    with tempfile.TemporaryDirectory() as folder:
        project = labelled(Path(folder, "from"), [item])
        chosen = format_named(kind)
        told = losses(project, chosen, chosen.options(**options))
    all_things = found_things(item)
    is_outline = kind == "yolo" or options.get("shape") == "polygon"
    outlined = all_things + (unseen_areas(item) if kind == "labelme" else [])
    assert count_of(told, "holes") == (sum(holes(t[2]) for t in outlined) if is_outline else 0)
    several = [parts(t[2]) for t in all_things if parts(t[2]) > 1]
    assert count_of(told, "parts") == (sum(several) if kind == "yolo" else 0)
    areas = sum(t[1] is None for t in all_things)
    assert count_of(told, "areas") == (areas if kind in ("coco", "yolo") else 0)
    numbers = {t[1] for t in all_things if t[1] is not None}
    assert count_of(told, "objects") == (len(numbers) if kind in ("camvid", "png") else 0)
    assert (count_of(told, "touching") > 0) == (kind in ("camvid", "png") and touches(item))


def touches(item):
    found = [t for t in found_things(item) if t[1] is not None]
    return any(
        a[0] == b[0] and a[1] != b[1] and (ndimage.binary_dilation(a[2], np.ones((3, 3))) & b[2]).any()
        for a in found
        for b in found
    )


def ring(size=9):
    mask = np.zeros((size, size), np.uint8)
    mask[1:-1, 1:-1] = 1
    mask[3:-3, 3:-3] = 0
    return mask


def test_the_sentence_names_holes_and_offers_run_lengths(tmp_path):
    mask = np.zeros((9, 20), np.uint8)
    mask[:, :9] = ring()
    mask[1:8, 11:19] = 2
    mask[2, 12] = mask[5, 15] = 0
    project = labelled(tmp_path / "p", [Labels(mask, (mask > 0) * mask.astype(np.uint16))])
    coco = format_named("coco")
    holes = next(
        loss for loss in losses(project, coco, coco.options(shape="polygon")) if loss.kind == "holes"
    )
    assert holes.what.startswith("3 holes in 2 things")
    assert holes.change == (("shape", "rle"),)
    assert holes.pictures == ("0.png",)
    assert not [loss for loss in losses(project, coco, coco.options(shape="auto")) if loss.kind == "holes"]


def test_a_simplified_outline_tells_its_overlap(tmp_path):
    mask = np.zeros((60, 60), np.uint8)
    rows, columns = np.mgrid[:60, :60]
    mask[np.hypot(rows - 30, columns - 30) < 22] = 1
    project = labelled(tmp_path / "p", [Labels(mask, np.zeros((60, 60), np.uint16))])
    coco = format_named("coco")
    assert not [x for x in losses(project, coco, coco.options()) if x.kind == "simplified"]
    simplified = next(x for x in losses(project, coco, coco.options(tolerance=2.0)) if x.kind == "simplified")
    assert simplified.change == (("tolerance", 0.0),)
    export(project, coco, coco.options(tolerance=2.0), tmp_path / "out", Progress())
    other = project_of(tmp_path / "q", [Labels(mask, mask)])
    import_labels(other, coco, tmp_path / "out", ImportOptions(), Progress())
    found = other.labels("0.png") == 1
    overlap = (found & (mask == 1)).sum() / (found | (mask == 1)).sum()
    assert 0.8 < overlap < 1
    assert f"IoU {overlap:.4f} on average" in simplified.what


def plain(height=8, width=12):
    mask = np.full((height, width), 255, np.uint8)
    mask[2:6, 3:9] = 1
    mask[0] = 0
    return Labels(mask, np.zeros((height, width), np.uint16))


def test_what_belongs_to_pictures_and_classes_is_told_too(tmp_path):
    classes = (LabelClass(3, "unknown", (1, 2, 3), "q"), LabelClass(9, "a:b", (1, 2, 3)))
    project = labelled(tmp_path / "p", [plain(), plain()], classes)
    project.keep(replace(project.entry("0.png"), is_flagged=True, note="wet", state="done"))
    png, voc, labelme = map(format_named, ("png", "voc", "labelme"))
    told = {loss.kind: loss for loss in losses(project, png, png.options())}
    assert {"flags", "notes", "states", "keys", "names", "strange"} <= set(told)
    assert "values" not in told
    assert "“unknown” becomes “class unknown”" in told["names"].what
    told = {loss.kind: loss for loss in losses(project, voc, voc.options())}
    assert told["values"].count == 2
    assert told["colours"].count == 1
    assert "“a:b” becomes “a_b”" in told["names"].what
    assert "flags" not in {loss.kind for loss in losses(project, labelme, labelme.options())}


@ways
def test_class_names_of_all_kinds_come_back(tmp_path, kind, options):
    names = [
        "Straße",
        "12 cars",
        "a 1 2 3",
        "“x” & <y>",
        'back\\slash "q"',
        "void",
        "路",
        "it's, [b]: {c}",
        "-",
        "1",
    ]
    classes = classes_named(names)
    mask = np.arange(12, dtype=np.uint8).reshape(3, 4)
    mask[mask > len(names)] = 0
    item = Labels(mask, np.zeros((3, 4), np.uint16))
    project = labelled(tmp_path / "p", [item], classes)
    chosen = format_named(kind)
    params = chosen.options(**options)
    told = {loss.kind: loss for loss in losses(project, chosen, params)}
    export(project, chosen, params, tmp_path / "out", Progress())
    other = project_of(tmp_path / "q", [item], ())
    import_labels(other, chosen, tmp_path / "out", ImportOptions(), Progress())
    found = [known.name for known in other.classes]
    changed = [new for new in found if new not in names]
    assert len(changed) == (told["names"].count if "names" in told else 0)
    by_name = {known.name: known.value for known in other.classes}
    for known in classes:
        if known.name in by_name:
            assert (other.labels("0.png")[mask == known.value] == by_name[known.name]).all()
    assert len(set(np.unique(other.labels("0.png")).tolist()) - {0}) == len(names)


@ways
def test_subfolders_same_stems_and_unicode_find_their_pictures_again(tmp_path, kind, options):
    names = ["a/x.jpg", "a/x.png", "b/x.png", "straße/ü 1.2.png", "labels_of/y.png", "x" * 200 + ".png"]
    rng = np.random.default_rng(0)
    masks = {}
    for folder in ("p", "q"):
        for name in names:
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (6, 5), (9, 9, 9)).save(tmp_path / folder / name)
    project = ProjectFolder.create(tmp_path / "p", tmp_path / "p", CLASSES)
    for name in names:
        masks[name] = rng.integers(0, 3, (5, 6)).astype(np.uint8)
        project.write(name, masks[name])
    chosen = format_named(kind)
    result = export(project, chosen, chosen.options(**options), tmp_path / "out", Progress())
    assert (result.pictures, result.problems) == (6, ())
    other = ProjectFolder.create(tmp_path / "q", tmp_path / "q", CLASSES)
    done = import_labels(other, chosen, tmp_path / "out", ImportOptions(), Progress())
    assert done.problems == ()
    for name in names:
        assert (other.labels(name) == masks[name]).all(), name


def test_same_stems_get_names_of_their_own():
    assert export_ids(["a.jpg", "A.png", "a_jpg.png", "b/a.jpg"]) == {
        "a.jpg": "a_jpg_",
        "A.png": "A_png",
        "a_jpg.png": "a_jpg",
        "b/a.jpg": "b/a",
    }


@ways
def test_every_export_is_recognised(tmp_path, kind, options):
    project = labelled(tmp_path / "p", [plain()])
    chosen = format_named(kind)
    export(project, chosen, chosen.options(**options), tmp_path / "out", Progress())
    assert recognised(tmp_path / "out").id == kind


def test_all_formats_of_the_plan_are_there():
    assert list(formats()) == ["coco", "voc", "yolo", "labelme", "cvat", "camvid", "png"]
    with pytest.raises(UserError, match="Known formats: coco"):
        format_named("nothing")


def test_an_export_never_writes_into_a_folder_that_holds_anything(tmp_path):
    project = labelled(tmp_path / "p", [plain()])
    coco = format_named("coco")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        export(project, coco, coco.options(), tmp_path / "out", Progress())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


@ways
def test_a_cancelled_export_leaves_nothing(tmp_path, kind, options):
    project = labelled(tmp_path / "p", [plain(), plain(), plain()])
    token = CancelToken()
    seen = []

    def report(fraction, message):
        seen.append(fraction)
        if len(seen) == 3:
            token.cancel()

    chosen = format_named(kind)
    with pytest.raises(Cancelled):
        export(project, chosen, chosen.options(**options), tmp_path / "out", Progress(report, token))
    assert not (tmp_path / "out").exists()


def test_a_picture_that_cannot_be_exported_is_told_and_the_rest_written(tmp_path):
    project = labelled(tmp_path / "p", [plain(), plain(), plain()])
    (project.path / "labels" / "0.png.png").write_bytes(b"broken")
    Image.new("RGB", (3, 3)).save(project.path / "2.png")
    coco = format_named("coco")
    result = export(project, coco, coco.options(), tmp_path / "out", Progress())
    assert result.pictures == 1
    assert [problem.name for problem in result.problems] == ["0.png", "2.png"]
    assert "3 x 3" in result.problems[1].what
    left_out = next(x for x in losses(project, coco, coco.options()) if x.kind == "left out")
    assert left_out.count == 2


def test_only_the_wanted_pictures_are_exported(tmp_path):
    project = labelled(tmp_path / "p", [plain(), plain(), plain()])
    project.keep(replace(project.entry("1.png"), state="done"))
    project.keep(replace(project.entry("2.png"), state="predicted"))
    png = format_named("png")

    def names(which, folder):
        export(project, png, png.options(which=which), tmp_path / folder, Progress())
        return sorted(path.name for path in (tmp_path / folder / "masks").iterdir())

    assert names("labelled", "a") == ["0.png", "1.png"]
    assert names("done", "b") == ["1.png"]
    assert names("all", "c") == ["0.png", "1.png", "2.png"]


def test_an_export_of_nothing_is_refused(tmp_path):
    project = project_of(tmp_path / "p", [plain()])
    coco = format_named("coco")
    with pytest.raises(UserError, match="no picture is labelled yet"):
        export(project, coco, coco.options(), tmp_path / "out", Progress())
    assert not (tmp_path / "out").exists()


def test_pictures_are_copied_only_where_wanted(tmp_path):
    project = labelled(tmp_path / "p", [plain()])
    for kind in formats():
        chosen = format_named(kind)
        export(project, chosen, chosen.options(), tmp_path / kind / "with", Progress())
        export(project, chosen, chosen.options(copy=False), tmp_path / kind / "without", Progress())
        original = (project.path / "0.png").read_bytes()
        copies = [path for path in (tmp_path / kind / "with").rglob("0.png") if path.read_bytes() == original]
        assert len(copies) == 1, kind
        assert not [p for p in (tmp_path / kind / "without").rglob("0.png") if p.read_bytes() == original]
        other = project_of(tmp_path / kind / "q", [plain()])
        done = import_labels(other, chosen, tmp_path / kind / "without", ImportOptions(), Progress())
        assert done.pictures == ("0.png",)


def test_the_last_pictures_judge(tmp_path):
    project = labelled(tmp_path / "p", [plain() for _ in range(5)])
    camvid, voc, yolo = map(format_named, ("camvid", "voc", "yolo"))
    export(project, camvid, camvid.options(valid=40), tmp_path / "c", Progress())
    assert (tmp_path / "c" / "valid.txt").read_text().split() == ["3.png", "4.png"]
    export(project, voc, voc.options(valid=1), tmp_path / "v", Progress())
    assert (tmp_path / "v" / "ImageSets" / "Segmentation" / "val.txt").read_text().split() == ["4"]
    export(project, yolo, yolo.options(valid=0), tmp_path / "y", Progress())
    assert len(list((tmp_path / "y" / "labels" / "train").iterdir())) == 5
    assert "val: images/train" in (tmp_path / "y" / "data.yaml").read_text()


def test_the_palette_of_a_voc_mask_is_that_of_the_challenge_where_no_class_is(tmp_path):
    project = labelled(tmp_path / "p", [plain()])
    voc = format_named("voc")
    export(project, voc, voc.options(), tmp_path / "out", Progress())
    with Image.open(tmp_path / "out" / "SegmentationClass" / "0.png") as mask:
        palette = np.array(mask.getpalette("RGB")).reshape(-1, 3)
    assert palette[[1, 2]].tolist() == [list(known.colour) for known in CLASSES]
    assert palette[[3, 15, 20, 255]].tolist() == [
        [128, 128, 0],
        [192, 128, 128],
        [0, 64, 128],
        [224, 224, 192],
    ]
    assert class_colour(0) == tuple(palette[0])


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 1)))
def test_programs_that_draw_the_line_as_well_get_the_pixels_where_it_is_said(mask):
    for thing in things_of(mask, None):
        if thing.holes():
            continue
        rings = told_rings(thing, "polygons", 0.0, "yolo")
        drawn, pen = np.zeros((10, 10), np.uint8), Image.new("1", (10, 10))
        for ring in rings:
            cv2.fillPoly(drawn, [ring.astype(np.int32)], (1,))
            ImageDraw.Draw(pen).polygon([(x, y) for x, y in ring.tolist()], outline=1, fill=1)
        wanted = np.zeros((10, 10), bool)
        wanted[thing.box.slices()] = thing.pixels
        is_alike = is_drawn_alike(thing, rings, "yolo")
        assert ((drawn > 0) == wanted).all() == is_alike
        assert (np.asarray(pen) == wanted).all() == is_alike


@pytest.mark.parametrize("kind", ["coco", "yolo", "labelme", "cvat"])
def test_cancelling_does_not_wait_for_a_picture_of_many_things(tmp_path, kind, monkeypatch):
    mask = np.zeros((40, 40), np.uint8)
    mask[::2, ::2] = 1
    item = Labels(mask, np.arange(1600).reshape(40, 40).astype(np.uint16) * mask)
    project = labelled(tmp_path / "p", [item])
    chosen = format_named(kind)
    token = CancelToken()
    calls = []

    def counting(thing, tolerance=0.0):
        calls.append(thing)
        if len(calls) == 5:
            token.cancel()
        return parts_of(thing, tolerance)

    monkeypatch.setattr("imgstudio.core.labelformats.outlines.parts_of", counting)
    with pytest.raises(Cancelled):
        export(project, chosen, chosen.options(), tmp_path / "out", Progress(token=token))
    assert len(calls) == 5
    assert not (tmp_path / "out").exists()
