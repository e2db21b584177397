"""The bar over the lower edge of the picture that offers what comes next for an object: never in the way, never asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from weakref import ref

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from imgstudio.app.controllers.objects import is_cut_out, stale_result
from imgstudio.app.i18n import tr
from imgstudio.app.icons import icon
from imgstudio.app.sign import Sign
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer

if TYPE_CHECKING:
    from imgstudio.app.context import AppContext

GAP: Final = 12
"""From the edges of the picture's window (logical pixels)."""
LONGEST_NAME: Final = 24


@dataclass(frozen=True, slots=True)
class _Offer:
    """One button: an action, and its short name here."""

    action: str
    text: str
    primary: bool = False
    toggles: bool = False


OFFERS: Final = (
    _Offer("edit.transform", "Transform"),
    _Offer("object.cut_out", "Cut out"),
    _Offer("object.match", "Match"),
    _Offer("object.preview", "Preview", toggles=True),
    _Offer("object.harmonize", "Harmonize…", primary=True),
    _Offer("object.remake", "Re-run", primary=True),
)
FIRST_TO_GO: Final = ("edit.transform", "object.match", "object.cut_out")
"""Where there is no room for all; they are in the menus too."""
FOR_MOVED: Final = ("object.preview", "object.remake")


class ObjectBar(QFrame):
    """Guards: it speaks of the active layer only, and is gone for good once it was closed."""

    def __init__(self, context: AppContext, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setObjectName("object_bar")
        self.setProperty("role", "card")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._context, self._canvas = context, canvas
        self._document: ref[Document] | None = None
        self._placed = ""
        """Id of the layer that was placed and not yet dismissed."""
        self._closed: set[tuple[str, str]] = set()
        """What was closed: ids of results, with how their object lay."""
        self._stale: Layer | None = None
        self._offered = {offer.action: False for offer in OFFERS}
        self._sign, self._label = Sign("image-plus-outline", 18), QLabel(self)
        self._label.setObjectName("object_bar.text")
        self._buttons = {offer.action: self._button(offer) for offer in OFFERS}
        self._close = QToolButton(self)
        self._close.setObjectName("object_bar.close")
        self._close.setIcon(icon("close"))
        self._close.setIconSize(QSize(16, 16))
        self._close.setToolTip(tr("Close this bar"))
        self._close.clicked.connect(self._on_closed)
        self._lay_out()
        canvas.installEventFilter(self)
        context.placed.connect(self._on_placed)
        context.documents.current_changed.connect(self._on_document)
        context.filter_panel.blend.changed.connect(self.refresh)
        context.filter_panel.shown.connect(self.refresh)
        self.hide()

    def refresh(self) -> None:
        """Show what is to be said of the active object now."""
        document = None if self._document is None else self._document()
        layer = None if document is None else document.active
        if document is None or layer is None or self._context.filter_panel.is_at_work:
            self._stale = None
            self.hide()
            return
        stale = stale_result(document)
        self._stale = None if stale is None or self._key(stale) in self._closed else stale
        if self._stale is None and layer.id != self._placed:
            self.hide()
            return
        self._say(layer)
        self._fit()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._fit()
        return False

    def _say(self, layer: Layer) -> None:
        moved, name = self._stale is not None, _short(layer.name)
        self._sign.set_icon("cursor-move" if moved else "image-plus-outline")
        if moved:
            self._label.setText(tr("The object has moved since it was harmonized"))
        else:
            self._label.setText(tr("“{name}” placed").format(name=name))
            self._label.setToolTip(layer.name)
        specs, blend = self._context.actions, self._context.filter_panel.blend
        for offer in OFFERS:
            wanted = offer.action in FOR_MOVED if moved else offer.action != "object.remake"
            if offer.action == "object.cut_out":
                wanted = wanted and specs.is_enabled(offer.action) and not is_cut_out(layer)
            button = self._buttons[offer.action]
            button.setVisible(wanted)
            self._offered[offer.action] = wanted
            button.setToolTip(specs.tooltip(offer.action))
        self._buttons["object.preview"].setChecked(blend.is_on or blend.is_showing)

    def _fit(self) -> None:
        """Bottom middle of the canvas; where there is little room, what is least needed goes first."""
        room = self._canvas.width() - 2 * GAP
        dropped: list[QWidget] = [self._label, self._sign, *(self._buttons[name] for name in FIRST_TO_GO)]
        self._label.show()
        self._sign.show()
        for name in FIRST_TO_GO:
            self._buttons[name].setVisible(self._offered[name])
        for part in dropped:
            self._row.activate()
            if self.sizeHint().width() <= room:
                break
            part.hide()
        self._row.activate()
        self.resize(min(self.sizeHint().width(), room), self.sizeHint().height())
        x = (self._canvas.width() - self.width()) // 2
        self.move(x, self._canvas.height() - self.height() - GAP)

    def _lay_out(self) -> None:
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 4, 4)
        row.setSpacing(4)
        row.addWidget(self._sign)
        row.addSpacing(4)
        row.addWidget(self._label)
        row.addSpacing(8)
        for button in self._buttons.values():
            row.addWidget(button)
        row.addWidget(self._close)

    def _button(self, offer: _Offer) -> QPushButton | QToolButton:
        if offer.primary:
            button: QPushButton | QToolButton = QPushButton(tr(offer.text), self)
            button.setProperty("primary", True)  # noqa: FBT003 - Qt properties take no keywords
        else:
            button = QToolButton(self)
            button.setText(tr(offer.text))
            button.setProperty("role", "link")
            button.setCheckable(offer.toggles)
            if offer.toggles:
                button.setIcon(icon("eye-outline"))
                button.setIconSize(QSize(16, 16))
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setObjectName(f"object_bar.{offer.action.partition('.')[2]}")
        button.setFixedHeight(26)
        button.clicked.connect(lambda: self._context.actions.run(offer.action))
        return button

    def _on_placed(self, layer: Layer) -> None:
        self._placed = layer.id
        self.refresh()

    def _on_document(self, document: Document | None) -> None:
        before = None if self._document is None else self._document()
        if before is not None:
            before.active_changed.disconnect(self._on_active)
            before.layers_changed.disconnect(self.refresh)
        self._document = None if document is None else ref(document)
        if document is not None:
            document.active_changed.connect(self._on_active)
            document.layers_changed.connect(self.refresh)
        self.refresh()

    def _on_active(self) -> None:
        """Another layer is active: what was placed is at home."""
        document = None if self._document is None else self._document()
        if document is not None and document.active is not None and document.active.id != self._placed:
            self._placed = ""
        self.refresh()

    def _on_closed(self) -> None:
        if self._stale is not None:
            self._closed.add(self._key(self._stale))
        else:
            self._placed = ""
        self.refresh()

    def _key(self, result: Layer) -> tuple[str, str]:
        made_of = result.recipe.steps[-1].made_of if result.recipe is not None else {}
        return result.id, str(made_of.get("pose"))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
