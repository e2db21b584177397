"""A folder of drawn pictures with masks: a bright disc on a dark ground, and a report about it."""

import numpy as np
from PIL import Image

from imgstudio.learn.dataset.report import ClassShare, DatasetReport, Sample, Split

SIZE = (64, 48)


def disc(number):
    """(48, 64, 3) picture and its mask with a void ring."""
    random = np.random.default_rng(number)
    x, y, radius = random.integers(16, 48), random.integers(14, 34), random.integers(8, 14)
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    distance = np.hypot(rows - y, columns - x)
    mask = np.where(distance < radius, 1, 0).astype(np.uint8)
    mask[np.abs(distance - radius) < 0.5] = 9
    picture = np.where(distance[..., None] < radius, (210, 190, 60), (40, 60, 90))
    return np.clip(picture + random.normal(0, 12, (*mask.shape, 3)), 0, 255).astype(np.uint8), mask, (x, y)


def disc_folder(folder, count=10):
    """Report of a folder that is written there."""
    samples = []
    for number in range(count):
        picture, mask, centre = disc(number)
        image, target = folder / f"{number}.png", folder / f"{number}_mask.png"
        Image.fromarray(picture).save(image)
        Image.fromarray(mask).save(target)
        extra = {"points": {"centre": [float(v) for v in centre]}}
        samples.append(Sample(image, target, *SIZE, extra=extra))
    classes = (
        ClassShare("background", 0, 0.8, count, (0, 0, 0)),
        ClassShare("disc", 1, 0.2, count, (250, 60, 60)),
    )
    split = Split(tuple(range(count - 3)), tuple(range(count - 3, count)), "The last three judge.")
    return DatasetReport(folder, tuple(samples), split, classes=classes, ignored=9)
