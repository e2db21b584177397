"""labels: make a label project, check it, and bring labels in and out of it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from imgstudio.cli.console import Console
from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.labelformats.base import Format
from imgstudio.core.labelformats.exporting import export
from imgstudio.core.labelformats.importing import ImportOptions, import_labels
from imgstudio.core.labelformats.losses import Loss, losses
from imgstudio.core.labelformats.registry import format_named, formats, recognised
from imgstudio.core.labelproject.checking import Problem, check
from imgstudio.core.labelproject.entries import STATES
from imgstudio.core.labelproject.folder import ProjectFolder
from imgstudio.core.labels import classes_named

_SHOWN: Final = 20
"""Lines about single pictures before the rest is only counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    does = parser.add_subparsers(dest="does", required=True, metavar="WHAT")
    new = _command(does, "new", "make a project of a folder of pictures")
    new.add_argument("pictures", metavar="PICTURES", type=Path)
    new.add_argument("--classes", default="", metavar="A,B,C", help="names of the classes, in their order")
    new.add_argument(
        "--out", type=Path, metavar="DIR", help="where the project goes; default: among the pictures"
    )
    told = _command(does, "check", "look at every file of a project and tell what is wrong")
    told.add_argument("project", metavar="PROJECT", type=Path)
    for name, what in (
        ("losses", "tell what an export would lose, and write nothing"),
        ("export", "write the labels for another program"),
    ):
        out = _command(does, name, what)
        out.add_argument("project", metavar="PROJECT", type=Path)
        _add_format(out, required=True)
        if name == "export":
            out.add_argument("--out", type=Path, metavar="DIR", required=True, help="a new or empty folder")
    into = _command(does, "import", "bring labels of another program into a project")
    into.add_argument("project", metavar="PROJECT", type=Path)
    into.add_argument(
        "--from", dest="source", type=Path, metavar="PATH", required=True, help="folder or file with labels"
    )
    _add_format(into, required=False)
    _command(does, "formats", "list the formats and their options")


def _command(does: Any, name: str, what: str) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = does.add_parser(name, help=what, description=what)
    made.add_argument("--json", action="store_true", help="tell machines what was done")
    made.add_argument("--quiet", action="store_true", default=argparse.SUPPRESS, help="show no progress")
    return made


def _add_format(parser: argparse.ArgumentParser, *, required: bool) -> None:
    known = "|".join(formats())
    hint = "" if required else "; default: found out"
    parser.add_argument("--format", metavar="FORMAT", required=required, help=f"{known}{hint}")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="an option"
    )


def run(parsed: argparse.Namespace, console: Console) -> int:
    return _DOES[parsed.does](parsed, console)


def _new(parsed: argparse.Namespace, console: Console) -> int:
    names = [name.strip() for name in parsed.classes.split(",") if name.strip()]
    made = ProjectFolder.create(parsed.out or parsed.pictures, parsed.pictures, classes_named(names))
    if parsed.json:
        console.write_json({"project": str(made.path), "pictures": len(made.entries()), "classes": names})
    else:
        console.note(f"A project of {len(made.entries())} pictures and {len(names)} classes")
        console.write(str(made.path))
    return 0


def _check(parsed: argparse.Namespace, console: Console) -> int:
    project = ProjectFolder.open(parsed.project)
    problems = check(project, console.progress("Checking"))
    entries = project.entries()
    states = {state: sum(entry.state == state for entry in entries) for state in STATES}
    if parsed.json:
        facts: dict[str, Any] = {
            "project": str(project.path),
            "pictures": len(entries),
            "states": states,
            "labelled": sum(entry.is_labelled for entry in entries),
            "classes": [{"value": known.value, "name": known.name} for known in project.classes],
            "problems": [asdict(problem) for problem in problems],
        }
        console.write_json(facts)
    else:
        told = ", ".join(f"{count} {state}" for state, count in states.items() if count)
        console.write(f"{len(entries)} pictures ({told})")
        for known in project.classes:
            pictures = sum(known.value in entry.classes for entry in entries)
            console.write(f"    {known.value:3} {known.name}: in {pictures} pictures")
        _tell(problems, console)
    return 1 if problems else 0


