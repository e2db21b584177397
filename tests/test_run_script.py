"""The script that installs and starts the program: what it asks pip for."""

import importlib.util
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("run_script", ROOT / "packaging" / "run.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_project_itself_is_never_asked_of_the_package_index(script):
    asked = script.requirements(["test"])
    assert not [requirement for requirement in asked if requirement.startswith("imgstudio")]


def test_an_extra_brings_the_extras_that_it_names(script):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = script.requirements(["test"])
    extras = project["optional-dependencies"]
    assert set(asked) >= {*project["dependencies"], *extras["distributed"], *extras["onnx"], "pytest>=8"}
    assert len(asked) == len(set(asked))


def test_an_unknown_extra_is_refused(script):
    with pytest.raises(KeyError):
        script.requirements(["no such extra"])
