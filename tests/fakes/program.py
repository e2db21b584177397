"""The program with the recipe "fake" and its filter: `python -m tests.fakes.program train ...`."""

from __future__ import annotations

import sys
from pathlib import Path

from imgstudio.__main__ import main
from imgstudio.filters import learned
from imgstudio.learn import recipes

RECIPES, KINDS = Path(__file__).parent / "recipes", Path(__file__).parent / "kinds"

if __name__ == "__main__":
    recipes.__path__.append(str(RECIPES))
    learned.__path__.append(str(KINDS))
    sys.exit(main())
