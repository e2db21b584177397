"""The Help menu: keys, about, and what a report of a fault needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from PySide6.QtCore import QUrl, qVersion
from PySide6.QtGui import QDesktopServices, QGuiApplication

from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.app.logfile import log_folder
from imgstudio.core.jobs import Progress
from imgstudio.core.paths import ensured
from imgstudio.core.version import __version__


@dataclass(frozen=True, slots=True)
class DoctorJob:
    """Asks the machine what it can do; loads torch, so it takes a few seconds the first time."""

    title: str = "Looking at this machine"

    def run(self, progress: Progress) -> dict[str, Any]:
        from imgstudio.engine.device import device_report

        progress.update(0.0)
        return device_report()


def report_text(machine: dict[str, Any], context: AppContext) -> str:
    """Plain text for a report: versions, machine, plug-ins that were refused."""
    screen = QGuiApplication.primaryScreen()
    facts = {
        "imgstudio": __version__,
        "qt": qVersion(),
        "platform": QGuiApplication.platformName(),
        "screen": f"{screen.size().width()}x{screen.size().height()} at {screen.devicePixelRatio():g}",
        "filters": len(context.filters),
        "switched off": [f"{item.name}: {item.reason}" for item in context.filters.disabled],
    }
    return json.dumps(facts | machine, indent=2, ensure_ascii=False)


def doctor(context: AppContext) -> None:
    handle = context.jobs.start(DoctorJob())
    handle.succeeded.connect(lambda machine: _copy(context, machine))


def _copy(context: AppContext, machine: dict[str, Any]) -> None:
    QGuiApplication.clipboard().setText(report_text(machine, context))
    context.message.emit(tr("The report is in the clipboard"))


def open_log_folder(context: AppContext) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(ensured(log_folder()))))


ACTIONS: Final = (
    ActionSpec(
        "help.shortcuts", "Keyboard shortcuts", "F1", "Help", lambda context: context.ask.show("shortcuts")
    ),
    ActionSpec(
        "help.models",
        "Models…",
        "",
        "Help",
        lambda context: context.window.open_models(),
        help="The neural networks: what they learned from, their limits, install and remove.",
    ),
    ActionSpec(
        "help.doctor",
        "Copy report about this machine",
        "",
        "Help",
        doctor,
        separator=True,
        help="Versions, memory and devices, for a report of a fault. Nothing is sent.",
    ),
    ActionSpec("help.log", "Open log folder", "", "Help", open_log_folder),
    ActionSpec(
        "help.about", "About imgstudio", "", "Help", lambda context: context.ask.show("about"), separator=True
    ),
)
