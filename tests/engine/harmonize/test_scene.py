"""The part of a composition that is painted."""

import numpy as np

from imgstudio.engine.harmonize import scene as scenes
from imgstudio.engine.harmonize.masks import tight_and_loose
from imgstudio.engine.harmonize.scene import painting_at, scene_of, sizes_of


def composition(size=(120, 200), box=(slice(40, 70), slice(90, 130))):
    ground = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    mask = np.zeros(size, np.float32)
    mask[box] = 1
    return np.where(mask[..., None] > 0, 0.5, ground).astype(np.float32), ground, mask


def test_the_scene_holds_all_that_may_change_with_surroundings():
    composite, ground, mask = composition()
    scene = scene_of(composite, ground, mask)
    rows, columns = scene.box
    assert rows.start <= 40 - 10
    assert rows.stop >= 70 + 10
    assert scene.size == (rows.stop - rows.start, columns.stop - columns.start)
    outside = np.ones_like(mask)
    outside[scene.box] = 0
    assert np.array_equal(scene.composite, composite[scene.box])
    assert (scene.feather > 0).sum() > (mask > 0).sum()
    assert not (mask * outside).any()


def test_without_an_object_there_is_no_scene():
    composite, ground, mask = composition()
    assert scene_of(composite, ground, 0 * mask) is None


def test_sizes_rise_to_the_wanted_one_or_the_scene_s_own():
    composite, ground, mask = composition((900, 900), (slice(200, 700), slice(300, 600)))
    scene = scene_of(composite, ground, mask)
    sides = [max(size) for size in sizes_of(scene, 400)]
    assert sides == sorted(sides)
    assert sides[-1] == 400
    assert max(sizes_of(scene, 5000)[-1]) == max(scene.size)


def test_the_painting_is_reduced_as_the_scene_is():
    composite, ground, mask = composition()
    scene = scene_of(composite, ground, mask)
    half = tuple(side // 2 for side in scene.size)
    made = painting_at(scene, half)
    assert abs(made.shape[0] - 60) <= 1
    assert abs(made.shape[1] - 100) <= 1


def test_of_a_large_painting_a_window_around_the_object_is_looked_at(monkeypatch):
    monkeypatch.setattr(scenes, "PAINTING_AREA", 6000)
    composite, ground, mask = composition()
    ground[40:70, 90:130] = 2  # recognisable
    scene = scene_of(composite, ground, mask)
    made = painting_at(scene, scene.size)
    assert made.shape[0] * made.shape[1] < 6500
    assert (made == 2).all(2).sum() == 30 * 40


def test_masks_of_the_scene_are_those_of_the_whole():
    composite, ground, mask = composition((300, 400), (slice(100, 160), slice(150, 230)))
    scene, whole = scene_of(composite, ground, mask), tight_and_loose(mask)
    assert np.allclose(scene.tight, whole.tight[scene.box], atol=1e-6)
    assert np.array_equal(scene.feather, whole.feather[scene.box])
    assert np.array_equal(scene.loose, whole.loose[scene.box])
    outside = np.ones(mask.shape, bool)
    outside[scene.box] = False
    assert whole.loose[outside].max() == 0
