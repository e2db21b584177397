"""The Label menu, and the keys of the Label workspace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from imgstudio.app.actions.spec import ActionSpec
from imgstudio.app.context import AppContext
from imgstudio.app.i18n import tr
from imgstudio.core.document import Document

if TYPE_CHECKING:
    from imgstudio.app.controllers.labelling.session import LabelSession


def session_of(context: AppContext) -> LabelSession:
    """The session; only for actions that are enabled while there is one."""
    return cast("LabelSession", context.labelling)


def in_label(context: AppContext) -> bool:
    return context.labelling is not None and context.labelling.is_active


def with_project(context: AppContext) -> bool:
    return in_label(context) and session_of(context).project is not None


def with_entry(context: AppContext) -> bool:
    return in_label(context) and session_of(context).entry is not None


def with_labels(context: AppContext) -> bool:
    """Enabled while the labels of a picture can be changed."""
    if not in_label(context):
        return False
    document = session_of(context).document
    return document is not None and document is context.documents.current


def labelled(context: AppContext) -> Document:
    document = session_of(context).document
    assert document is not None
    return document


def new_project(context: AppContext) -> None:
    context.window.workspaces.show("label")
    session_of(context).project_wanted.emit(None)


def open_project(context: AppContext) -> None:
    recent = context.settings.recent_projects
    start = Path(recent[0]).parent if recent else Path.home()
    chosen = context.ask.folder(tr("Open a label project"), start)
    if chosen is not None:
        context.window.workspaces.show("label")
        session_of(context).open(chosen)


def close_project(context: AppContext) -> None:
    session_of(context).close()


def done_and_next(context: AppContext) -> None:
    session = session_of(context)
    session.set_state("done")
    session.step(1)


def _step(by: int, context: AppContext) -> None:
    session_of(context).step(by)


def _toggle_flag(context: AppContext) -> None:
    session = session_of(context)
    entry = session.entry
    session.set_flagged(entry is None or not entry.is_flagged)


def _is_flagged(context: AppContext) -> bool:
    entry = session_of(context).entry if with_entry(context) else None
    return entry is not None and entry.is_flagged


def _is_done(context: AppContext) -> bool:
    entry = session_of(context).entry if with_entry(context) else None
    return entry is not None and entry.state == "done"


def _toggle_done(context: AppContext) -> None:
    session_of(context).set_state("in work" if _is_done(context) else "done")


def choose_key(context: AppContext, key: str) -> None:
    """Paint with the class that has a key; "0" is background."""
    session = session_of(context)
    known = next((known for known in session.classes if known.key == key), None)
    if known is not None or key == "0":
        session.set_rules(replace(session.rules, value=0 if known is None else known.value))


def _key(digit: int) -> Callable[[AppContext], None]:
    return lambda context: choose_key(context, str(digit))


def _class(by: int) -> Callable[[AppContext], None]:
    return lambda context: _choose_neighbour(context, by)


def _choose_neighbour(context: AppContext, by: int) -> None:
    session = session_of(context)
    values = [0, *(known.value for known in session.classes)]
    place = values.index(session.rules.value) if session.rules.value in values else 0
    session.set_rules(replace(session.rules, value=values[(place + by) % len(values)]))


def has_proposal(context: AppContext) -> bool:
    """Whether the model says something of the picture."""
    from imgstudio.app.controllers.labelling import proposal

    return with_labels(context) and proposal.has_proposal(session_of(context))


def accept(context: AppContext) -> None:
    from imgstudio.app.controllers.labelling import proposal

    proposal.accept(session_of(context))


def discard(context: AppContext) -> None:
    from imgstudio.app.controllers.labelling import proposal

    proposal.discard(session_of(context))


def rescan(context: AppContext) -> None:
    from imgstudio.app.controllers.labelling.rescanning import rescan as look

    changed = look(session_of(context))
    told = (
        tr("{count} pictures are new or gone").format(count=changed) if changed else tr("Nothing has changed")
    )
    context.message.emit(told)


def _set_style(style: str, context: AppContext) -> None:
    session_of(context).look.set(style=style)


def _has_style(style: str, context: AppContext) -> bool:
    return context.labelling is not None and session_of(context).look.look.style == style


def _toggle_unsure(context: AppContext) -> None:
    look = session_of(context).look
    look.set(unsure=not look.look.unsure)


def _shows_unsure(context: AppContext) -> bool:
    return context.labelling is not None and session_of(context).look.look.unsure


def _hold_hidden(*, held: bool) -> Callable[[AppContext], None]:
    return lambda context: session_of(context).look.hold_hidden(held=held)


def label_spec(name: str, text: str, keys: str, run: Callable[[AppContext], Any], **more: Any) -> ActionSpec:
    more = {"enabled": with_labels, "workspace": "label", "menu": "Label", **more}
    menu, enabled = more.pop("menu"), more.pop("enabled")
    return ActionSpec(f"label.{name}", text, keys, menu, run, enabled, **more)


ACTIONS: Final = (
    label_spec(
        "new_project",
        "New project…",
        "",
        new_project,
        enabled=lambda context: True,
        workspace="",
        icon="folder-plus-outline",
        help="Make a label project of a folder of pictures.",
    ),
    label_spec(
        "open_project",
        "Open project…",
        "",
        open_project,
        enabled=lambda context: True,
        workspace="",
        icon="folder-open-outline",
    ),
    label_spec("close_project", "Close project", "", close_project, enabled=with_project),
    label_spec(
        "import",
        "Import labels…",
        "",
        lambda context: session_of(context).exchange_wanted.emit("import"),
        enabled=with_project,
        help="Labels of another program: COCO, VOC, YOLO, labelme, CVAT, CamVid, folders of masks.",
        separator=True,
    ),
    label_spec(
        "export",
        "Export labels…",
        "",
        lambda context: session_of(context).exchange_wanted.emit("export"),
        enabled=with_project,
        help="For another program; what that loses is said first.",
    ),
    label_spec("rescan", "Look for new pictures", "", rescan, enabled=with_project),
    label_spec(
        "previous",
        "Previous picture",
        "A",
        partial(_step, -1),
        enabled=with_project,
        scope="canvas",
        separator=True,
    ),
    label_spec("next", "Next picture", "D", partial(_step, 1), enabled=with_project, scope="canvas"),
    label_spec(
        "next_unsure",
        "Next unsure picture",
        "N",
        lambda context: session_of(context).next_unsure(),
        enabled=with_project,
        help="The picture that the model is least sure of, else the next new one.",
    ),
    label_spec(
        "done_next",
        "Done, next picture",
        "Ctrl+Return; Ctrl+Enter",
        done_and_next,
        enabled=with_entry,
        icon="check-circle-outline",
        help="Say that this picture is finished, and go on.",
    ),
    label_spec("done", "Done", "", _toggle_done, enabled=with_entry, checked=_is_done),
    label_spec(
        "flag",
        "Flag",
        "Shift+F",
        _toggle_flag,
        enabled=with_entry,
        checked=_is_flagged,
        icon="flag-outline",
        help="Mark the picture, to come back to it.",
    ),
    label_spec(
        "accept",
        "Accept prediction",
        "Return; Enter",
        accept,
        enabled=has_proposal,
        scope="canvas",
        separator=True,
        help="What the model says becomes labels where nothing is labelled yet.",
    ),
    label_spec("discard", "Discard prediction", "Esc", discard, enabled=has_proposal, scope="canvas"),
    *(
        label_spec(
            style,
            text,
            "",
            partial(_set_style, style),
            enabled=with_project,
            checked=partial(_has_style, style),
            menu="Label/Show",
        )
        for style, text in (("tint", "Tint"), ("outline", "Outline"), ("hidden", "Hidden"))
    ),
    label_spec(
        "unsure",
        "Where the model is unsure",
        "Shift+H",
        _toggle_unsure,
        enabled=with_project,
        checked=_shows_unsure,
        menu="Label/Show",
        separator=True,
    ),
    label_spec(
        "hide",
        "Picture without labels (hold)",
        "H",
        _hold_hidden(held=True),
        release=_hold_hidden(held=False),
        scope="held",
        enabled=with_project,
        menu="Label/Show",
    ),
    label_spec(
        "class_before", "Class before", ",", _class(-1), scope="canvas", separator=True, menu="Label/Class"
    ),
    label_spec("class_after", "Class after", ".", _class(1), scope="canvas", menu="Label/Class"),
    *(
        label_spec(
            f"class_{digit}",
            "Background" if digit == 0 else f"Class with key {digit}",
            str(digit),
            _key(digit),
            scope="canvas",
            menu="Label/Class",
        )
        for digit in range(10)
    ),
)
