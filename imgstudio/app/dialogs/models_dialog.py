"""The models: which there are, what each is made from and good for; install, check, remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.context import AppContext
from imgstudio.app.controllers.model_jobs import (
    CheckModel,
    InstallModel,
    ListModels,
    ModelEntry,
    ModelState,
    OfferFile,
    RemoveModel,
)
from imgstudio.app.errors import explained
from imgstudio.app.i18n import tr
from imgstudio.app.jobs import JobHandle

SIZE: Final = (860, 520)
LIST_WIDTH: Final = 460
ID_ROLE: Final = Qt.ItemDataRole.UserRole
STATES: Final[dict[ModelState, str]] = {
    "installed": "Installed",
    "checked": "Installed, unchanged",
    "altered": "Changed or damaged",
    "missing": "Weights are missing",
    "available": "Can be installed",
}
HEADINGS: Final = {"data": "Learned from", "scores": "Scores", "limits": "Limits", "training": "Training"}


class ModelsDialog(QDialog):
    """Guards: nothing is fetched before the user has read and agreed to where it comes from."""

    def __init__(self, context: AppContext, parent: QWidget | None = None, chosen: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("models")
        self.setWindowTitle(tr("Models"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*SIZE)
        self._context, self._chosen, self._agreed = context, chosen, ""
        self.entries: list[ModelEntry] = []
        self._run: JobHandle | None = None
        self.list, self.card, self.note, self.bar = QTreeWidget(), QTextBrowser(), QLabel(), QProgressBar()
        self.install, self.check = QPushButton(tr("Install…")), QPushButton(tr("Check"))
        self.remove, self.folder = QPushButton(tr("Remove")), QPushButton(tr("Show folder"))
        self.from_file = QPushButton(tr("From file…"))
        self._name_parts()
        self._arrange()
        self._connect()
        self._reload()

    @property
    def current(self) -> ModelEntry | None:
        item = self.list.currentItem()
        wanted = None if item is None else item.data(0, ID_ROLE)
        return next((entry for entry in self.entries if entry.manifest.id == wanted), None)

    def choose(self, model_id: str) -> None:
        """Put the mark on a model."""
        for index in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(index)
            if item is not None and item.data(0, ID_ROLE) == model_id:
                self.list.setCurrentItem(item)

    def _name_parts(self) -> None:
        for part, name in (
            (self.list, "list"),
            (self.card, "card"),
            (self.note, "note"),
            (self.bar, "progress"),
            (self.install, "install"),
            (self.check, "check"),
            (self.remove, "remove"),
            (self.folder, "folder"),
            (self.from_file, "from-file"),
        ):
            part.setObjectName(f"models.{name}")
        self.check.setToolTip(tr("Read the weights and compare their checksum"))
        self.remove.setToolTip(tr("Only models of your own can be removed"))
        self.from_file.setToolTip(tr("Weights that you have as a file: DDColor (.pth, .pt, .safetensors)"))
        self.install.setProperty("primary", "true")

    def _arrange(self) -> None:
        self.list.setHeaderLabels([tr("Model"), tr("Task"), tr("Size"), tr("State")])
        self.list.setRootIsDecorated(False)
        self.list.header().setStretchLastSection(False)
        for column in range(4):
            mode = QHeaderView.ResizeMode.ResizeToContents if column else QHeaderView.ResizeMode.Stretch
            self.list.header().setSectionResizeMode(column, mode)
        self.list.setMinimumWidth(LIST_WIDTH)
        self.note.setWordWrap(True)
        self.bar.setTextVisible(False)
        self.bar.hide()
        middle, buttons = QHBoxLayout(), QHBoxLayout()
        middle.setSpacing(12)
        middle.addWidget(self.list)
        middle.addWidget(self.card, 1)
        for button in (self.install, self.check, self.remove, self.folder, self.from_file):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        buttons.addStretch(1)
        buttons.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 12, 12, 12)
        whole.setSpacing(12)
        whole.addLayout(middle, 1)
        whole.addWidget(self.note)
        whole.addWidget(self.bar)
        whole.addLayout(buttons)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(self._on_chosen)
        self.install.clicked.connect(self._on_install)
        self.check.clicked.connect(self._on_check)
        self.remove.clicked.connect(self._on_remove)
        self.folder.clicked.connect(self._on_folder)
        self.from_file.clicked.connect(self._on_from_file)

    def _reload(self, *_: object) -> None:
        self._start(ListModels(self._context.models), self._show, busy="")

    def _show(self, entries: list[ModelEntry]) -> None:
        present = self.current
        wanted = self._chosen or ("" if present is None else present.manifest.id)
        self._chosen = ""
        self.entries = entries
        self.list.clear()
        for entry in entries:
            manifest = entry.manifest
            texts = [manifest.name, manifest.task, size_text(entry.size), tr(STATES[entry.state])]
            item = QTreeWidgetItem(texts)
            item.setData(0, ID_ROLE, manifest.id)
            item.setToolTip(0, manifest.id)
            self.list.addTopLevelItem(item)
        if entries:
            self.choose(entries[0].manifest.id)
            self.choose(wanted)
        else:
            self.note.setText(tr("No models are installed."))
        self._refresh()

    def _refresh(self) -> None:
        entry, is_free = self.current, self._run is None
        is_here = entry is not None and entry.folder is not None
        self.install.setVisible(entry is not None and entry.state in ("available", "altered", "missing"))
        self.install.setEnabled(is_free and entry is not None and entry.state == "available")
        self.check.setEnabled(is_free and is_here)
        self.remove.setEnabled(is_free and entry is not None and entry.is_removable)
        self.folder.setEnabled(is_here)
        self.from_file.setEnabled(is_free)
        is_asked = entry is not None and self._agreed == entry.manifest.id
        self.install.setText(tr("Agree and install") if is_asked else tr("Install…"))

    def _on_chosen(self) -> None:
        entry = self.current
        self._agreed = ""
        self.card.setHtml("" if entry is None else card_html(entry))
        if self._run is None:
            self.note.setText("")
        self._refresh()

    def _on_install(self) -> None:
        entry = self.current
        if entry is None:
            return
        if entry.question and self._agreed != entry.manifest.id:
            self._agreed = entry.manifest.id
            self.note.setText(entry.question)
            self._refresh()
            return
        title = tr("Installing {name}").format(name=entry.manifest.name)
        self._chosen = entry.manifest.id
        self._start(InstallModel(title, entry.manifest), self._on_changed, busy=title)

    def _on_from_file(self) -> None:
        kinds = tr("Weights") + " (*.pth *.pt *.safetensors)"
        name, _ = QFileDialog.getOpenFileName(self, tr("Weights from a file"), "", kinds)
        if name:
            self.offer(Path(name))

    def offer(self, path: Path) -> None:
        """Put weights from a file on the list, to be installed like any others."""
        self._start(OfferFile(path), self._on_offered, busy="")

    def _on_offered(self, entry: ModelEntry) -> None:
        self._chosen = entry.manifest.id
        self._show([*(item for item in self.entries if item.manifest.id != entry.manifest.id), entry])

    def _on_check(self) -> None:
        entry = self.current
        if entry is not None:
            title = tr("Checking {name}").format(name=entry.manifest.name)
            job = CheckModel(self._context.models, entry.manifest.id, title)
            self._start(job, partial(self._on_checked, entry), busy=title)

    def _on_checked(self, entry: ModelEntry, state: ModelState) -> None:
        self._chosen = entry.manifest.id
        self._show([replace(item, state=state) if item is entry else item for item in self.entries])
        self.note.setText(f"{entry.manifest.name}: {tr(STATES[state])}")

    def _on_remove(self) -> None:
        entry = self.current
        if entry is not None:
            title = tr("Removing {name}").format(name=entry.manifest.name)
            job = RemoveModel(self._context.models, entry.manifest.id, title)
            self._start(job, self._on_changed, busy=title)

    def _on_changed(self, _: object) -> None:
        """Models came or went: list them again, and let the filters know."""
        self._context.models().refresh()
        self._run = None
        self._reload()

    def _on_folder(self) -> None:
        entry = self.current
        if entry is not None and entry.folder is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(entry.folder)))

    def _start(self, job: Any, then: Callable[[Any], None], *, busy: str) -> None:
        if self._run is not None:
            return
        handle = self._context.jobs.start(job, "io")
        self._run = handle
        if busy:
            self.note.setText(busy)
            self.bar.setRange(0, 0)
            self.bar.show()
        handle.progressed.connect(self._on_progressed)
        handle.finished.connect(partial(self._on_finished, handle))
        handle.succeeded.connect(then)
        handle.failed.connect(self._on_failed)
        self._refresh()

    def _on_progressed(self, fraction: float, message: str) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(fraction * 1000))

    def _on_failed(self, error: Exception) -> None:
        told = explained(error)
        self.note.setText(
            " ".join(f"{part.rstrip('.')}." for part in (told.what, told.why, told.what_to_do) if part)
        )

    def _on_finished(self, handle: JobHandle) -> None:
        if self._run is handle:
            self._run = None
        self.bar.setVisible(self._run is not None and self.bar.isVisible())
        self._agreed = ""
        self._refresh()

    def done(self, result: int) -> None:
        """An installation goes on when the dialog closes; only listing and checking stop."""
        run, self._run = self._run, None
        if run is not None and not isinstance(run.job, InstallModel):
            run.cancel()
        super().done(result)


def card_html(entry: ModelEntry) -> str:
    """What a model says about itself, for people."""
    manifest = entry.manifest
    parts = [f"<h3>{escape(manifest.name)}</h3>"]
    parts += _section(tr("Licence"), manifest.licence or tr("not stated"))
    for name, value in manifest.card.items():
        parts += _section(tr(HEADINGS.get(name, name.replace("_", " ").capitalize())), value)
    identity = f"{manifest.id} · {manifest.architecture}"
    if manifest.sha256:
        identity += f" · sha256 {manifest.sha256[:12]}…"
    return "".join([*parts, f"<p><small>{escape(identity)}</small></p>"])


def _section(heading: str, value: Any) -> list[str]:
    return [f"<p><b>{escape(heading)}</b></p>", _told(value)]


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        rows = "".join(f"<li>{escape(str(name))}: {_told_inside(item)}</li>" for name, item in value.items())
        return f"<ul>{rows}</ul>"
    return f"<p>{_told_inside(value)}</p>"


def _told_inside(value: Any) -> str:
    if isinstance(value, Mapping):
        return escape(", ".join(f"{name} {item}" for name, item in value.items()))
    if isinstance(value, list | tuple):
        return escape(", ".join(map(str, value)))
    return escape(str(value))


def size_text(size: int) -> str:
    """Bytes as people read them, "" when they are not known."""
    return f"{max(0.1, size / 1e6):,.1f} MB" if size else ""
