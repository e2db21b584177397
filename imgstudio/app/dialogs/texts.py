"""Pages to read: the keyboard shortcuts and what the program is."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, metadata
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from imgstudio.app.i18n import tr
from imgstudio.core.version import __version__

PACKAGES: Final = (
    "PySide6-Essentials",
    "torch",
    "torchvision",
    "numpy",
    "opencv-python",
    "scipy",
    "pillow",
    "tifffile",
    "imagecodecs",
    "qtawesome",
    "safetensors",
    "psygnal",
    "platformdirs",
)
LONGEST_LICENCE: Final = 40


class TableDialog(QDialog):
    """A searchable table of three columns."""

    def __init__(
        self,
        title: str,
        heads: list[str],
        rows: Sequence[tuple[str, ...]],
        intro: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(620, 520)
        self.search, self.table = QLineEdit(), QTreeWidget()
        self.search.setPlaceholderText(tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.table.setHeaderLabels(heads)
        self.table.setRootIsDecorated(False)
        self.table.header().setStretchLastSection(False)
        for column in range(len(heads)):
            mode = QHeaderView.ResizeMode.ResizeToContents if column else QHeaderView.ResizeMode.Stretch
            self.table.header().setSectionResizeMode(column, mode)
        self.table.addTopLevelItems([QTreeWidgetItem(list(row)) for row in rows])
        self.search.textChanged.connect(self._filter)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 12, 12, 12)
        whole.setSpacing(12)
        if intro:
            words = QLabel(intro)
            words.setWordWrap(True)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
            whole.addWidget(words)
        whole.addWidget(self.search)
        whole.addWidget(self.table, 1)
        whole.addWidget(buttons)

    def _filter(self, query: str) -> None:
        wanted = query.casefold()
        for index in range(self.table.topLevelItemCount()):
            item = self.table.topLevelItem(index)
            if item is not None:
                texts = [item.text(column).casefold() for column in range(self.table.columnCount())]
                item.setHidden(not any(wanted in text for text in texts))


def about_dialog(parent: QWidget | None) -> TableDialog:
    intro = tr(
        "<p><b>imgstudio {version}</b></p><p>An image editor whose filters are real neural networks and real "
        "optimisers. It sends nothing anywhere.</p><p>Python {python} on {system}</p>"
    ).format(version=__version__, python=platform.python_version(), system=platform.system())
    rows = [row for row in map(_package, PACKAGES) if row is not None]
    return TableDialog(
        tr("About imgstudio"), [tr("Built with"), tr("Version"), tr("Licence")], rows, intro, parent
    )


def _package(name: str) -> tuple[str, str, str] | None:
    try:
        found = metadata(name).json
    except PackageNotFoundError:
        return None
    stated = str(found.get("license_expression") or found.get("license") or "").strip()
    classified = _classified(list(found.get("classifier", ())))
    # Some packages state the whole text of their licence.
    licence = classified if classified and len(stated) > LONGEST_LICENCE else stated or classified
    return name, str(found["version"]), _shortened(licence or tr("see its package"))


def _classified(classifiers: list[str]) -> str:
    licences = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    return ", ".join(licences)


def _shortened(licence: str) -> str:
    first = licence.splitlines()[0]
    return first if len(first) <= LONGEST_LICENCE else f"{first[:LONGEST_LICENCE].rstrip()}…"
