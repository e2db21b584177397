"""Makes the environment, then starts imgstudio or its tests: `python3 packaging/run.py [photo.jpg | test | command ...]`.

Standard library only. Quick when nothing changed: a stamp of pyproject.toml says whether to install again.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("IMGSTUDIO_VENV", ROOT / ".venv"))
STAMP = VENV / "imgstudio-stamp.txt"
OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")

LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
"""What Qt and OpenCV load on Linux, and the Debian package that has it."""
WINDOW_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
}
"""What a window on X11 needs in addition."""


def say(text: str) -> None:
    sys.stderr.write(f"imgstudio: {text}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Prepare, then hand over to the program or to pytest; returns the exit code."""
    if sys.version_info < OLDEST:
        return with_newer_python(arguments)
    testing = arguments[:1] == ["test"]
    extra = "test" if testing else ""
    try:
        install_system_packages(window=True, testing=testing)
        install_python_packages(extra)
    except subprocess.CalledProcessError as error:
        say(f"this step failed: {' '.join(map(str, error.cmd))}")
        say("Nothing else was changed. Check the network connection and run the same command again.")
        return 1
    command = tests(arguments[1:]) if testing else [str(python()), "-m", "imgstudio", *arguments]
    return subprocess.call(command, cwd=ROOT if testing else None, env=environment(testing=testing))


def with_newer_python(arguments: list[str]) -> int:
    """Start this script again with a Python that is new enough, if there is one."""
    for name in NEWER:
        found = shutil.which(name)
        if found:
            return subprocess.call([found, str(Path(__file__).resolve()), *arguments])
    say(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.")
    return 1


def python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def environment(*, testing: bool) -> dict[str, str]:
    """The child's environment: the checkout is importable from any folder, and tests need no screen."""
    made = dict(os.environ)
    made["PYTHONPATH"] = os.pathsep.join(p for p in (str(ROOT), made.get("PYTHONPATH", "")) if p)
    made.pop("PYTHONHOME", None)
    if testing and sys.platform.startswith("linux"):
        made.setdefault("QT_QPA_PLATFORM", "offscreen")
    return made


def tests(arguments: list[str]) -> list[str]:
    return [str(python()), "-m", "pytest", *arguments]


def missing_packages(*, window: bool, testing: bool) -> list[str]:
    """Debian packages whose library cannot be loaded, or whose program is not there."""
    wanted = dict(LIBRARIES)
    if window:
        wanted |= WINDOW_LIBRARIES
    missing = [package for library, package in wanted.items() if not loads(library)]
    if not has_venv():
        missing.append("python3-venv")
    if testing and not shutil.which("Xvfb"):
        missing += ["xvfb", "xauth"]
    return missing


def loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_venv() -> bool:
    return (
        subprocess.call(
            [sys.executable, "-c", "import venv, ensurepip"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        == 0
    )


def install_system_packages(*, window: bool, testing: bool) -> None:
    """On Debian and its relatives install what is missing, or print the line that does."""
    if not sys.platform.startswith("linux"):
        return
    missing = missing_packages(window=window, testing=testing)
    if not missing:
        return
    apt = shutil.which("apt-get")
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if apt is None:
        say(f"these libraries are missing; install what your system calls: {' '.join(missing)}")
    elif os.geteuid() == 0:
        say(f"installing {' '.join(missing)}")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.check_call([apt, "update", "-qq"], env=quiet, stdout=sys.stderr)
        subprocess.check_call([apt, *line.split()[1:], "-qq"], env=quiet, stdout=sys.stderr)
    else:
        say(f"some libraries are missing. Please run:  sudo {line}")


def install_python_packages(extra: str) -> None:
    """Make the environment and install what pyproject.toml asks for, once for each state of that file."""
    project = ROOT / "pyproject.toml"
    digest = hashlib.sha256(project.read_bytes()).hexdigest()
    have = STAMP.read_text().split() if STAMP.exists() else []
    if python().exists() and have[:1] == [digest] and (not extra or extra in have[1:]):
        return
    if not python().exists():
        say(f"making {VENV}")
        subprocess.check_call([sys.executable, "-m", "venv", str(VENV)], stdout=sys.stderr)
    say("installing Python packages; the first time this takes some minutes")
    extras = sorted({*have[1:], extra} - {""})
    packages = requirements(extras)
    pip = [str(python()), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
    subprocess.check_call([*pip, *packages], stdout=sys.stderr)
    STAMP.write_text(" ".join([digest, *extras]))


def requirements(extras: list[str]) -> list[str]:
    """Dependencies and extras of pyproject.toml; the checkout itself is not installed but put on the path.

    An extra may name others of the project itself, as `name[other]`: those are taken in its place.
    """
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    wanted = list(project["dependencies"])
    waiting, seen = list(extras), set()
    while waiting:
        extra = waiting.pop(0)
        if extra in seen:
            continue
        seen.add(extra)
        for requirement in optional[extra]:
            own = requirement.removeprefix(project["name"])
            if own != requirement and own.startswith("["):
                waiting += [name.strip() for name in own.strip("[]").split(",")]
            else:
                wanted.append(requirement)
    return wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
