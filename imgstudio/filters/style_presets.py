"""The styles that come with the program: parameters of its network, not paintings."""

from __future__ import annotations

from typing import Final

from imgstudio.core.params import Preset
from imgstudio.core.paths import resources

_LABELS: Final = {
    "starry_night": "Starry Night · van Gogh",
    "the_scream": "The Scream · Munch",
    "wave": "The Great Wave · Hokusai",
    "composition_vii": "Composition VII · Kandinsky",
    "udnie": "Udnie · Picabia",
    "shipwreck": "The Shipwreck · Turner",
    "delaunay_1906": "Metzinger · Delaunay",
    "vg_self": "Self-Portrait · van Gogh",
    "vg_houses": "Houses at Auvers · van Gogh",
    "vg_la_cafe": "The Night Café · van Gogh",
    "vg_olive": "Olive Trees · van Gogh",
    "vg_wheat_field": "Wheat Field · van Gogh",
}
PRESETS: Final = tuple(
    Preset(name, label, resources() / "styles" / f"{name}.jpg") for name, label in _LABELS.items()
)
