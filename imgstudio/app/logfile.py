"""The log on disk: warnings and errors of the last runs."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from imgstudio.core.errors import UserError
from imgstudio.core.paths import ensured, user_cache

MOST_BYTES: Final = 1 << 20
KEPT: Final = 3
FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def log_folder() -> Path:
    return user_cache() / "log"


def start_logging() -> None:
    """Write to the log file from now on; the program runs without one where that cannot be."""
    try:
        folder = ensured(log_folder())
        handler = RotatingFileHandler(
            folder / "imgstudio.log", maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8"
        )
    except (UserError, OSError):
        logging.basicConfig(level=logging.INFO, format=FORMAT)
        return
    handler.setFormatter(logging.Formatter(FORMAT))
    logger = logging.getLogger("imgstudio")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
