"""Named palettes for colouring: some come with the program, all can be changed, and the settings remember them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from imgstudio.core.colour_text import Rgb, code_of, colour_of
from imgstudio.core.settings import Settings

BUILT_IN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Skin": "f3d9c6 ebc3a6 dea985 c68863 a56a48 85502f 5f3822 3d2417 dc9482 c77266 ad5a56",
        "Hair": "ead6a4 cdab6b aa8048 b45f2c 8c4a26 6d4529 4b3020 2e221c 1f1c20 7c7672 bdb7ae",
        "Foliage and sky": "86a04e 5f8038 406432 2f4b38 8b8c4c c9b36c ba7b34 c5d8e4 8fb9de 5d93c8 3c6ca8 4d7f8d",
        "Wood and stone": "d6b680 b78c59 8e6440 6a4830 7b3c2a 978b7a c2724e a4553f cfb78f 8f8b86 5f6b75 7c5d41",
        "Fabric of the 1900s-1940s": "2c3957 40557a 6f86a0 2f4c3d 8b7c53 6a705e 7e5b3b 6c2b36 a43a34 bb858b 8e7391 e7d9ba",
    }
)
"""Name -> colours, as one would find them in daylight."""
MOST: Final = 48
"""Colours in one palette."""
LONGEST: Final = 40
"""Letters of a name."""


class Palettes:
    """Guards: a palette of the program never goes away, it only comes back as it was."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the program first."""
        own = self._settings.colour_palettes
        return (*BUILT_IN, *(name for name in own if name not in BUILT_IN))

    @property
    def current(self) -> str:
        """The name of the one that is shown."""
        chosen = self._settings.colour_palette
        return chosen if chosen in self.names else next(iter(BUILT_IN))

    @property
    def colours(self) -> tuple[Rgb, ...]:
        """Of the one that is shown."""
        codes = self._settings.colour_palettes.get(self.current)
        found = map(colour_of, BUILT_IN[self.current].split() if codes is None else codes)
        return tuple(colour for colour in found if colour is not None)

    @property
    def is_own(self) -> bool:
        """Whether it can be renamed and removed."""
        return self.current not in BUILT_IN

    @property
    def is_changed(self) -> bool:
        """Whether it is one of the program's and can be brought back."""
        return not self.is_own and self.current in self._settings.colour_palettes

    def show(self, name: str) -> None:
        self._settings.set("colour_palette", name)

    def add(self, colour: Rgb) -> bool:
        """Put a colour last; False where it is there, or there is no room."""
        if colour in self.colours or len(self.colours) >= MOST:
            return False
        self._put((*self.colours, colour))
        return True

    def remove(self, index: int) -> None:
        self._put((*self.colours[:index], *self.colours[index + 1 :]))

    def make(self, name: str, colours: tuple[Rgb, ...] = ()) -> str:
        """Make a palette, show it, and say what it is called: no two have one name."""
        free = self._free(name)
        self._store({**self._settings.colour_palettes, free: tuple(map(code_of, colours))})
        self.show(free)
        return free

    def rename(self, name: str) -> str:
        """Call the user's palette that is shown otherwise, and say how."""
        before = self.current
        if name.strip()[:LONGEST] == before or not self.is_own:
            return before
        free = self._free(name)
        own = self._settings.colour_palettes
        self._store({free if key == before else key: value for key, value in own.items()})
        self.show(free)
        return free

    def drop(self) -> None:
        """Remove the user's palette that is shown, or bring the program's back as it was."""
        name = self.current
        self._store({key: value for key, value in self._settings.colour_palettes.items() if key != name})

    def _put(self, colours: tuple[Rgb, ...]) -> None:
        self._store({**self._settings.colour_palettes, self.current: tuple(map(code_of, colours))})

    def _store(self, palettes: Mapping[str, tuple[str, ...]]) -> None:
        self._settings.set("colour_palettes", palettes)

    def _free(self, name: str) -> str:
        wanted = name.strip()[:LONGEST] or "Palette"
        free, number = wanted, 2
        while free in self.names:
            free, number = f"{wanted} {number}", number + 1
        return free
