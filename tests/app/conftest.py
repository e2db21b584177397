"""Fixtures of the app floor."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


def _loaded(name):
    spec = importlib.util.spec_from_file_location(f"tests_app_{name}", Path(__file__).parent / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def person():
    """The module studio.py: `Studio`, `Answers`, `check_document`."""
    return _loaded("studio")


@pytest.fixture(scope="session")
def _window(qapp, person, tmp_path_factory):
    """One window for all tests: making one takes longer than most of them."""
    made = person.Studio()
    yield made
    made.close()


@pytest.fixture
def studio(qtbot, _window):
    """A window as new in the hands of a person."""
    _window.begin(qtbot)
    yield _window
    _window.end()
