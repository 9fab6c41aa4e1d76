"""``neuplug data``: inspect image data before anything is trained on it."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli import LightGroup
from neuplug.cli.printing import make_console, print_table
from neuplug.data.pixeloptions import Channels, Range, read_range
from neuplug.data.report import Near
from neuplug.errors import InputError
from neuplug_data.printing import SHOWN, print_line, print_names, progress_bar

if TYPE_CHECKING:
    from neuplug.data.dataset import Dataset

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
        typer.Option(
            "--range",
            help="Values that become black and white in images of more than 8 bits: LOW,HIGH; "
            "full: the whole range of their type; auto: found from the whole set.",
        ),
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Describe a data set: layout, classes, sizes, modes, broken files, duplicates."""
    from neuplug.data.dataset import load_dataset

    size = _image_size(imgsz)
    with progress_bar("loading") as progress:
        dataset = load_dataset(
            path,
            imgsz=size,
            resize="crop" if crop else "resize",
            range=_range(range_),
            channels=channels,
            strict=strict,
            near=near,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(_facts(dataset), indent=1))
    else:
        _print(dataset)


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


def _facts(dataset: Dataset) -> dict[str, Any]:
    """What is shown, as JSON values."""
    height, width = dataset.images.image_size
    return {
        **dataset.report.model_dump(mode="json"),
        "images": len(dataset),
        "imgsz": [height, width],
        "channels": dataset.images.channels,
        "splits": _split_counts(dataset),
        "groups": len(set(dataset.groups)),
        "leaks": dataset.leaks,
        "key": dataset.key,
    }


def _split_counts(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Images by given split, then class; empty if no split is given."""
    classes, labels = dataset.images.classes, dataset.images.labels.tolist()
    counts: dict[str, dict[str, int]] = {}
    if any(dataset.splits):
        for split, label in zip(dataset.splits, labels, strict=True):
            part = counts.setdefault(split or "train", dict.fromkeys(classes, 0))
            part[classes[label]] += 1
    return {name: counts[name] for name in ("train", "val", "test") if name in counts}


def _print(dataset: Dataset) -> None:
    console, report, images = make_console(), dataset.report, dataset.images
    line, names = partial(print_line, console), partial(print_names, console)
    height, width = images.image_size
    kind = "grey" if images.channels == 1 else "RGB"
    line(f"{report.source}: {report.layout}")
    line(f"{len(dataset)} images in {len(report.counts)} classes; decoded: {kind} {height}x{width}")
    if report.simulated:
        line("These images are simulated: they are drawn by code.")
    parts = _split_counts(dataset)
    print_table(
        console,
        ("class", *parts, "images"),
        [
            (name, *(part[name] for part in parts.values()), number)
            for name, number in report.counts.items()
        ],
    )
    line(f"sizes (HxW): {_counted(dict(report.sizes.most_common()))}")
    line(f"modes: {_counted(dict(report.modes.most_common()))}")
    for sentence in (*report.notes, *report.unused):
        line(sentence)
    groups = len(set(dataset.groups))
    if groups < len(dataset):
        line(f"groups that a split never divides: {groups}")
    if report.ignored:
        line(f"files passed over: {report.ignored}{_remarks(report.source)}")
    if report.outside:
        names("outside the folder of the data, by a link or a path in the manifest", report.outside)
    names("unreadable files", [f"{id_}: {reason}" for id_, reason in report.skipped])
    names("exact duplicates", [" = ".join(cluster) for cluster in report.exact])
    if report.conflicts:
        names("of these with different labels", [" = ".join(c) for c in report.conflicts])
    if report.near is not None:
        shown = [f"{a} ~ {b} (correlation {score:.3f})" for a, b, score in report.near]
        names("near duplicates", shown)
    if report.whole:
        names("classes of near duplicates of one another, which a split divides", report.whole)
    if report.crowded:
        line(f"images that look like another one, but no more than most do: {report.crowded}")
    if dataset.leak:
        line(dataset.leak, style="bold red")


def _remarks(source: str) -> str:
    """What layouts that cannot read the folder as it is say of it."""
    from pathlib import Path

    from neuplug.data.layouts import ask_layouts

    path = Path(source).expanduser()
    _, said = ask_layouts(path) if path.is_dir() else (None, [])
    return "".join(f". {sentence}" for sentence in said)


def _counted(numbers: dict[str, int]) -> str:
    """``200x200 (1800), 100x80 (3)``, cut short."""
    items = [f"{name} ({number})" for name, number in numbers.items()]
    more = [f"and {len(items) - SHOWN} more"] if len(items) > SHOWN else []
    return ", ".join(items[:SHOWN] + more)
