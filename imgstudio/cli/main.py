"""The command line: which commands there are, how they fail, what they return."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Final

from imgstudio.cli import apply, batch, doctor, filters, info, labels, models, segment, sheet, train
from imgstudio.cli.console import Console
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled
from imgstudio.core.version import __version__

log = logging.getLogger(__name__)

_MODULES: Final = {
    "apply": apply,
    "batch": batch,
    "sheet": sheet,
    "segment": segment,
    "labels": labels,
    "filters": filters,
    "models": models,
    "train": train,
    "info": info,
    "doctor": doctor,
}
COMMANDS: Final = tuple(_MODULES)

DONE, SOME_FAILED, WRONG_USAGE, CANCELLED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 done, 1 some files failed, 2 wrong usage or bad input, 130 cancelled."""
    parsed = _parser().parse_args(arguments)
    console = Console(quiet=parsed.quiet)
    with console.interruptible():
        try:
            return int(_MODULES[parsed.command].run(parsed, console))
        except UserError as error:
            console.error(error)
            return WRONG_USAGE
        except Cancelled:
            console.note("Cancelled. Nothing was written that is not whole.")
            return CANCELLED
        except MemoryError:
            console.error(
                UserError(
                    "There is not enough memory", "", "Close other programs or give --memory a lower limit"
                )
            )
            return SOME_FAILED
        except BrokenPipeError:
            sys.stderr.close()
            return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="imgstudio", description="Edit pictures without a window. Without a command the window opens."
    )
    parser.add_argument("--version", action="version", version=f"imgstudio {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in _MODULES.items():
        doc = (module.__doc__ or "").split(":", 1)[-1].strip()
        sub = commands.add_parser(name, help=doc, description=doc)
        sub.add_argument("--quiet", action="store_true", help="show no progress")
        module.add_arguments(sub)
    return parser
