"""train: train a network on a folder and get it as a filter."""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgstudio.cli.console import Console, clock
from imgstudio.cli.training_line import TrainingLine
from imgstudio.core import params as declared
from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled
from imgstudio.core.paths import file_errors, models_folder, write_atomically
from imgstudio.learn.plan import Plan, plan_from_json
from imgstudio.learn.recipe import AnyRecipe, Request, Setup
from imgstudio.learn.recipes import recipe_named, recipes
from imgstudio.learn.runs.folder import RunFolder, runs_folder

if TYPE_CHECKING:
    from imgstudio.learn.dataset.report import DatasetReport
    from imgstudio.learn.runs.records import Status

STOPPED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="what to train; see --list")
    parser.add_argument("--list", action="store_true", help="list the recipes, or the parameters of RECIPE")
    parser.add_argument("--json", action="store_true", help="for machines: with --list and --check")
    new = parser.add_argument_group("a new run")
    new.add_argument("--data", type=Path, metavar="DIR", help="the folder to learn from")
    new.add_argument("--out", type=Path, metavar="RUN", help="folder of the run; never overwritten")
    new.add_argument("--minutes", type=float, metavar="N", help="time budget")
    new.add_argument("--quality", type=float, metavar="0..1", help="0: fastest network, 1: best")
    new.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="NAME=VALUE", help="a parameter"
    )
    new.add_argument("--plan", type=Path, metavar="PLAN.json", help="train by this plan")
    new.add_argument("--save-plan", type=Path, metavar="PLAN.json", help="write the proposed plan and stop")
    new.add_argument("--seed", type=int, metavar="N")
    new.add_argument(
        "--rate", type=float, metavar="R", help="highest learning rate, as --find-rate proposes it"
    )
    new.add_argument("--check", action="store_true", help="only look at the data")
    old = parser.add_argument_group("a run that is there")
    old.add_argument("--run", type=Path, metavar="RUN", help="train a run that was prepared or broke off")
    old.add_argument("--export", metavar="STEP", help="make a model of a checkpoint: its step, best or last")
    old.add_argument("--to", type=Path, metavar="DIR", help="with --export: put the model folder here")
    old.add_argument("--onnx", type=Path, metavar="FILE", help="with --export: also write it as ONNX")
    both = parser.add_argument_group("both")
    both.add_argument("--resume", action="store_true", help="go on where the run stopped")
    both.add_argument("--find-rate", action="store_true", help="only find the learning rate")
    both.add_argument("--name", metavar="NAME", help="what the model is called")
    both.add_argument("--install", action="store_true", help="make the model a filter of the program")
    both.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    both.add_argument("--threads", type=int, default=0, metavar="N", help="cores to use; default: all")
    both.add_argument("--background", action="store_true", help=argparse.SUPPRESS)


def run(parsed: argparse.Namespace, console: Console) -> int:
    if parsed.background:
        from imgstudio.learn.runs.process import step_back

        step_back()
    if parsed.list:
        return _list(parsed, console)
    if parsed.export is not None:
        return _export(parsed, console)
    if parsed.run is not None and parsed.recipe is None:
        return _train(RunFolder(parsed.run), parsed, console, resume=parsed.resume)
    if parsed.recipe is None or parsed.run is not None:
        raise UserError(
            "What should be trained?",
            "",
            "Give a RECIPE with --data, or a --run; see: imgstudio train --list",
        )
    is_there = parsed.out is not None and (parsed.out / "run.json").is_file()
    if parsed.resume and is_there:
        return _train(RunFolder(parsed.out), parsed, console, resume=True)
    return _new(recipe_named(parsed.recipe), parsed, console)


