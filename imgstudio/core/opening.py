"""Pictures and projects become documents, and documents become picture files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from imgstudio.core import imagefile, projectfile
from imgstudio.core.blend import flatten
from imgstudio.core.document import Document
from imgstudio.core.errors import UserError
from imgstudio.core.imageformats import xmp
from imgstudio.core.layers import Layer
from imgstudio.core.pixels import top
from imgstudio.core.recipe import Recipe
from imgstudio.core.snapshot import DocumentSnapshot, freeze
from imgstudio.core.tiles import TileStore

if TYPE_CHECKING:
    from imgstudio.core.imagefile import ExportOptions, Metadata

__all__ = [
    "DocumentSnapshot",
    "export_picture",
    "freeze",
    "is_project",
    "losses",
    "open_document",
    "recipe_of",
    "would_overwrite_original",
]

DEFAULT_MAX_MEGAPIXELS: Final = 400.0
_CLAIMS: Final = ("minorHumanEdits", "algorithmicallyEnhanced", "compositeWithTrainedAlgorithmicMedia")
"""IPTC digital source types, lowest claim first."""
_NO_ALPHA: Final = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".bmp"})
_SIXTEEN_BIT: Final = frozenset({".png", ".tif", ".tiff"})


def is_project(path: Path) -> bool:
    """Whether the name is that of a project, which keeps layers."""
    return path.suffix.lower() == ".ora"


def open_document(path: Path, *, max_megapixels: float = DEFAULT_MAX_MEGAPIXELS) -> Document:
    """Open a picture or an OpenRaster project; on any thread. Raises UserError."""
    if is_project(path):
        return projectfile.load(path, max_megapixels=max_megapixels)
    picture = imagefile.read(path, max_megapixels=max_megapixels)
    document = Document.from_pixels(picture.pixels)
    document.name = path.stem
    document.path = document.source = path
    document.metadata = picture.metadata
    document.had_alpha = picture.had_alpha
    document.warnings = tuple(picture.warnings)
    background = document.layers.root[0]
    background.jpeg = picture.jpeg
    document.original = background.pixels.copy()
    return document


def export_picture(
    snapshot: DocumentSnapshot,
    path: Path,
    options: ExportOptions,
    *,
    source_types: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Write the flattened picture; returns notes for the user. Raises UserError.

    `source_types` gives the IPTC digital source type of each filter id; a filter that is not in it and
    used a model counts as the highest claim.
    """
    pixels = flatten(snapshot)
    recipe = with_earlier_steps(snapshot.metadata.xmp, recipe_of(snapshot.layers.root))
    metadata = _with_claim(snapshot.metadata, recipe, source_types or {})
    recipe_xmp = recipe.to_json(compact=True) if recipe.steps else None
    return imagefile.export(
        path, pixels, metadata, options, had_alpha=snapshot.had_alpha, recipe_xmp=recipe_xmp
    )


def recipe_of(layers: Iterable[Layer]) -> Recipe:
    """The recipes of all AI layers that show, joined from the bottom up."""
    return Recipe(tuple(step for layer in _shown(layers) if layer.recipe for step in layer.recipe.steps))


def with_earlier_steps(packet: bytes | None, recipe: Recipe) -> Recipe:
    """A recipe after the one that XMP remembers from layers merged, or files written, before."""
    earlier = xmp.recipe_of(packet)
    if earlier is None:
        return recipe
    try:
        return Recipe((*Recipe.from_json(earlier).steps, *recipe.steps))
    except UserError:
        return recipe


def would_overwrite_original(document: Document | DocumentSnapshot, path: Path) -> bool:
    """Whether writing `path` would replace the picture the document came from, or a picture it stands for.

    Writing a project over its own project file is saving, not overwriting.
    """
    kept = [document.source] if document.source is not None else []
    if document.path is not None and not is_project(document.path):
        kept.append(document.path)
    return any(_same_file(path, original) for original in kept)


def losses(document: Document | DocumentSnapshot, suffix: str) -> list[str]:
    """What a file of this kind will not hold, in the user's words; empty when nothing is lost."""
    suffix = suffix.lower()
    if suffix == ".ora":
        return []
    lost = list(_lost_layers(document))
    if not document_selection(document).is_empty:
        lost.append("The selection is not kept")
    if suffix in _NO_ALPHA and _is_transparent(document):
        lost.append(f"Transparency: {suffix[1:].upper()} has none, so it is filled with a colour")
    if document.dtype.itemsize == 2 and suffix not in _SIXTEEN_BIT:
        lost.append(f"16 bits per channel become 8 in {suffix[1:].upper()}")
    return lost


def document_selection(document: Document | DocumentSnapshot) -> TileStore:
    return document.selection.store if isinstance(document, Document) else document.selection


def _lost_layers(document: Document | DocumentSnapshot) -> Iterator[str]:
    layers = document.layers.root
    if len(layers) == 1 and not layers[0].is_group:
        yield from _lost_of_single(document, layers[0])
        return
    for layer in reversed(list(_flat(layers))):
        yield f"“{layer.name}” {_fate(layer)}"


def _lost_of_single(document: Document | DocumentSnapshot, layer: Layer) -> Iterator[str]:
    if layer.mask is not None:
        yield f"“{layer.name}”: its mask is {'applied' if layer.mask_enabled else 'dropped'}"
    if layer.recipe is not None:
        yield f"“{layer.name}”: its recipe stays in the metadata, but it cannot be changed any more"
    box = layer.transform.bounds_of(layer.pixels.content_bounds())
    if not box.is_empty and box.intersect(document.bounds) != box:
        yield f"“{layer.name}”: what lies outside the canvas is cut off"


def _fate(layer: Layer) -> str:
    if not layer.visible or layer.opacity <= 0:
        return "is hidden and left out"
    if layer.is_group:
        return "is no longer a group"
    if layer.recipe is not None:
        return "is merged; its recipe stays in the metadata, but it cannot be changed any more"
    return "is merged with its mask" if layer.mask is not None else "is merged"


def _is_transparent(document: Document | DocumentSnapshot) -> bool:
    """Whether anything shows through; looks at one stretch of the picture after another."""
    bounds = document.bounds
    step = max(1, (1 << 20) // max(1, bounds.width))
    strips = (
        bounds._replace(y=y, height=min(step, bounds.bottom - y)) for y in range(0, bounds.bottom, step)
    )
    return any(flatten(document, strip)[..., 3].min() < top(document.dtype) for strip in strips)


def _flat(layers: Iterable[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield from _flat(layer.children or ())
        yield layer


def _shown(layers: Iterable[Layer]) -> Iterator[Layer]:
    base_shows = True
    for layer in layers:
        shows = layer.visible and layer.opacity > 0
        if not layer.clip:
            base_shows = shows
        if shows and base_shows:
            yield from _shown(layer.children or ())
            yield layer


def _with_claim(metadata: Metadata, recipe: Recipe, source_types: Mapping[str, str]) -> Metadata:
    """Say in the XMP what kind of AI took part; a claim already there is never lowered."""
    claims = [_claim(source_types.get(step.filter), uses_model=bool(step.models)) for step in recipe.steps]
    rank = max(claims, default=0)
    if rank == 0:
        return metadata
    return replace(metadata, xmp=xmp.with_digital_source_type(metadata.xmp, xmp.SOURCE_TYPES + _CLAIMS[rank]))


def _claim(source_type: str | None, *, uses_model: bool) -> int:
    if source_type in _CLAIMS:
        return _CLAIMS.index(source_type)
    return 2 if uses_model else 1


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()
