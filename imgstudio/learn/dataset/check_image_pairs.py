"""Check a folder of damaged pictures and their clean versions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from imgstudio.core.jobs import Progress
from imgstudio.learn.dataset import findings
from imgstudio.learn.dataset.looking import looked_at
from imgstudio.learn.dataset.photos import photos_in
from imgstudio.learn.dataset.pictures import PictureFacts, picture_facts
from imgstudio.learn.dataset.places import place_of
from imgstudio.learn.dataset.report import DatasetReport, Finding, Sample, Side, Split
from imgstudio.learn.dataset.splitting import GivenSplit, split_samples

_INPUT_WORDS: Final = frozenset(
    {
        *("input", "inputs", "noisy", "degraded", "damaged", "lr", "lq", "low", "lowres", "blur", "blurred"),
        *("blurry", "before", "source", "old", "x", "bicubic", "compressed", "dirty", "bad"),
    }
)
_CLEAN_WORDS: Final = frozenset(
    {
        *(
            "clean",
            "target",
            "targets",
            "gt",
            "hr",
            "hq",
            "high",
            "highres",
            "sharp",
            "original",
            "originals",
        ),
        *("after", "truth", "y", "restored", "reference", "good"),
    }
)
_SCALE: Final = re.compile(r"x\d")
_SCALE_END: Final = re.compile(r"(?<=\d)x[2348]$")
"""As in "0801x2"."""


def check_image_pairs(folder: Path, progress: Progress, *, scale: int = 1) -> DatasetReport:
    """Pair inputs with clean pictures by name, check their sizes, and split them by scene.

    Inputs and clean pictures lie in folders whose names say so ("input" and "clean", "LR" and "HR", "before" and
    "after", ...), or their names end so. A clean picture has `scale` times the sides of its input. Raises UserError
    where there is no folder, and Cancelled.
    """
    pairs, told = _found(folder)
    paths = [path for pair in pairs for path in pair]
    looked = looked_at(paths, picture_facts, progress.part(0, 0.95), "Looking at the pictures")
    told += findings.unreadable([fact.problem for fact in looked if fact.problem])
    facts = list(zip(looked[::2], looked[1::2], strict=True))
    fitting = [pair for pair in facts if not (pair[0].problem or pair[1].problem)]
    good = [pair for pair in fitting if _fits(pair, scale)]
    told += _size_findings([pair for pair in fitting if not _fits(pair, scale)], scale)
    if not good:
        return findings.nothing(folder, told, had="pairs" if pairs else "")
    told += findings.too_few(len(good))
    samples = [_sample(pair, folder) for pair in good]
    if len(good) < 2:
        return DatasetReport(folder, tuple(samples), Split((0,), ()), tuple(told))
    sides = tuple(_side(sample.image, folder) for sample in samples)
    given = GivenSplit(sides, "the folders for training and validation")
    done = split_samples(
        samples, [pair[0] for pair in good], given if {"train", "valid"} <= set(sides) else GivenSplit()
    )
    progress.update(1.0, "Checked")
    return DatasetReport(folder, done.samples, done.split, findings.in_order([*told, *done.findings]))


def _found(folder: Path) -> tuple[list[tuple[Path, Path]], list[Finding]]:
    inputs, clean = _by_key(folder)
    pairs = [(inputs[key][0], clean[key][0]) for key in inputs if key in clean]
    out: list[Finding] = []
    twice = [key for key in inputs if key in clean and len(inputs[key]) + len(clean[key]) > 2]
    if twice:
        out.append(
            Finding(
                "warning",
                f"{findings.counted(len(twice), 'names')} fit more than one pair; the first files are used.",
                "Remove or rename the files that are not meant.",
                tuple(" / ".join(path.name for path in (*inputs[key], *clean[key])) for key in twice),
            )
        )
    alone = [
        path
        for own, other in ((inputs, clean), (clean, inputs))
        for key in own.keys() - other
        for path in own[key]
    ]
    if pairs and alone:
        out.append(
            Finding(
                "note",
                f"{findings.counted(len(alone), 'pictures')} without a partner are left out.",
                "",
                findings.texts(sorted(alone)),
            )
        )
    if not pairs and (inputs or clean):
        out.append(
            Finding(
                "error",
                f"No picture in “{folder.name}” has a clean partner of the same name.",
                "Put the damaged pictures into a folder “input” and the clean ones, with the same names, into “clean”.",
            )
        )
    return pairs, out


_Key = tuple[str, ...]


def _by_key(folder: Path) -> tuple[dict[_Key, list[Path]], dict[_Key, list[Path]]]:
    """Inputs and clean pictures by folder and name without the words that tell them apart."""
    inputs: dict[_Key, list[Path]] = defaultdict(list)
    clean: dict[_Key, list[Path]] = defaultdict(list)
    for path in photos_in(folder):
        parts = path.relative_to(folder).with_suffix("").parts
        read = [_read(part) for part in parts]
        roles = {role for role, _ in read if role}
        if len(roles) == 1:
            key = tuple(rest for _, rest in read if rest)
            (inputs if roles == {"input"} else clean)[key].append(path)
    return inputs, clean


def _read(part: str) -> tuple[Literal["input", "clean"] | None, str]:
    """Role that a part of a path tells, and the part without it."""
    words = [word for word in re.split(r"[_\-. ]+", _SCALE_END.sub("", part.lower())) if word]
    ends = {words[0], words[-1]} if words else set()
    is_input, is_clean = bool(ends & _INPUT_WORDS), bool(ends & _CLEAN_WORDS)
    rest = " ".join(w for w in words if w not in _INPUT_WORDS | _CLEAN_WORDS and not _SCALE.fullmatch(w))
    if is_input == is_clean:
        return None, " ".join(w for w in words if not _SCALE.fullmatch(w))
    return "input" if is_input else "clean", rest


def _fits(pair: tuple[PictureFacts, PictureFacts], scale: int) -> bool:
    damaged, clean = pair
    return (clean.width, clean.height) == (damaged.width * scale, damaged.height * scale)


def _size_findings(misfits: Sequence[tuple[PictureFacts, PictureFacts]], scale: int) -> list[Finding]:
    if not misfits:
        return []
    nearly = all(
        abs(c.width - d.width * scale) < scale and abs(c.height - d.height * scale) < scale
        for d, c in misfits
    )
    wanted = "the size of its input" if scale == 1 else f"{scale} times the sides of its input"
    advice = "Crop or export both in matching sizes."
    if nearly and scale > 1:
        advice = f"Crop the clean pictures to multiples of {scale} pixels before you reduce them."
    return [
        Finding(
            "warning",
            f"{findings.counted(len(misfits), 'pairs')} {'is' if len(misfits) == 1 else 'are'} left out:"
            f" the clean picture has not {wanted}.",
            advice,
            tuple(f"{d.path.name}: {d.width} x {d.height}, clean {c.width} x {c.height}" for d, c in misfits),
        )
    ]


def _sample(pair: tuple[PictureFacts, PictureFacts], folder: Path) -> Sample:
    damaged, clean = pair
    scene = [rest for role, rest in map(_read, damaged.path.parent.relative_to(folder).parts) if not role]
    group = "/".join(place_of(Path(*scene)).scene) if scene else ""
    sample = Sample(damaged.path, clean.path, damaged.width, damaged.height, damaged.sha256)
    return replace(sample, group=group)


def _side(path: Path, folder: Path) -> Side | None:
    """Train or valid, when a folder's name holds that word."""
    words = set(re.split(r"[^a-z]+", path.parent.relative_to(folder).as_posix().lower()))
    if words & {"val", "valid", "validation"}:
        return "valid"
    return "train" if words & {"train", "training"} else None
