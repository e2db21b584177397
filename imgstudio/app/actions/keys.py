"""Which key does what: the declared keys, the differences of a preset, and the user's own on top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from PySide6.QtGui import QKeySequence

from imgstudio.app.actions.spec import ActionSpec
from imgstudio.core.settings import Settings

PRESETS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "imgstudio": {},
        "photoshop": {
            "edit.redo": "Ctrl+Shift+Z",
            "edit.search": "Ctrl+F",
            "edit.preferences": "Ctrl+K",
            "edit.fill": "Shift+F5",
            "file.export": "Ctrl+Alt+Shift+W",
            "file.close": "Ctrl+W",
            "image.resize": "Ctrl+Alt+I",
            "image.canvas_size": "Ctrl+Alt+C",
            "layer.merge_visible": "Ctrl+Shift+E",
            "layer.ungroup": "Ctrl+Shift+G",
            "select.feather": "Shift+F6",
            "select.reselect": "Ctrl+Shift+D",
            "tool.mask_brush": "",
            "tool.fill": "G",
        },
        "krita": {
            "edit.redo": "Ctrl+Shift+Z",
            "edit.search": "Ctrl+Return",
            "layer.add": "Ins",
            "layer.group": "Ctrl+G",
            "layer.delete": "Shift+Del",
            "select.deselect": "Ctrl+Shift+A",
            "select.reselect": "Ctrl+Shift+D",
            "edit.fill": "Shift+Backspace",
            "image.resize": "Ctrl+Alt+I",
            "image.canvas_size": "Ctrl+Alt+C",
            "tool.fill": "F",
            "view.full_screen": "Ctrl+Shift+F",
            "tool.rectangle": "Ctrl+R",
            "tool.move": "T",
            "tool.eyedropper": "P",
            "edit.transform": "Ctrl+T",
        },
        "gimp": {
            "edit.redo": "Ctrl+Y",
            "edit.search": "/",
            "edit.fill": "Ctrl+,",
            "edit.preferences": "",
            "file.export": "Ctrl+Shift+E",
            "file.export_again": "Ctrl+E",
            "layer.add": "Ctrl+Shift+N",
            "layer.duplicate": "Ctrl+Shift+D",
            "layer.merge_down": "",
            "layer.merge_visible": "Ctrl+M",
            "select.deselect": "Ctrl+Shift+A",
            "select.invert": "Ctrl+I",
            "select.quick_mask": "Shift+Q",
            "select.reselect": "",
            "tool.brush": "P",
            "tool.eraser": "Shift+E",
            "tool.rectangle": "R",
            "tool.ellipse": "E",
            "tool.lasso": "F",
            "tool.wand": "U",
            "tool.crop": "Shift+C",
            "tool.fill": "Shift+B",
            "tool.eyedropper": "O",
            "tool.move": "M",
            "tool.hand": "",
            "view.fit": "Ctrl+Shift+J",
            "view.actual": "1",
            "brush.opacity_1": "",
            "view.full_screen": "F11",
        },
    }
)
"""Preset -> action -> keys, only what differs from the declared keys; "" = none."""


def sequences_of(keys: str) -> list[QKeySequence]:
    """The sequences in a text such as "Ctrl+Shift+Z; Ctrl+Y"; none in an empty one."""
    return [sequence for sequence in QKeySequence.listFromString(keys) if not sequence.isEmpty()]


class KeyMap:
    """Guards: a key leads to at most one action of a workspace; what the user chose wins over the preset."""

    def __init__(self, specs: Iterable[ActionSpec], settings: Settings) -> None:
        self._declared: dict[str, str] = {}
        self._workspaces: dict[str, str] = {}
        for spec in specs:
            self._declared[spec.id], self._workspaces[spec.id] = spec.keys, spec.workspace
        self._settings = settings

    def declared(self, action_id: str) -> str:
        """The key that the preset gives, without the user's own."""
        preset = PRESETS.get(self._settings.key_preset, {})
        return preset.get(action_id, self._declared.get(action_id, ""))

    def text(self, action_id: str) -> str:
        """The keys of an action as they are now."""
        own = self._settings.custom_keys
        return own[action_id] if action_id in own else self.declared(action_id)

    def sequences(self, action_id: str) -> list[QKeySequence]:
        return sequences_of(self.text(action_id))

    def working(self, action_id: str, workspace: str) -> list[QKeySequence]:
        """The sequences that lead to an action in a workspace: its own actions come first."""
        home = self._workspaces[action_id]
        if home:
            return self.sequences(action_id) if home == workspace else []
        locals_ = [other for other, place in self._workspaces.items() if place and place == workspace]
        taken = {sequence.toString() for other in locals_ for sequence in self.sequences(other)}
        return [sequence for sequence in self.sequences(action_id) if sequence.toString() not in taken]

    def is_custom(self, action_id: str) -> bool:
        return action_id in self._settings.custom_keys

    def conflict(self, action_id: str, keys: str) -> str:
        """Id of another action of the same workspace that has one of the keys already, "" for none."""
        wanted = [sequence.toString() for sequence in sequences_of(keys)]
        home = self._workspaces.get(action_id, "")
        for other, place in self._workspaces.items():
            if other == action_id or place != home:
                continue
            if any(sequence.toString() in wanted for sequence in self.sequences(other)):
                return other
        return ""

    def assign(self, action_id: str, keys: str) -> None:
        """Give an action its own keys; an action that had one of them loses all of its keys."""
        own = dict(self._settings.custom_keys)
        taken_from = self.conflict(action_id, keys) if keys else ""
        if taken_from:
            own[taken_from] = ""
        own[action_id] = keys
        self._settings.set("custom_keys", own)

    def reset(self, action_id: str) -> None:
        own = dict(self._settings.custom_keys)
        own.pop(action_id, None)
        self._settings.set("custom_keys", own)

    def reset_all(self) -> None:
        self._settings.set("custom_keys", {})
