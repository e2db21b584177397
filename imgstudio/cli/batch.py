"""batch: run a recipe on many pictures."""

from __future__ import annotations

import argparse
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from imgstudio.cli.console import Console
from imgstudio.cli.process import Work, add_common, filter_named, process, work_of
from imgstudio.core.errors import UserError
from imgstudio.core.imagefile import READABLE
from imgstudio.core.jobs import Cancelled, Progress
from imgstudio.core.paths import ensured
from imgstudio.core.recipe import Recipe
from imgstudio.filters.base import FilterRegistry
from imgstudio.filters.registry import load_filters


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    source: Path
    target: Path
    state: str
    """"done", "skipped" or "failed"."""
    message: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE.json", type=Path)
    parser.add_argument("inputs", metavar="IN", type=Path, nargs="+", help="pictures, or folders of pictures")
    parser.add_argument("--out", metavar="DIR", type=Path, required=True)
    parser.add_argument(
        "--name",
        default="{name}_{filter}.{ext}",
        help="{name}, {filter}, {ext}, {number}; default: %(default)s",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="pictures at a time")
    parser.add_argument("--resume", action="store_true", help="skip pictures whose result is there")
    parser.add_argument("--json", action="store_true", help="list the outcome for machines")
    add_common(parser)


def run(parsed: argparse.Namespace, console: Console) -> int:
    """Returns 1 when some files failed; they are listed and the rest is done."""
    recipe = _recipe(parsed.recipe)
    filters = load_filters()
    for step in recipe.steps:
        filter_named(filters, step.filter)
    sources = _pictures(parsed.inputs)
    ensured(parsed.out)
    targets = _targets(sources, parsed.out, parsed.name, recipe)
    work = work_of(parsed)
    progress = console.progress(f"{len(sources)} pictures")
    outcomes = _all(sources, targets, recipe, filters, work, parsed, progress)
    for outcome in outcomes:
        if outcome.state == "failed":
            console.error(UserError(outcome.message), outcome.source.name)
    if parsed.json:
        console.write_json([asdict(outcome) for outcome in outcomes])
    counts = {state: sum(o.state == state for o in outcomes) for state in ("done", "skipped", "failed")}
    console.note(f"{counts['done']} done, {counts['skipped']} skipped, {counts['failed']} failed")
    return 1 if counts["failed"] else 0


def _all(
    sources: list[Path],
    targets: list[Path],
    recipe: Recipe,
    filters: FilterRegistry,
    work: Work,
    parsed: argparse.Namespace,
    progress: Progress,
) -> list[Outcome]:
    def one(source: Path, target: Path) -> Outcome:
        if parsed.resume and target.exists():
            return Outcome(source, target, "skipped", "The result is there")
        try:
            notes = process(source, target, recipe.steps, filters, work, Progress(token=progress.token))
        except UserError as error:
            return Outcome(source, target, "failed", str(error))
        except MemoryError:
            return Outcome(source, target, "failed", "There is not enough memory for it")
        return Outcome(source, target, "done", "; ".join(notes))

    pool = ThreadPoolExecutor(max_workers=max(1, parsed.jobs))
    try:
        pairs = zip(sources, targets, strict=True)
        futures: list[Future[Outcome]] = [pool.submit(one, source, target) for source, target in pairs]
        outcomes = []
        for done, future in enumerate(futures):
            progress.update(done / len(futures), sources[done].name)
            outcomes.append(future.result())
        return outcomes
    except Cancelled:
        progress.token.cancel()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _recipe(path: Path) -> Recipe:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"The recipe “{path.name}” cannot be read", str(error), "Choose another file"
        ) from None
    recipe = Recipe.from_json(text)
    if not recipe.steps:
        raise UserError(
            f"The recipe “{path.name}” has no steps", "", "Save it again with at least one filter"
        )
    return recipe


def _pictures(inputs: list[Path]) -> list[Path]:
    found: list[Path] = []
    for path in inputs:
        if path.is_dir():
            found += sorted(p for p in path.iterdir() if p.suffix.lower() in READABLE and p.is_file())
        else:
            found.append(path)
    if not found:
        raise UserError("There are no pictures to work on", "", "Give files, or a folder with pictures")
    return found


def _targets(sources: list[Path], out: Path, template: str, recipe: Recipe) -> list[Path]:
    """One name for each picture, never the same twice. Raises UserError on a bad template."""
    names = "+".join(step.filter for step in recipe.steps)
    targets: list[Path] = []
    taken: set[str] = set()
    for number, source in enumerate(sources, 1):
        try:
            name = template.format(
                name=source.stem, filter=names, ext=source.suffix.lstrip(".") or "png", number=f"{number:04}"
            )
        except (KeyError, IndexError, ValueError):
            raise UserError(
                f"“{template}” is not a usable name", "", "Use {name}, {filter}, {ext} and {number}"
            ) from None
        unique, extra = name, 1
        while unique.lower() in taken:
            extra += 1
            unique = f"{Path(name).stem}_{extra}{Path(name).suffix}"
        taken.add(unique.lower())
        targets.append(out / unique)
    return targets
