"""The kit for authors passes good filters and catches broken ones; the template in the repository works."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from imgstudio.filters.base import Filter, NoParams
from imgstudio.filters.kit import check_filter
from imgstudio.filters.registry import load_filters

ROOT = Path(__file__).parents[2]


def test_the_built_in_classics_pass():
    for item in load_filters([]):
        if isinstance(item, Filter) and item.id in ("levels", "sharpen", "resize"):
            check_filter(item)


def test_a_filter_that_reaches_further_than_it_says_is_caught():
    blur = load_filters([])["blur"]
    with pytest.raises(AssertionError, match="margin"):
        check_filter(replace(blur, margin=lambda params: 0))


def test_a_filter_that_depends_on_chance_is_caught():
    def noise(image, params, progress):
        return image.pixels + np.random.default_rng().random(image.pixels.shape, np.float32)

    with pytest.raises(AssertionError):
        check_filter(Filter("n", "N", "Other", "Noise.", NoParams, noise, margin=lambda params: None))


def test_a_filter_that_is_right_with_its_margin_passes():
    def soft(image, params, progress):
        return cv2.GaussianBlur(image.pixels, (7, 7), 1.5)

    check_filter(Filter("soft", "Soft", "Other", "Soft.", NoParams, soft, margin=lambda params: 4))


def test_the_template_plug_in_passes_its_own_tests():
    folder = ROOT / "packaging" / "plugin_template"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        str(folder / "pyproject.toml"),
        str(folder),
    ]
    path = os.pathsep.join((str(ROOT), str(folder)))
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
