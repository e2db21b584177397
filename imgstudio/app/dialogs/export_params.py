"""What the export dialog asks for, and how it becomes the options of the writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from imgstudio.core.imagefile import ExportOptions
from imgstudio.core.params import Colour, Number, Ui

Format = Literal["JPEG", "PNG", "TIFF", "WebP"]
SUFFIXES: Final[dict[str, str]] = {"JPEG": ".jpg", "PNG": ".png", "TIFF": ".tif", "WebP": ".webp"}


@dataclass(frozen=True)
class ExportParams:
    """One form for all formats; only what the chosen one knows is shown."""

    format: Annotated[Format, Ui(help="JPEG and WebP are small, PNG and TIFF keep every pixel.")] = "PNG"
    jpeg_quality: Annotated[
        int,
        Number(1, 100, unit="%"),
        Ui(
            label="Quality", help="92 cannot be told from the original by eye.", visible_if=("format", "JPEG")
        ),
    ] = 92
    subsampling: Annotated[
        Literal["auto", "4:4:4", "4:2:2", "4:2:0"],
        Ui(
            label="Colour detail",
            help="4:4:4 keeps colour at full resolution; auto does from quality 92 up.",
            visible_if=("format", "JPEG"),
        ),
    ] = "auto"
    background: Annotated[
        str,
        Colour(),
        Ui(help="What transparent parts become: JPEG has no transparency.", visible_if=("format", "JPEG")),
    ] = "#ffffff"
    lossless: Annotated[bool, Ui(label="Keep every pixel (lossless)", visible_if=("format", "WebP"))] = False
    webp_quality: Annotated[
        int, Number(1, 100, unit="%"), Ui(label="Quality", visible_if=("format", "WebP"))
    ] = 90
    png_depth: Annotated[
        Literal["as the picture", "8 bit", "16 bit"], Ui(label="Depth", visible_if=("format", "PNG"))
    ] = "as the picture"
    tiff_depth: Annotated[
        Literal["as the picture", "8 bit", "16 bit"], Ui(label="Depth", visible_if=("format", "TIFF"))
    ] = "as the picture"
    metadata: Annotated[
        Literal["keep", "no_location", "strip"],
        Ui(label="Metadata", help="Keep all, all but the place it was taken, or nothing."),
    ] = "keep"

    @property
    def suffix(self) -> str:
        return SUFFIXES[self.format]

    def options(self) -> ExportOptions:
        """The same for the writer."""
        depth = {"PNG": self.png_depth, "TIFF": self.tiff_depth}.get(self.format, "as the picture")
        red, green, blue = (int(self.background[i : i + 2], 16) for i in (1, 3, 5))
        return ExportOptions(
            quality=self.webp_quality if self.format == "WebP" else self.jpeg_quality,
            subsampling=self.subsampling,
            bit_depth={"8 bit": 8, "16 bit": 16}.get(depth),
            lossless=self.lossless,
            metadata=self.metadata,
            background=(red, green, blue),
        )


def format_of(suffix: str) -> Format | None:
    """The format that a file name's end stands for."""
    known: dict[str, Format] = {
        ".jpg": "JPEG",
        ".jpeg": "JPEG",
        ".png": "PNG",
        ".tif": "TIFF",
        ".tiff": "TIFF",
        ".webp": "WebP",
    }
    return known.get(suffix.lower())


def params_of(chosen: Format, options: ExportOptions) -> ExportParams:
    """What was chosen before, for exporting again with a change."""
    depths: dict[int | None, Literal["as the picture", "8 bit", "16 bit"]] = {8: "8 bit", 16: "16 bit"}
    depth = depths.get(options.bit_depth, "as the picture")
    return ExportParams(
        format=chosen,
        jpeg_quality=options.quality,
        webp_quality=options.quality,
        subsampling=options.subsampling,
        background="#{:02x}{:02x}{:02x}".format(*options.background),
        lossless=options.lossless,
        png_depth=depth,
        tiff_depth=depth,
        metadata=options.metadata,
    )
