"""Opens a picture, runs recipe steps on it and writes it: what `apply` and `batch` share."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imgstudio.core import params as declared
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.geometry import Size
from imgstudio.core.imagefile import ExportOptions, read
from imgstudio.core.jobs import Progress
from imgstudio.core.opening import export_picture, is_project, open_document
from imgstudio.core.pixels import Array, luma, to_float
from imgstudio.core.projectfile import save as save_project
from imgstudio.core.recipe import RecipeStep
from imgstudio.core.snapshot import freeze
from imgstudio.core.tiles import TileStore
from imgstudio.filters.base import AnyFilter, FilterRegistry, Finish, SessionFilter
from imgstudio.filters.cutting import cut_out
from imgstudio.filters.resizing import capture_size, commit_size
from imgstudio.filters.runner import RunSettings, capture, result_layer
from imgstudio.filters.session import capture_session

if TYPE_CHECKING:
    from imgstudio.core.layers import Layer


@dataclass(frozen=True, slots=True)
class Work:
    """Settings of a run that are not the recipe's."""

    device: str = "auto"
    mask: Path | None = None
    max_megapixels: float = 400
    memory: int = 0
    """Bytes that a filter may use; 0: no limit."""
    options: ExportOptions = field(default_factory=ExportOptions)


def add_common(parser: argparse.ArgumentParser) -> None:
    """Options that apply and batch have in common."""
    add_running(parser)
    parser.add_argument("--quality", type=int, default=92, help="JPEG and WebP quality, 1 to 100")
    parser.add_argument("--subsampling", choices=("auto", "4:4:4", "4:2:2", "4:2:0"), default="auto")
    parser.add_argument("--depth", type=int, choices=(8, 16), help="bits a channel; default as the input")
    parser.add_argument("--lossless", action="store_true", help="lossless WebP")
    parser.add_argument(
        "--metadata", choices=("keep", "no_location", "strip"), default="keep", help="default: keep all"
    )


def add_running(parser: argparse.ArgumentParser) -> None:
    """Options of every command that runs a filter, whatever it writes."""
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), default="auto")
    parser.add_argument("--memory", metavar="SIZE", help="memory the filter may use, such as 4GB")
    parser.add_argument("--mask", type=Path, metavar="M.png", help="work where this picture is white")
    parser.add_argument(
        "--max-megapixels", type=float, default=400, metavar="N", help="refuse larger pictures"
    )


def work_of(parsed: argparse.Namespace) -> Work:
    """Read the common options; raises UserError."""
    if not 1 <= parsed.quality <= 100:
        raise UserError(f"Quality {parsed.quality} is not possible", "", "Give a number from 1 to 100")
    options = ExportOptions(
        quality=parsed.quality,
        subsampling=parsed.subsampling,
        bit_depth=parsed.depth,
        lossless=parsed.lossless,
        metadata=parsed.metadata,
    )
    return replace(running_of(parsed), options=options)


def running_of(parsed: argparse.Namespace) -> Work:
    """Read the options of `add_running`; raises UserError."""
    memory = 0 if parsed.memory is None else _bytes(parsed.memory)
    return Work(parsed.device, parsed.mask, parsed.max_megapixels, memory)


def filter_named(filters: FilterRegistry, filter_id: str) -> AnyFilter:
    """Raises UserError naming the filters there are."""
    item = filters.find(filter_id)
    if item is None:
        known = ", ".join(sorted(f.id for f in filters))
        raise UserError(f"There is no filter “{filter_id}”", "", f"Known filters: {known}")
    return item


def process(
    source: Path,
    target: Path,
    steps: tuple[RecipeStep, ...],
    filters: FilterRegistry,
    work: Work,
    progress: Progress,
) -> tuple[str, ...]:
    """Open, run every step, write; returns notes for the user. Raises UserError and Cancelled."""
    check_target(source, target)
    progress.update(0.0, "Opening")
    document = open_document(source, max_megapixels=work.max_megapixels)
    if work.mask is not None:
        select_by(document, work.mask)
    notes = list(document.warnings)
    for index, step in enumerate(steps):
        part = progress.part(0.05 + 0.85 * index / len(steps), 0.05 + 0.85 * (index + 1) / len(steps))
        notes += run_step(document, step, filters, work, part)
    progress.update(0.92, "Writing")
    notes += write(document, target, work, filters)
    progress.update(1.0, "Done")
    return tuple(dict.fromkeys(notes))