def _losses(parsed: argparse.Namespace, console: Console) -> int:
    project, chosen, options = _export_of(parsed)
    told = losses(project, chosen, options, console.progress("Looking"))
    if parsed.json:
        console.write_json([_as_json(loss) for loss in told])
    elif not told:
        console.write(f"{chosen.name} keeps everything.")
    else:
        for loss in told:
            console.write(f"{loss.kind}: {loss.what} {loss.what_to_do}".rstrip())
    return 0


def _export(parsed: argparse.Namespace, console: Console) -> int:
    project, chosen, options = _export_of(parsed)
    told = losses(project, chosen, options, console.progress("Looking").part(0.0, 0.3))
    for loss in told:
        console.note(f"Lost: {loss.what} {loss.what_to_do}".rstrip())
    done = export(project, chosen, options, parsed.out, console.progress("Exporting").part(0.3, 1.0))
    if parsed.json:
        facts = {
            "folder": str(done.folder),
            "pictures": done.pictures,
            "files": done.files,
            "losses": [_as_json(loss) for loss in told],
            "problems": [asdict(problem) for problem in done.problems],
        }
        console.write_json(facts)
    else:
        _tell(done.problems, console)
        console.note(f"{done.pictures} pictures as {chosen.name}, {done.files} files")
        console.write(str(done.folder))
    return 1 if done.problems else 0


def _import(parsed: argparse.Namespace, console: Console) -> int:
    project = ProjectFolder.open(parsed.project)
    chosen = _format_of(parsed)
    options = declared.from_text(ImportOptions, parsed.settings)
    done = import_labels(project, chosen, parsed.source, options, console.progress("Importing"))
    if parsed.json:
        facts = {
            "format": chosen.id,
            "pictures": done.pictures,
            "kept": done.kept,
            "new_classes": done.new_classes,
            "problems": [asdict(problem) for problem in done.problems],
        }
        console.write_json(facts)
    else:
        _tell(done.problems, console)
        if done.new_classes:
            console.note(f"New classes: {', '.join(done.new_classes)}")
        if done.kept:
            console.note(
                f"{len(done.kept)} pictures had labels and keep them; --set replace=yes replaces them"
            )
        console.write(f"{len(done.pictures)} pictures got labels from {chosen.name}")
    return 1 if done.problems else 0


def _list(parsed: argparse.Namespace, console: Console) -> int:
    known = [(chosen, declared.describe(chosen.options)) for chosen in formats().values()]
    if parsed.json:
        told = [
            {
                "id": chosen.id,
                "name": chosen.name,
                "help": chosen.help,
                "options": {param.name: param.allowed() for param in params},
            }
            for chosen, params in known
        ]
        console.write_json(told)
        return 0
    for chosen, params in known:
        console.write(f"{chosen.id:10} {chosen.help}")
        for param in params:
            console.write(
                f"{'':10}     {param.name} = {param.default}    {param.allowed()}. {param.help}".rstrip()
            )
    return 0


def _export_of(parsed: argparse.Namespace) -> tuple[ProjectFolder, Format, Any]:
    chosen = format_named(parsed.format)
    options = declared.from_text(chosen.options, parsed.settings)
    return ProjectFolder.open(parsed.project), chosen, options


def _format_of(parsed: argparse.Namespace) -> Format:
    if parsed.format is not None:
        return format_named(parsed.format)
    if not parsed.source.exists():
        raise UserError(f"“{parsed.source}” is not there", "", "Give the folder or file with the labels")
    found = recognised(parsed.source)
    if found is None:
        raise UserError(
            f"Nobody can tell the format of “{parsed.source.name}”",
            "It looks like none of the known ones.",
            f"Give it with --format: {', '.join(formats())}",
        )
    return found


def _as_json(loss: Loss) -> dict[str, Any]:
    return asdict(loss) | {"change": dict(loss.change)}


def _tell(problems: tuple[Problem, ...], console: Console) -> None:
    for problem in problems[:_SHOWN]:
        console.note(f"{problem.name}: {problem.what}" if problem.name else problem.what)
    if len(problems) > _SHOWN:
        console.note(f"... and {len(problems) - _SHOWN} more; --json lists all")


_DOES: Final[dict[str, Callable[[argparse.Namespace, Console], int]]] = {
    "new": _new,
    "check": _check,
    "losses": _losses,
    "export": _export,
    "import": _import,
    "formats": _list,
}
