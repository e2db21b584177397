"""The export dialog says how large the file will be, without holding anyone up."""

from __future__ import annotations

import numpy as np
import pytest

from imgstudio.app.controllers.filejobs import ExportSizeJob
from imgstudio.app.dialogs import export_dialog
from imgstudio.app.dialogs.export_dialog import ExportDialog
from imgstudio.app.dialogs.export_params import ExportParams
from imgstudio.core.document import Document
from imgstudio.core.jobs import Progress
from imgstudio.core.opening import export_picture
from imgstudio.core.snapshot import freeze


@pytest.fixture
def document():
    return Document.from_pixels(np.random.default_rng(1).integers(0, 256, (120, 160, 4), np.uint8))


def test_the_size_is_that_of_the_file(document, tmp_path):
    params = ExportParams()
    size = ExportSizeJob(freeze(document), params.suffix, params.options()).run(Progress())
    path = tmp_path / f"a{params.suffix}"
    export_picture(freeze(document), path, params.options())
    assert size == path.stat().st_size


def test_the_dialog_tells_it_once_the_options_rest(studio, document, tmp_path, monkeypatch):
    monkeypatch.setattr(export_dialog, "SIZE_AFTER_MS", 20)
    dialog = ExportDialog(
        document, studio.program.jobs, ExportParams(format="JPEG"), tmp_path / "a.jpg", studio.window
    )
    dialog.open()
    studio.wait(lambda: "kB" in dialog.size_.text())
    first = dialog.size_.text()
    values = dialog.form.value()
    dialog.form.set_value(type(values)(**{**vars(values), "jpeg_quality": 20}))
    dialog.form.changed.emit(dialog.form.value())
    assert "Finding" in dialog.size_.text()
    studio.wait(lambda: "kB" in dialog.size_.text())
    assert dialog.size_.text() != first
    dialog.close()
    studio.settle()
    dialog.deleteLater()
