"""``neuplug data``: inspect image data before anything is trained on it."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli import LightGroup
from neuplug.cli.printing import make_console, print_table
from neuplug.data.pixeloptions import Channels, Range, read_range
from neuplug.data.report import Near
from neuplug.errors import InputError
from neuplug.text import printable_lines
from neuplug_data.printing import print_line, print_names, progress_bar

if TYPE_CHECKING:
    from neuplug.data.dataset import Dataset
    from neuplug.data.listing import Listing
    from neuplug_data.facts import Page

app = typer.Typer(cls=LightGroup, no_args_is_help=True)


@app.callback()
def data() -> None:
    """Inspect and prepare image data."""


def show(
    path: Annotated[str, typer.Argument(help="A folder, a CSV manifest, or demo.")],
    imgsz: Annotated[str, typer.Option(help="Size of the decoded images: H or H,W pixels.")] = "64",
    crop: Annotated[
        bool, typer.Option("--crop/--resize", help="Keep the aspect ratio and crop, or stretch.")
    ] = False,
    range_: Annotated[
        str,
        typer.Option("--range", help="Black and white beyond 8 bits: LOW,HIGH, full or auto."),
    ] = "auto",
    channels: Annotated[
        Channels,
        typer.Option(help="rgb: three channels; grey: one; auto: one if all images are grey."),
    ] = "auto",
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at a file that cannot be read.")
    ] = False,
    near: Annotated[
        Near,
        typer.Option(help="Near duplicates to look for; overlap: neighbours that overlap, too."),
    ] = "on",
    group_by: Annotated[
        str | None,
        typer.Option(help="Regular expression: images with the same text in the path are a group."),
    ] = None,
    min_per_class: Annotated[
        int, typer.Option(min=1, help="Leave out classes with fewer images.")
    ] = 1,
    follow: Annotated[
        bool, typer.Option("--follow", help="Use images outside the folder, where links lead.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Option of a layout, such as tables.label=dx. Repeatable."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Also write a page with thumbnails to this file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Describe a data set: classes, sizes, what is not used, what looks odd, duplicates."""
    if html is not None and html.is_dir():
        raise InputError(f"--html {html} is a folder: give a file in it, such as {html}/data.html.")
    choices: dict[str, Any] = {"group_by": group_by, "min_per_class": min_per_class}
    choices |= {"follow": follow, "options": _options(settings or [])}
    how: dict[str, Any] = {"imgsz": _image_size(imgsz), "resize": "crop" if crop else "resize"}
    how |= {"range": _range(range_), "channels": channels}
    dataset, listing = _loaded(path, choices, strict=strict, near=near, **how)
    _tell(dataset, listing, html, as_json)


def _loaded(path: str, choices: dict[str, Any], **how: Any) -> tuple[Dataset, Listing | None]:
    """The data set, and its files unless it is drawn by code."""
    from neuplug.data.dataset import DEMO, load_dataset
    from neuplug.data.layouts import scan

    listing = None if path == DEMO else scan(path, **choices)
    with progress_bar("loading") as progress:
        return load_dataset(path, progress=progress, listing=listing, **how, **choices), listing


def _tell(dataset: Dataset, listing: Listing | None, html: Path | None, as_json: bool) -> None:
    """Print what there is to know, and write it as a page if one is asked for."""
    from neuplug_data import facts

    page = facts.page_of(dataset, listing)
    if html is not None:
        from neuplug_data.html import write_page

        write_page(html, page, dataset)
    if as_json:
        typer.echo(json.dumps(facts.as_json(dataset, listing), indent=1))
    else:
        _print(page)
        if html is not None:
            print_line(make_console(), f"page with thumbnails: {html}")


def _options(settings: list[str]) -> dict[str, Any]:
    """The options of layouts, of ``--set``.

    Raises:
        InputError: If one is written in another way, or of something else.
    """
    from neuplug.experiment.config import over, setting
    from neuplug.plugins.registry import discover

    found: dict[str, Any] = {}
    for item in settings:
        found = over(found, setting(item))
    layouts = sorted(spec.name for spec in discover().of_kind("layout"))
    options: dict[str, Any] = found.pop("options", {})
    if strange := [name for name in (*options, *found) if name not in layouts]:
        raise InputError(
            f"--set {strange[0]}.…: data show takes options of layouts: {', '.join(layouts)}."
        )
    return options


def _image_size(text: str) -> tuple[int, int]:
    """Read ``H`` or ``H,W`` (also ``HxW``)."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:[,x]\s*(\d{1,5})\s*)?", text)
    if match is None:
        raise InputError(f"--imgsz {text!r}: give H or H,W in pixels, such as 64 or 48,64.")
    return int(match[1]), int(match[2] or match[1])


def _range(text: str) -> Range:
    try:
        return read_range(text)
    except ValueError as error:
        raise InputError(f"--range {text!r}: {error}.") from None


def _print(page: Page) -> None:
    console = make_console()
    line = partial(print_line, console)
    line(f"{page.source}: {page.layout}", style="bold")
    line(page.summary)
    rows = [(printable_lines(name), *parts, number) for name, parts, number in page.classes]
    print_table(console, ("class", *page.parts, "images"), rows)
    for title, text in page.seen:
        line(f"{title}: {text}")
    console.print()
    line("Not used", style="bold")
    for sentence in page.unused or ["nothing: every file is used"]:
        line(f"  {sentence}")
    console.print()
    line("To look at before training", style="bold")
    for sentence in page.odd or ["nothing looks odd"]:
        line(f"  {'! ' if page.odd else ''}{sentence}")
    console.print()
    line("Duplicates and files that cannot be read", style="bold")
    for title, items in page.lists:
        print_names(console, title, items)
