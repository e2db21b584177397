"""The main window and what stands in it, as actions and controllers see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

from PySide6.QtWidgets import QVBoxLayout, QWidget

from imgstudio.app.canvas.canvas import Canvas
from imgstudio.core.document import Document


class ShowsWorkspaces(Protocol):
    """The layouts of the window."""

    @property
    def current(self) -> str: ...

    def show(self, name: Literal["edit", "label", "train"]) -> None: ...

    @property
    def changed(self) -> Any:
        """Signal: the name of another layout that is shown now."""
        ...


class LabelsPictures(Protocol):
    """What labels the pictures of a project; controllers/labelling/session.py does it."""

    @property
    def is_active(self) -> bool:
        """Whether the Label workspace is shown."""
        ...

    @property
    def document(self) -> Document | None:
        """The picture that is labelled."""
        ...

    def open(self, path: Path) -> None:
        """Open a project; it comes a moment later."""
        ...

    def close(self) -> None: ...

    @property
    def project_wanted(self) -> Any:
        """Signal: a person wants a new project, of a folder or None."""
        ...


class OpensWorkspace(Protocol):
    """The select-and-mask workspace."""

    @property
    def is_open(self) -> bool: ...

    def open(self) -> None: ...

    def close(self) -> None: ...


class HoldsPanels(Protocol):
    """The panels round the picture."""

    def add(self, name: str, title: str, panel: QWidget, *, beside: str = "", of: str = "edit") -> None: ...

    def has(self, name: str) -> bool:
        """Whether there is a panel of that name yet."""
        ...

    def begin_set(self, name: str) -> None: ...

    def settle(self, heights: dict[str, int]) -> None: ...

    def restore_set(self) -> None: ...


class CoversPicture(Protocol):
    """The middle of the window."""

    def set_home(self, widget: QWidget | None) -> None:
        """What is shown while there is no picture; None: the welcome."""
        ...

    def cover(self, widget: QWidget | None) -> None:
        """Show a widget where the picture is; None: the picture again."""
        ...


class TellsStatus(Protocol):
    """The line at the bottom."""

    def add(self, part: QWidget) -> None:
        """Something more, beside the hint of the tool."""
        ...


class ShellWindow(Protocol):
    """The main window, as actions see it."""

    @property
    def canvas(self) -> Canvas: ...

    @property
    def panels_hidden(self) -> bool: ...

    @property
    def is_overlay_visible(self) -> bool: ...

    def toggle_panels(self) -> None: ...

    def toggle_overlay(self) -> None: ...

    def toggle_full_screen(self) -> None: ...

    @property
    def workspaces(self) -> ShowsWorkspaces: ...

    def show_panel(self, name: str) -> None:
        """Bring a dock to the front, such as "layers"."""
        ...

    @property
    def middle(self) -> CoversPicture: ...

    @property
    def docks(self) -> HoldsPanels: ...

    @property
    def bars(self) -> QVBoxLayout:
        """Bars right above the picture."""
        ...

    @property
    def status(self) -> TellsStatus: ...

    def refresh(self) -> None:
        """Show what belongs to the workspace and the picture of now."""
        ...

    @property
    def select_and_mask(self) -> OpensWorkspace: ...

    def reset_layout(self) -> None: ...

    def open_palette(self) -> None: ...

    def open_preferences(self, page: str = "") -> None: ...

    def open_models(self, chosen: str = "") -> None:
        """The models dialog, with one of them marked."""
        ...

    def close(self) -> bool: ...

    def isFullScreen(self) -> bool: ...  # noqa: N802 - Qt's name
