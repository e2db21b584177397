"""The program's version, where every floor can read it."""

from typing import Final

__version__: Final = "0.1.0"
