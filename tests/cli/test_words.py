"""Which words are commands is known without loading them."""

from __future__ import annotations

import subprocess
import sys

from imgstudio.cli import COMMANDS
from imgstudio.cli.main import COMMANDS as LOADED


def test_the_words_are_the_commands_there_are():
    assert COMMANDS == LOADED


def test_starting_loads_neither_commands_nor_readers_of_rare_files():
    code = (
        "import sys, imgstudio.__main__, imgstudio.app.__main__\n"
        "heavy = {'imgstudio.cli.main', 'tifffile', 'scipy', 'torch', 'PIL.ImageCms', 'imgstudio.app.dialogs.export_dialog',"
        " 'imgstudio.app.panels.preferences', 'imgstudio.app.dialogs.models_dialog'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
