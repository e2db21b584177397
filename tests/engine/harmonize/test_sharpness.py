"""An object's own detail comes back where the painting is crisper."""

import cv2
import numpy as np

from imgstudio.engine.harmonize.sharpness import band, crisp

SIZE = (120, 140)


def disc(radius=45):
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return (np.hypot(y - 60, x - 70) <= radius).astype(np.float32)


def grain(strength, seed=0):
    random = np.random.default_rng(seed).standard_normal((*SIZE, 1)).astype(np.float32)
    return np.clip(0.5 + strength * random.repeat(3, 2), 0, 1)


def energy(picture):
    return float((band(picture[..., 0], 0, 0.7)[disc(30) > 0] ** 2).mean())


def test_a_soft_object_becomes_as_crisp_as_the_painting_of_its_own_detail():
    painting, photo = grain(0.05), grain(0.1, seed=1)
    soft = cv2.GaussianBlur(photo, (0, 0), 1.5)
    made = crisp(soft, photo, painting, disc(), 1.0)
    lacked, lacks = (np.log(energy(painting) / energy(picture)) for picture in (soft, made))
    assert lacked > 2
    assert 0 < lacks < 0.3 * lacked
    added, lost = (made - soft)[disc(25) > 0].ravel(), (photo - soft)[disc(25) > 0].ravel()
    assert np.corrcoef(added, lost)[0, 1] > 0.8


def test_no_more_comes_back_than_the_photo_has():
    painting, photo = grain(0.15), grain(0.01, seed=1)
    soft = cv2.GaussianBlur(photo, (0, 0), 1.5)
    assert energy(crisp(soft, photo, painting, disc(), 1.0)) < energy(photo)


def test_what_is_crisp_enough_and_what_is_outside_stays():
    painting, photo = grain(0.02), grain(0.1, seed=1)
    assert np.allclose(crisp(photo, photo, painting, disc(), 1.0), photo, atol=1e-3)
    made = crisp(painting, photo, grain(0.1, seed=2), disc(), 1.0)
    assert np.allclose(made[disc(48) == 0], painting[disc(48) == 0], atol=1e-3)


def test_without_a_painting_round_it_an_object_stays_as_it_is():
    photo = grain(0.1)
    soft = cv2.GaussianBlur(photo, (0, 0), 1.5)
    assert crisp(soft, photo, grain(0.1), np.ones(SIZE, np.float32), 1.0) is soft
