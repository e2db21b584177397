"""The same jobs without a window: `imgstudio apply | batch | filters | models | info | doctor`."""

from imgstudio.cli.main import COMMANDS, main

__all__ = ["COMMANDS", "main"]