def _list(parsed: argparse.Namespace, console: Console) -> int:
    if parsed.recipe is not None:
        recipe = recipe_named(parsed.recipe)
        chosen: tuple[AnyRecipe, ...] = (recipe,)
    else:
        chosen = recipes()
    if parsed.json:
        console.write_json([_as_json(recipe) for recipe in chosen])
        return 0
    for recipe in chosen:
        console.write(f"{recipe.id:18} {recipe.help}\n{'':18} Data: {recipe.data}")
        if parsed.recipe is not None:
            for param in _as_json(recipe)["params"]:
                console.write(
                    f"    {param['name']} = {param['default']}    {param['allowed']}. {param['help']}"
                )
    return 0


def _as_json(recipe: AnyRecipe) -> dict[str, Any]:
    defaults = declared.to_json(recipe.params())
    return {
        "id": recipe.id,
        "name": recipe.name,
        "task": recipe.task,
        "help": recipe.help,
        "data": recipe.data,
        "params": [
            {
                "name": param.name,
                "kind": param.kind,
                "default": defaults[param.name],
                "allowed": param.allowed(),
                "help": param.help,
            }
            for param in declared.describe(recipe.params)
        ],
    }


def _new(recipe: AnyRecipe, parsed: argparse.Namespace, console: Console) -> int:
    if int(os.environ.get("RANK", "0")):  # torchrun: the main process prepares the run
        return _train(_shared_run(parsed.device, None), parsed, console, resume=False)
    if parsed.data is None:
        raise UserError("On what should it be trained?", recipe.data, "Give the folder with --data")
    params = declared.from_text(recipe.params, parsed.settings)
    request = _request(parsed)
    report = recipe.check(parsed.data.absolute(), params, console.progress("Looking at the data"))
    _tell(report, parsed, console)
    if parsed.check:
        return 0 if report.can_start else 1
    from imgstudio.learn.runs.prepare import prepare_in, refuse_bad_data

    refuse_bad_data(report)
    plan = _plan(recipe, report, params, request, parsed)
    if parsed.save_plan is not None:
        write_atomically(parsed.save_plan, plan.to_json() + "\n")
        console.note(f"Wrote {parsed.save_plan}")
        return 0
    name = parsed.name or f"{recipe.name}: {report.folder.name}"
    parent, folder_name = _place(parsed.out, name)
    made = prepare_in(recipe, Setup(report, params, plan, request, parsed.device), parent, name, folder_name)
    if made.path.name != folder_name:
        console.note(f"“{folder_name}” is there already and stays as it is.")
    return _train(_shared_run(parsed.device, made), parsed, console, resume=False)


def _request(parsed: argparse.Namespace) -> Request:
    request = Request()
    if parsed.minutes is not None:
        if not parsed.minutes > 0:
            raise UserError(f"{parsed.minutes:g} minutes are not possible", "", "Give more than 0")
        request = replace(request, minutes=parsed.minutes)
    if parsed.quality is not None:
        if not 0 <= parsed.quality <= 1:
            raise UserError(f"Quality {parsed.quality:g} is not possible", "", "Give a number from 0 to 1")
        request = replace(request, quality=parsed.quality)
    return request


def _plan(
    recipe: AnyRecipe, report: DatasetReport, params: Any, request: Request, parsed: argparse.Namespace
) -> Plan:
    if parsed.plan is None:
        plan = recipe.plan(report, params, request)
    else:
        with file_errors(parsed.plan):
            plan = plan_from_json(parsed.plan.read_text(encoding="utf-8", errors="replace"))
        if parsed.minutes is not None:
            plan = replace(plan, minutes=parsed.minutes)
    if parsed.seed is not None:
        plan = replace(plan, seed=parsed.seed)
    if parsed.rate is not None:
        from imgstudio.learn.runs.prepare import at_rate

        if not parsed.rate > 0:
            raise UserError(f"The rate {parsed.rate:g} is not possible", "", "Give more than 0")
        plan = at_rate(plan, parsed.rate)
    return plan


def _place(out: Path | None, name: str) -> tuple[Path, str]:
    from imgstudio.learn.runs.prepare import plain_name

    if out is None:
        return runs_folder(), plain_name(name) or "run"
    return out.absolute().parent, out.absolute().name


