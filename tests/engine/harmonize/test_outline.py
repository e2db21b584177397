"""Outlines of painted objects: soft enough, no softer."""

import numpy as np

from imgstudio.engine.harmonize.outline import SEAMLESS, SOFTEST, blended, fading, seam

SIZE = (80, 100)


def disc(radius=24):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 40, x - 50) <= radius).astype(np.float32)


def grain(strength, seed=0):
    random = np.random.default_rng(seed).standard_normal((*SIZE, 1)).astype(np.float32)
    return np.clip(0.5 + strength * random.repeat(3, 2), 0, 1)


def test_an_object_fades_in_from_its_outline_inwards():
    share = fading(disc(), 6.0)
    along = share[40, 50:]
    assert along[0] == 1
    assert (np.diff(along) <= 0).all()
    assert share[disc(27) == 0].max() == 0
    assert 0.02 < along[24] < 0.6


def test_thin_parts_are_not_lost():
    thin = np.zeros(SIZE, np.float32)
    thin[38:42] = 1
    assert fading(thin, 7.0)[39:41, 20:80].min() > 0.8


def test_a_hard_outline_is_softened_until_it_is_seamless():
    ground = grain(0.05)
    made = np.clip(ground + 0.1, 0, 1)
    hard = np.where(disc()[..., None] > 0, made, ground)
    soft = blended(made, ground, disc(), 1.0)
    assert seam(hard, disc(), 1.0) > SEAMLESS
    assert seam(soft, disc(), 1.0) - 1 < 0.5 * (seam(hard, disc(), 1.0) - 1)


def test_what_is_seamless_already_stays_as_hard_as_can_be():
    ground = grain(0.1)
    made = np.clip(ground + 0.02, 0, 1)
    share = fading(disc(), SOFTEST[0])[..., None]
    assert np.allclose(blended(made, ground, disc(), 1.0), ground + share * (made - ground), atol=1e-6)


def test_the_bare_painting_is_left_outside():
    ground = grain(0.1)
    made = np.ones_like(ground)
    soft = blended(made, ground, disc(), 1.0)
    away = disc(27) == 0
    assert np.array_equal(soft[away], ground[away])
