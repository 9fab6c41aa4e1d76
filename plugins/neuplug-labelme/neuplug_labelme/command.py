"""``neuplug data crop``."""

from __future__ import annotations

import inspect
import json
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli.printing import progress_bar, writers
from neuplug_labelme.cropoptions import CropOptions

if TYPE_CHECKING:
    from neuplug_labelme.crops import CropReport


# the options, which are the fields of CropOptions
FLAGS: dict[str, Any] = {
    "size": Annotated[int, typer.Option(help="Height and width of the crops, in pixels.")],
    "side": Annotated[
        int | None,
        typer.Option(help="Side of the squares in the images.", show_default="as --size"),
    ],
    "labels": Annotated[
        str | None, typer.Option(help="Only failures of these labels, A,B.", show_default="all")
    ],
    "min_part": Annotated[
        float, typer.Option(help="Leave out parts of a failure that show less of it, 0 to 1.")
    ],
    "intact": Annotated[
        str, typer.Option(help="How many intact crops; auto: three for each failure crop.")
    ],
    "intact_name": Annotated[str, typer.Option(help="The class of intact crops.")],
    "margin": Annotated[int, typer.Option(help="Pixels between an intact crop and any failure.")],
    "min_contrast": Annotated[
        float, typer.Option(help="Least deviation of an intact crop, in grey levels.")
    ],
    "inset": Annotated[
        float, typer.Option(help="Share of places without intact crops at each border.")
    ],
    "unlabelled_intact": Annotated[
        bool, typer.Option("--unlabelled-intact", help="Images without annotation are intact.")
    ],
    "group_by": Annotated[
        str | None,
        typer.Option(
            help="Pattern: images in which it finds the same text are one group.",
            show_default="each image",
        ),
    ],
    "seed": Annotated[int, typer.Option(help="The source of all randomness.")],
}


def crop(
    images: Annotated[str, typer.Argument(help="The folder of images.")],
    labelme: Annotated[str, typer.Argument(help="The folder of their labelme annotations.")],
    out: Annotated[str, typer.Argument(help="A new folder for the class folders.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    **flags: Any,
) -> None:
    """Make a set of class folders: cut failures and intact squares out of annotated images."""
    from neuplug_labelme.crops import crop_failures

    if flags["labels"] is not None:
        flags["labels"] = [name.strip() for name in flags["labels"].split(",")]
    if re.fullmatch(r"\d{1,9}", flags["intact"]):
        flags["intact"] = int(flags["intact"])
    options = CropOptions(**flags)
    with progress_bar("looking") as progress:
        report = crop_failures(images, labelme, out, options, progress=progress)
    if as_json:
        typer.echo(json.dumps(vars(report), indent=1))
    else:
        _print_crops(report, out)


# the options in the place of ``flags``
_written = inspect.signature(crop, eval_str=True)
*_arguments, _as_json, _ = _written.parameters.values()
_flags = [
    _as_json.replace(name=name, default=getattr(CropOptions, name), annotation=annotation)
    for name, annotation in FLAGS.items()
]
crop.__signature__ = _written.replace(  # type: ignore[attr-defined]
    parameters=[*_arguments, *_flags, _as_json]
)


def _print_crops(report: CropReport, out: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    line, names = writers(console)
    size, side = report.size, report.side
    from_ = "as they are" if size == side else f"from {side}x{side} pixels of the images"
    line(f"{out}: {sum(report.counts.values())} crops of {size}x{size} pixels, {from_}")
    table = Table()
    table.add_column("class")
    table.add_column("crops", justify="right")
    table.add_column("images", justify="right")
    for name, number in report.counts.items():
        table.add_row(Text(name), str(number), str(report.sources[name]))
    console.print(table)
    line(f"images with crops: {report.images}, groups that a split never divides: {report.groups}")
    line(f"failures: {report.failures}, of which cut into parts: {report.divided}")
    if report.slivers:
        line(f"parts left out that show too little of a failure: {report.slivers}")
    if report.repeated:
        line(f"squares left out that an earlier shape has given: {report.repeated}")
    if report.missing_intact:
        line(
            f"intact crops wanted: {report.wanted_intact}, of which {report.missing_intact} found "
            "no room beside failures, blank areas and each other"
        )
    names("images and annotations skipped", [f"{id_}: {why}" for id_, why in report.skipped])
    names("shapes skipped", [f"{id_}: {why}" for id_, why in report.bad_shapes])
    if report.no_intact:
        names("of these images no intact crops are cut", report.no_intact)
    if report.mixed:
        names("crops that also show a failure of another class", report.mixed)