def _tell(report: DatasetReport, parsed: argparse.Namespace, console: Console) -> None:
    """What the check found, for people on stderr, for machines on stdout."""
    if parsed.check and parsed.json:
        from imgstudio.learn.dataset.manifest import report_to_json

        console.write(report_to_json(report))
        return
    train, valid = len(report.split.train), len(report.split.valid)
    by = f" ({report.split.by})" if report.split.by else ""
    console.note(f"{train} pictures to learn from, {valid} to judge by{by}")
    for known in report.classes:
        console.note(f"    {known.name}: {known.share:.1%} of the pixels, in {known.pictures} pictures")
    for finding in report.findings:
        files = (
            f" ({', '.join(finding.files[:3])}{', …' if len(finding.files) > 3 else ''})"
            if finding.files
            else ""
        )
        console.note(f"{finding.severity.capitalize()}: {finding.what}{files} {finding.what_to_do}".rstrip())


def _shared_run(device: str, run: RunFolder | None) -> RunFolder:
    """The run that the main process made; under `torchrun` the others hear of it here."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from imgstudio.learn.distributed import Processes

        return RunFolder(Path(Processes(device).from_main("" if run is None else str(run.path))))
    assert run is not None
    return run


def _train(run: RunFolder, parsed: argparse.Namespace, console: Console, *, resume: bool) -> int:
    run.facts()  # complains about a wrong folder before torch is loaded
    console.live("Loading …")
    from imgstudio.engine.device import set_threads
    from imgstudio.learn.runs.worker import work

    set_threads(parsed.threads or os.cpu_count() or 1)
    status = work(
        run,
        resume=resume,
        find_rate=parsed.find_rate,
        token=console.token,
        listen=(lambda status: None) if parsed.background else TrainingLine(console).show,
        install_model=parsed.install,
    )
    if int(os.environ.get("RANK", "0")) == 0 and not parsed.background:
        _conclude(run, status, parsed, console)
    return STOPPED if console.token.is_cancelled else 0


def _conclude(run: RunFolder, status: Status, parsed: argparse.Namespace, console: Console) -> None:
    if parsed.find_rate:
        sweep = run.sweep()
        if sweep is None:
            raise Cancelled
        console.write(f"{sweep.valley:.3g}")
        console.note(f"Suggested rate {sweep.valley:.3g} (steepest {sweep.steepest:.3g})")
        return
    took = clock(status.elapsed_seconds)
    best = status.best
    score = f", best {status.goal.name} {best.score:.4g} at step {best.step}" if best and status.goal else ""
    console.note(f"{status.state.capitalize()} after {status.step} steps and {took}{score}")
    if status.note:
        console.note(status.note)
    if status.installed:
        console.note(f"Installed as filter model.{status.installed}")
    console.write(str(run.path))


def _export(parsed: argparse.Namespace, console: Console) -> int:
    from imgstudio.learn.runs.exporting import checkpoint_named, export_checkpoint
    from imgstudio.learn.runs.install import install

    if parsed.run is None:
        raise UserError("Which run should be exported?", "", "Give its folder with --run")
    if not (parsed.install or parsed.to or parsed.onnx):
        raise UserError("Where should the model go?", "", "Give --install, --to DIR or --onnx FILE")
    run, name = RunFolder(parsed.run), parsed.name or ""
    run.facts()
    checkpoint_named(run, parsed.export)
    with tempfile.TemporaryDirectory(prefix="imgstudio-") as draft:
        _, folder = export_checkpoint(run, parsed.export, parsed.to or Path(draft), name)
        if parsed.to is not None:
            console.write(str(folder))
        if parsed.onnx is not None:
            from imgstudio.learn.runs.onnx import write_onnx

            write_onnx(folder, parsed.onnx)
            console.write(str(parsed.onnx))
        if parsed.install:
            made = install(folder, name)
            console.note(f"Installed in {models_folder() / made.id}")
            console.write(f"model.{made.id}")
    return 0
