"""Asks where a model shall be written: a folder for this program, or one ONNX file for others."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PySide6.QtWidgets import QFileDialog, QWidget

from imgstudio.app.i18n import tr

Form = Literal["folder", "onnx"]


def ask_target(parent: QWidget, form: Form, name: str) -> Path | None:
    """Where to write; None when the person changed their mind."""
    if form == "folder":
        chosen = QFileDialog.getExistingDirectory(parent, tr("Folder for the model"), str(Path.home()))
        return Path(chosen) if chosen else None
    start = str(Path.home() / f"{name}.onnx")
    chosen, _ = QFileDialog.getSaveFileName(parent, tr("Export as ONNX"), start, "ONNX (*.onnx)")
    return Path(chosen).with_suffix(".onnx") if chosen else None
