"""Starts the window; the only place where the parts are put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from imgstudio.app.actions.catalogue import all_actions
from imgstudio.app.actions.registry import ActionRegistry
from imgstudio.app.canvas.tools.base import ToolState
from imgstudio.app.canvas.tools.toolbox import Toolbox
from imgstudio.app.context import AppContext
from imgstudio.app.controllers.clipboard import Clipboard
from imgstudio.app.controllers.colorize_rescue import StrokeRescue
from imgstudio.app.controllers.document_edits import DocumentEdits
from imgstudio.app.controllers.documents import Documents
from imgstudio.app.controllers.recovery import Recovery
from imgstudio.app.dialogs.questions import Questions
from imgstudio.app.errors import install_exception_hook
from imgstudio.app.jobs import JobService, running_threads
from imgstudio.app.logfile import start_logging
from imgstudio.app.main_window import MainWindow
from imgstudio.app.panels.colorize_branch import COLORIZE
from imgstudio.app.panels.filter import FilterPanel
from imgstudio.app.rescue import offer_rescue
from imgstudio.app.theme import apply_theme
from imgstudio.core.settings import Settings
from imgstudio.core.version import __version__
from imgstudio.filters.registry import load_filters

QT_VARIABLES_OF_OPENCV: Final = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


class Studio:
    """One window with everything behind it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.jobs = JobService()
        filters = load_filters()
        self._source_types: dict[str, str] = {}
        self.documents = Documents(settings, self.jobs, self._source_types)
        self.context = AppContext(settings, self.jobs, filters, self.documents, Toolbox(ToolState()))
        self.context.clipboard = Clipboard()
        self.context.edits = DocumentEdits(self.context)
        self.actions = ActionRegistry(self.context, all_actions(filters, self.context.tools.tools.values()))
        self.context.actions = self.actions
        self.window = MainWindow(self.context, self.actions)
        self.context.ask = Questions(self.window, settings, self.jobs, self.actions.shortcut_rows)
        self.recovery = Recovery(self.documents, settings, self.jobs)
        self.recovery.failed.connect(self.context.error)
        self._keep_strokes()
        settings.changed.connect(self._on_setting)
        self.context.filters_changed.connect(self._on_filters)
        self._on_filters()

    def close(self) -> bool:
        """Stop all jobs and forget the autosaves; False when a thread does not end."""
        ended = self.jobs.shutdown()
        self.context.clipboard.leave()
        self.recovery.close()
        return ended

    def _keep_strokes(self) -> None:
        """Colour strokes that are not applied yet survive a crash too."""
        panel, item = self.context.filter_panel, self.context.filters.find(COLORIZE)
        if item is None or not isinstance(panel, FilterPanel):
            return
        self.recovery.holder = StrokeRescue(panel.colorize.work.drafts, item.params)
        panel.own_steps.changed.connect(self.recovery.save_soon)

    def _on_filters(self) -> None:
        self._source_types |= {item.id: item.source_type for item in self.context.filters}

    def _on_setting(self, name: str) -> None:
        application = QApplication.instance()
        if name == "theme" and isinstance(application, QApplication):
            apply_theme(application, self.settings)


def run(paths: Sequence[Path]) -> int:
    """Show the window with these files until it is closed; return the exit status."""
    start_logging()
    settings = Settings.of_user()
    application = make_application(settings)
    studio = Studio(settings)
    install_exception_hook(studio.context.error.emit)
    # Qt's own quitting asks once more and now and then ends nothing: the window was gone and the program still there.
    application.lastWindowClosed.connect(lambda: application.exit(0))
    studio.window.show()
    # After the first frame, so that the window is there while files are read.
    QTimer.singleShot(0, lambda: studio.documents.open_paths(paths))
    QTimer.singleShot(0, lambda: offer_rescue(studio.recovery, studio.window))
    status = application.exec()
    studio.close()
    if running_threads():  # leaving a thread behind would abort the process with a core dump
        os._exit(status)
    return status


def make_application(settings: Settings) -> QApplication:
    """The QApplication with scale, plug-ins and theme as they must be before the first window."""
    for name in QT_VARIABLES_OF_OPENCV:  # they point to OpenCV's plug-ins, which are not PySide6's
        os.environ.pop(name, None)
    if settings.ui_scale != 100:
        os.environ["QT_SCALE_FACTOR"] = f"{settings.ui_scale / 100:g}"
    # torch reads it when a worker imports it; the window keeps a core for itself.
    threads = settings.threads or max(1, (os.cpu_count() or 2) - 1)
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QCoreApplication.setApplicationName("imgstudio")
    QCoreApplication.setApplicationVersion(__version__)
    application = QApplication(sys.argv[:1])
    apply_theme(application, settings)
    return application