def run_step(
    document: Document, step: RecipeStep, filters: FilterRegistry, work: Work, progress: Progress
) -> tuple[str, ...]:
    """Run one recipe step on the active layer, as the window does."""
    item = filter_named(filters, step.filter)
    params = declared.from_json(item.params, step.params)
    cores = os.cpu_count() or 1
    finish = Finish(step.strength, step.detail)
    how = RunSettings(finish, step.seed, work.device, threads=cores, memory=work.memory)
    layer = _active(document)
    if isinstance(item, SessionFilter):
        result = capture_session(document, layer, item, params, how).run(progress)
    elif item.size is not None:
        commit_size(document, capture_size(document, item, params, how).run(progress), item.name)
        return ()
    else:
        result = capture(document, layer, item, params, how).run(progress)
    if result.cuts:
        cut_out(document, layer, result, item.name)
    else:
        made = result_layer(result, item.name)
        document.add_layer(made, document.place_above(layer, free=not made.clip), item.name)
    changed = [
        model for model, digest in step.models.items() if result.step.models.get(model, digest) != digest
    ]
    return (*result.warnings, *(f"The model “{model}” is not the one of the recipe" for model in changed))


def write(document: Document, target: Path, work: Work, filters: FilterRegistry) -> tuple[str, ...]:
    """Save a project or export a picture."""
    snapshot = freeze(document)
    if is_project(target):
        save_project(snapshot, target)
        return ()
    kinds = {item.id: item.source_type for item in filters}
    return export_picture(snapshot, target, work.options, source_types=kinds)


def select_by(document: Document, mask: Path) -> None:
    """Select where a picture is white; its size must be the document's. Raises UserError."""
    coverage = mask_of(mask, Size(document.bounds.width, document.bounds.height))
    store = TileStore.from_array(coverage[..., None])
    store.drop_plain_tiles()
    document.do(document.replacing(document.selection.store, "Load selection", store))


def mask_of(mask: Path, size: Size) -> Array:
    """Where a picture is white, (h, w) bytes; it must have this size. Raises UserError."""
    picture = read(mask)
    height, width = picture.pixels.shape[:2]
    if (width, height) != size:
        raise UserError(
            f"The mask “{mask.name}” has another size",
            f"It is {width} x {height}, the picture is {size.width} x {size.height}",
            "Give a mask of the picture's size",
        )
    rgba = to_float(picture.pixels)
    grey = luma(rgba[..., :3]) * rgba[..., 3]
    coverage: Array = np.rint(grey * 255).astype(np.uint8)
    if not coverage.any():
        raise UserError(
            f"The mask “{mask.name}” is all black", "So nothing is selected", "Paint white where to work"
        )
    return coverage


def check_target(source: Path, target: Path) -> None:
    """Refuse to replace the picture that is read. Raises UserError."""
    same = target.exists() and source.exists() and target.samefile(source)
    if same:
        raise UserError(
            f"“{target.name}” is the picture itself",
            "Originals are never overwritten",
            "Give another name with -o",
        )
    if target.is_dir():
        raise UserError(f"“{target}” is a folder", "", "Give the name of a file")


def _active(document: Document) -> Layer:
    layer = document.active
    if layer is None:
        raise UserError("The project has no layers", "", "Add a layer first")
    return layer


def _bytes(text: str) -> int:
    units: dict[str, int] = {"KB": 10, "MB": 20, "GB": 30, "K": 10, "M": 20, "G": 30}
    upper = text.strip().upper()
    for unit, shift in units.items():
        if upper.endswith(unit):
            upper, scale = upper[: -len(unit)], shift
            break
    else:
        scale = 0
    value = _number(upper)
    if value is None or value * 2**scale < 64 << 20:
        raise UserError(
            f"“{text}” is not a usable amount of memory", "", "Give for example 4GB, at least 64MB"
        )
    return int(value * 2**scale)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def describe_params(item: AnyFilter) -> list[dict[str, Any]]:
    """Parameters of a filter for people and machines."""
    return [
        {
            "name": param.name,
            "kind": param.kind,
            "default": declared.to_json(item.params())[param.name],
            "allowed": param.allowed(),
            "help": param.help,
        }
        for param in declared.describe(item.params)
    ]
