"""The tree of layers as Qt sees it: topmost first, kept in step with the document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from imgstudio.app.controllers.objects import note_of
from imgstudio.core.document import Document
from imgstudio.core.layers import Layer

LAYER: Final = Qt.ItemDataRole.UserRole
DEPTH: Final = Qt.ItemDataRole.UserRole + 1
NOTE: Final = Qt.ItemDataRole.UserRole + 2
"""What is to be said of a layer in its row, "" for nothing."""

AnyIndex = QModelIndex | QPersistentModelIndex


@dataclass(slots=True, eq=False)
class _Node:
    layer: Layer
    parent: int
    """Number of the group's node, -1 at the top level."""
    row: int
    depth: int
    children: list[int] = field(default_factory=list)


class LayersModel(QAbstractItemModel):
    """Guards: rebuilt only when the tree changed, so that a rename or a slider leaves editors open."""

    renamed = Signal(object, str)
    """A layer and the name that a person typed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document: Document | None = None
        self._nodes: list[_Node] = []
        self._top: list[int] = []
        self._shape: object = ()

    def set_document(self, document: Document | None) -> None:
        self._document = document
        self._rebuild()

    def refresh(self) -> bool:
        """Follow the document; True when the tree was built anew."""
        if self._shape_now() != self._shape:
            self._rebuild()
            return True
        for number in range(len(self._nodes)):
            index = self._index_of_node(number)
            self.dataChanged.emit(index, index)
        return False

    def layer_at(self, index: AnyIndex) -> Layer | None:
        return self._nodes[index.internalId()].layer if index.isValid() else None

    def note_of(self, layer: Layer) -> str:
        """Such as that the object of a result has moved."""
        return "" if self._document is None else note_of(self._document, layer)

    def index_of(self, layer: Layer | None) -> QModelIndex:
        for number, node in enumerate(self._nodes):
            if node.layer is layer:
                return self._index_of_node(number)
        return QModelIndex()

    def index(self, row: int, column: int, parent: AnyIndex = QModelIndex()) -> QModelIndex:  # noqa: B008
        siblings = self._children_of(parent)
        if 0 <= row < len(siblings) and column == 0:
            return self.createIndex(row, 0, siblings[row])
        return QModelIndex()

    def parent(self, child: AnyIndex = QModelIndex()) -> Any:  # noqa: B008
        if not child.isValid():
            return QModelIndex()
        number = self._nodes[child.internalId()].parent
        return self._index_of_node(number) if number >= 0 else QModelIndex()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return len(self._children_of(parent))

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, N802
        return 1

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node = self._nodes[index.internalId()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return node.layer.name
        if role == NOTE:
            return self.note_of(node.layer)
        return (
            {LAYER: node.layer, DEPTH: node.depth}.get(Qt.ItemDataRole(role))
            if role in (LAYER, DEPTH)
            else None
        )

    def setData(self, index: AnyIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        layer, name = self.layer_at(index), str(value).strip()
        if layer is None or role != Qt.ItemDataRole.EditRole or not name or name == layer.name:
            return False
        self.renamed.emit(layer, name)
        return True

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def _rebuild(self) -> None:
        self.beginResetModel()
        self._nodes = []
        self._top = [] if self._document is None else self._add(self._document.layers.root, -1, 0)
        self._shape = self._shape_now()
        self.endResetModel()

    def _add(self, layers: list[Layer], parent: int, depth: int) -> list[int]:
        numbers = []
        for row, layer in enumerate(reversed(layers)):
            number = len(self._nodes)
            node = _Node(layer, parent, row, depth)
            self._nodes.append(node)
            numbers.append(number)
            if layer.children is not None:
                node.children = self._add(layer.children, number, depth + 1)
        return numbers

    def _children_of(self, parent: AnyIndex) -> list[int]:
        return self._nodes[parent.internalId()].children if parent.isValid() else self._top

    def _index_of_node(self, number: int) -> QModelIndex:
        return self.createIndex(self._nodes[number].row, 0, number)

    def _shape_now(self) -> object:
        return () if self._document is None else _shape(self._document.layers.root)


def _shape(layers: list[Layer]) -> object:
    return tuple((layer.id, None if layer.children is None else _shape(layer.children)) for layer in layers)
