"""The one command: a known first word goes to the command line, anything else opens the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from imgstudio.cli import COMMANDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and (words[0] in COMMANDS or words[0].startswith("-")):
        from imgstudio.cli.main import main as command_line

        return command_line(words)
    from imgstudio.app.__main__ import run

    return run([Path(word).absolute() for word in words])


if __name__ == "__main__":
    sys.exit(main())
