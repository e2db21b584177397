"""Colour strokes that were not applied yet, as values that an autosave keeps beside its document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imgstudio.app.controllers.colorize_drafts import Draft, Drafts
from imgstudio.app.controllers.colorize_steps import StrokeSteps
from imgstudio.core.errors import UserError
from imgstudio.core.hint_strokes import strokes_of
from imgstudio.core.params import from_json, to_json
from imgstudio.filters.base import Finish

if TYPE_CHECKING:
    from imgstudio.core.document import Document


class StrokeRescue:
    """Guards: what is given back is again what would be lost."""

    def __init__(self, drafts: Drafts, params: type[Any]) -> None:
        """`params` are those of the filter."""
        self._drafts, self._params = drafts, params

    def unfinished(self, document: Document) -> dict[str, Any]:
        """JSON values; {} where nothing is."""
        draft = self._drafts.waiting(document)
        if draft is None:
            return {}
        return {
            "params": to_json(draft.params),
            "strength": draft.finish.strength,
            "detail": draft.finish.detail,
            "seed": draft.seed,
            "again": "" if draft.again is None else draft.again.id,
        }

    def give_back(self, document: Document, values: dict[str, Any]) -> None:
        """Let what `unfinished` told wait on the document again. Raises UserError for values that it never told."""
        try:
            params = from_json(self._params, values["params"])
            finish = Finish(float(values["strength"]), float(values["detail"]))
            seed, again = int(values["seed"]), document.layers.find(str(values["again"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                "The colour strokes could not be read", f"Their note is damaged: {error}"
            ) from error
        steps = StrokeSteps()
        steps.strokes = strokes_of(params.hints)
        self._drafts.wait(document, Draft(params, finish, seed, steps, again))
