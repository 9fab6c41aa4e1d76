"""``neuplug data crop``."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from neuplug.cli.printing import (
    make_console,
    print_line,
    print_names,
    print_table,
    progress_bar,
)

if TYPE_CHECKING:
    from neuplug_labelme.crops import CropReport


def crop(
    images: Annotated[str, typer.Argument(help="The folder of images.")],
    labelme: Annotated[str, typer.Argument(help="The folder of their labelme annotations.")],
    out: Annotated[str, typer.Argument(help="A new folder for the class folders.")],
    size: Annotated[int, typer.Option(help="Height and width of the crops, in pixels.")] = 96,
    side: Annotated[
        int | None,
        typer.Option(help="Side of the squares in the images.", show_default="as --size"),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Only failures of these labels, A,B.", show_default="all")
    ] = None,
    min_part: Annotated[
        float, typer.Option(help="Leave out parts of a failure that show less of it, 0 to 1.")
    ] = 0.05,
    intact: Annotated[
        str, typer.Option(help="How many intact crops; auto: three for each failure crop.")
    ] = "auto",
    intact_name: Annotated[str, typer.Option(help="The class of intact crops.")] = "intact",
    margin: Annotated[int, typer.Option(help="Pixels between an intact crop and any failure.")] = 8,
    min_contrast: Annotated[
        float, typer.Option(help="Least deviation of an intact crop, in grey levels.")
    ] = 2.0,
    inset: Annotated[
        float, typer.Option(help="Share of places without intact crops at each border.")
    ] = 0.1,
    unlabelled_intact: Annotated[
        bool, typer.Option("--unlabelled-intact", help="Images without annotation are intact.")
    ] = False,
    group_by: Annotated[
        str | None,
        typer.Option(
            help="Pattern: images in which it finds the same text are one group.",
            show_default="each image",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="The source of all randomness.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a set of class folders: cut failures and intact squares out of annotated images."""
    from neuplug_labelme.crops import CropOptions, crop_failures

    options = CropOptions(
        size=size,
        side=side,
        labels=None if labels is None else [name.strip() for name in labels.split(",")],
        min_part=min_part,
        intact=int(intact) if re.fullmatch(r"\d{1,9}", intact) else intact,  # type: ignore[arg-type]
        intact_name=intact_name,
        margin=margin,
        min_contrast=min_contrast,
        inset=inset,
        unlabelled_intact=unlabelled_intact,
        group_by=group_by,
        seed=seed,
    )
    with progress_bar("looking") as progress:
        report = crop_failures(images, labelme, out, options, progress=progress)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1))
    else:
        _print_crops(report, out)


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
