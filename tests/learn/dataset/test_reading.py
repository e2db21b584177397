"""Samples stream from disk, are kept small, and vary together with their masks."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgstudio.core.labelformats.class_lists import class_names
from imgstudio.core.params import describe
from imgstudio.learn.dataset.augment import NO_AUGMENT, Augment, augmented
from imgstudio.learn.dataset.classes import class_weights
from imgstudio.learn.dataset.masks import VOID, mask_reader
from imgstudio.learn.dataset.reading import SampleReader
from imgstudio.learn.dataset.report import ClassShare, Sample
from tests.learn.dataset.folders import checked, mask, pairs, picture, save


@pytest.fixture
def report(tmp_path):
    return checked(pairs(tmp_path / "data", 12))


def test_a_picture_and_its_mask_come_in_one_reduced_size(report):
    reader = SampleReader(report.samples, 24, read_target=mask_reader(report))
    image, target = reader[0]
    assert (image.shape, target.shape, len(reader)) == ((20, 24, 3), (20, 24), 12)
    assert set(np.unique(target)) == {0, 1}


def test_a_scaled_mask_gets_the_size_of_its_picture(report, tmp_path):
    save(tmp_path / "data" / "masks" / "000.png", mask(size=(24, 20)))
    again = checked(tmp_path / "data")
    _, target = SampleReader(again.samples, read_target=mask_reader(again))[0]
    assert target.shape == (40, 48)


def test_what_was_read_is_kept_within_the_limit_of_bytes(report, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "imgstudio.learn.dataset.reading.read_picture",
        lambda path: calls.append(path) or np.zeros((40, 48, 3), np.uint8),
    )
    reader = SampleReader(report.samples, memory=3 * 40 * 48 * 3)
    for index in (0, 1, 2, 0, 1, 2):
        reader[index]
    assert len(calls) == 3
    reader[3]
    reader[0]
    assert len(calls) == 5


def test_a_cache_folder_outlives_the_reader_and_notices_changes(report, tmp_path):
    folder = tmp_path / "cache"
    first = SampleReader(report.samples, 24, folder, read_target=mask_reader(report))[0]
    report.samples[0].image.unlink()
    again = SampleReader(report.samples, 24, folder, read_target=mask_reader(report))[0]
    assert (first[0] == again[0]).all()
    assert (first[1] == again[1]).all()
    for path in folder.iterdir():
        path.write_bytes(b"damaged")
    with pytest.raises(Exception, match="000"):
        SampleReader(report.samples, 24, folder, read_target=mask_reader(report))[0]


def test_threads_read_the_same(report):
    reader = SampleReader(report.samples, read_target=mask_reader(report), memory=20_000)
    alone = [reader[n][0].copy() for n in range(12)]
    wrong = []

    def read():
        wrong.extend(n for n in range(12) if not (reader[n][0] == alone[n]).all())

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_samples_without_targets_have_none(tmp_path):
    path = save(tmp_path / "a.png", picture(1))
    assert SampleReader([Sample(path)])[0][1] is None


@settings(max_examples=40)
@given(
    st.builds(
        Augment,
        flip=st.booleans(),
        dihedral=st.booleans(),
        rotate=st.floats(0, 180),
        zoom=st.floats(1, 4),
        stretch=st.floats(0, 0.5),
        light=st.just(0.0),
        contrast=st.just(0.0),
        colour=st.just(0.0),
    ),
    st.integers(0, 99),
)
def test_picture_and_mask_move_alike(augment, seed):
    # smooth blobs whose mask is where they are bright: wherever the moved mask tells, the moved picture agrees
    y, x = np.mgrid[:60, :80]
    bright = np.sin(x / 9.0) * np.cos(y / 7.0)
    image = np.repeat((bright * 100 + 128).astype(np.uint8)[..., None], 3, 2)
    truth = (bright > 0).astype(np.uint8)
    random = np.random.default_rng(seed)
    out, moved = augmented(image, truth, size=64, augment=augment, random=random)
    assert out.shape == (48, 64, 3)
    seen = (moved != VOID) & (np.abs(out[..., 0].astype(int) - 128) > 24)
    assert ((out[..., 0] > 128) == moved)[seen].all()


def test_light_leaves_the_mask_alone_and_changes_the_picture():
    image, truth = picture(3), mask(1)
    lit = Augment(flip=False, rotate=0, zoom=1, stretch=0)
    out, same = augmented(image, truth, size=48, augment=lit, random=np.random.default_rng(1))
    assert (same == truth).all()
    assert (out != image).any()


def test_without_variation_the_whole_picture_comes_through_unchanged():
    image, truth = picture(3), mask(1)
    out, same = augmented(image, truth, size=48, augment=NO_AUGMENT, random=np.random.default_rng(1))
    assert (out == image).all()
    assert (same == truth).all()


def test_one_seed_gives_one_variation():
    image, truth = picture(3), mask(1)
    first, second = (
        augmented(image, truth, size=(32, 24), augment=Augment(), random=np.random.default_rng(7))
        for _ in range(2)
    )
    assert (first[0] == second[0]).all()
    assert (first[1] == second[1]).all()


def test_the_variation_is_declared_for_forms():
    assert {param.name for param in describe(Augment)} >= {"flip", "dihedral", "rotate", "zoom", "light"}


def test_rare_classes_weigh_more_and_the_average_pixel_weighs_one():
    classes = [ClassShare("a", 0, 0.9, 9), ClassShare("b", 1, 0.1, 9), ClassShare("c", 2, 0.0, 0)]
    weights = class_weights(classes)
    assert weights[1] / weights[0] == pytest.approx(3)
    assert weights @ [0.9, 0.1, 0] == pytest.approx(1)
    assert weights[2] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sky\npotted plant\n", [("sky", 0), ("potted plant", 1)]),
        ("__ignore__\n_background_\ncat\n", [("__ignore__", 255), ("_background_", 0), ("cat", 1)]),
        ("0 sky\n7: car\n", [("sky", 0), ("car", 7)]),
        ("# names\n64 128 64\tAnimal\n192 0 128 Archway\n", [("Animal", 0), ("Archway", 1)]),
        ("# label:color_rgb:parts:actions\nbird:128,0,0::\n", [("bird", 0)]),
        ("\ufeffHimmel\r\nBäume\r\n", [("Himmel", 0), ("Bäume", 1)]),
    ],
)
def test_lists_of_class_names_are_read_as_programs_write_them(tmp_path, text, expected):
    (tmp_path / "codes.txt").write_text(text, encoding="utf-8")
    assert [(n.name, n.value) for n in class_names(tmp_path / "codes.txt")] == expected
