"""``neuplug data crop``."""

from __future__ import annotations

import inspect
import json
import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli.printing import make_console, print_table
from neuplug_data.printing import print_line, print_names, progress_bar
from neuplug_labelme.cropoptions import CropOptions

if TYPE_CHECKING:
    from neuplug_labelme.crops import CropReport


# the fields of CropOptions as options: type, help, and whether or how the default is shown
FLAGS: dict[str, tuple[Any, str, bool | str]] = {
    "size": (int, "Height and width of the crops, in pixels.", True),
    "side": (int | None, "Side of the squares in the images.", "as --size"),
    "labels": (str | None, "Labels of the failures to crop, A,B.", "all"),
    "min_part": (
        float,
        "Minimum failure fraction of each part of a divided failure, 0 to 1.",
        True,
    ),
    "intact": (str, "Number of intact crops; auto: three for each failure crop.", True),
    "intact_name": (str, "Class name of the intact crops.", True),
    "margin": (int, "Minimum distance of an intact crop from any failure, in pixels.", True),
    "min_contrast": (float, "Minimum standard deviation of an intact crop, in grey levels.", True),
    "inset": (float, "Fraction of the positions at each border without intact crops.", True),
    "unlabelled_intact": (bool, "Treat images without annotation as intact.", True),
    "group_by": (
        str | None,
        "Regular expression: images in which it matches the same text are one group.",
        "each image",
    ),
    "seed": (int, "Random seed.", True),
}


def crop(
    images: Annotated[str, typer.Argument(help="Folder of images.")],
    labelme: Annotated[str, typer.Argument(help="Folder of their labelme annotations.")],
    out: Annotated[str, typer.Argument(help="New folder for the class folders.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    **flags: Any,
) -> None:
    """Crop failures and intact squares from annotated images into class folders."""
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


def _flag(name: str, type_: Any, text: str, default: bool | str) -> inspect.Parameter:
    option = typer.Option(f"--{name.replace('_', '-')}", help=text, show_default=default)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=getattr(CropOptions, name),
        annotation=Annotated[type_, option],
    )


# the options in the place of ``flags``
_written = inspect.signature(crop, eval_str=True)
*_arguments, _as_json, _ = _written.parameters.values()
_flags = [_flag(name, *about) for name, about in FLAGS.items()]
crop.__signature__ = _written.replace(  # type: ignore[attr-defined]
    parameters=[*_arguments, *_flags, _as_json]
)


def _print_crops(report: CropReport, out: str) -> None:
    console = make_console()
    line, names = partial(print_line, console), partial(print_names, console)
    size, side = report.size, report.side
    from_ = "as they are" if size == side else f"from {side}x{side} pixels of the images"
    line(f"{out}: {sum(report.counts.values())} crops of {size}x{size} pixels, {from_}")
    rows = [(name, number, report.sources[name]) for name, number in report.counts.items()]
    print_table(console, ("class", "crops", "images"), rows)
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
