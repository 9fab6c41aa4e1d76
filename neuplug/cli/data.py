"""``neuplug data``: look at image data, and cut it, before anything is trained on it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuplug.cli.group import LightGroup
from neuplug.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from neuplug.data.crops import CropReport
    from neuplug.data.dataset import Dataset
    from neuplug.plugins.generator import Progress

app = typer.Typer(cls=LightGroup, no_args_is_help=True)

_SHOWN = 20  # names listed before the rest is only counted


@app.callback()
def data() -> None:
    """Look at image data, and cut it."""


@app.command()
def show(
    path: Annotated[str, typer.Argument(help="A folder, a CSV manifest, or demo.")],
    imgsz: Annotated[str, typer.Option(help="Decode at H or H,W pixels.")] = "64",
    crop: Annotated[
        bool, typer.Option("--crop/--resize", help="Keep the aspect and cut, or stretch.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at a file that cannot be read.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is in a data set: layout, classes, sizes, modes, broken files, duplicates."""
    from neuplug.data.dataset import load_dataset

    size = _image_size(imgsz)
    with _progress("loading") as progress:
        dataset = load_dataset(
            path,
            imgsz=size,
            resize="crop" if crop else "resize",
            strict=strict,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(_facts(dataset), indent=1))
    else:
        _print(dataset)


@app.command("crop")
def crop_(
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
    from neuplug.data.crops import CropOptions, crop_failures

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
    with _progress("looking") as progress:
        report = crop_failures(images, labelme, out, options, progress=progress)
    if as_json:
        typer.echo(json.dumps(report.to_json(), indent=1))
    else:
        _print_crops(report, out)


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    """A bar on the terminal, if there is one, which the given callable moves."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(emoji=False, stderr=True)
    with Bars(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(what, total=None)
        yield lambda done, total, note="": bars.update(
            task, completed=done, total=total, description=note
        )


def _image_size(text: str) -> tuple[int, int]:
    """Read ``H`` or ``H,W`` (also ``HxW``)."""
    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:[,x]\s*(\d{1,5})\s*)?", text)
    if match is None:
        raise InputError(f"--imgsz {text!r}: give H or H,W in pixels, such as 64 or 48,64.")
    return int(match[1]), int(match[2] or match[1])


def _facts(dataset: Dataset) -> dict[str, Any]:
    """What is shown, as JSON values."""
    from neuplug.data.leaks import find_leaks

    height, width = dataset.images.image_size
    ids = dataset.images.ids
    return {
        **dataset.report.to_json(),
        "images": len(dataset),
        "imgsz": [height, width],
        "channels": dataset.images.channels,
        "splits": _split_counts(dataset),
        "groups": len(set(dataset.groups)),
        "leaks": [[ids[leak.held], ids[leak.other], leak.how] for leak in find_leaks(dataset)],
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


def _writers(console: Console) -> tuple[Callable[[str], None], Callable[..., None]]:
    """One that prints a line, and one that prints a title and a list, cut short."""
    from rich.text import Text

    def line(text: str) -> None:
        # names of files are not markup, and may be no valid text
        console.print(Text(text.encode("utf-8", "replace").decode()))

    def names(title: str, items: Sequence[str]) -> None:
        line(f"{title}: {len(items)}")
        for item in items[:_SHOWN]:
            line(f"  {item}")
        if len(items) > _SHOWN:
            line(f"  … and {len(items) - _SHOWN} more")

    return line, names


def _print_crops(report: CropReport, out: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(emoji=False, highlight=False, soft_wrap=True)
    line, names = _writers(console)
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


def _print(dataset: Dataset) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from neuplug.data.leaks import find_leaks, leak_sentence

    report = dataset.report
    console = Console(emoji=False, highlight=False, soft_wrap=True)

    line, names = _writers(console)
    height, width = dataset.images.image_size
    kind = "grey" if dataset.images.channels == 1 else "RGB"
    line(f"{report.source}: {report.layout}")
    line(f"{len(dataset)} images in {len(report.counts)} classes; decoded: {kind} {height}x{width}")
    if report.simulated:
        line("These images are simulated: they are drawn by code.")
    table = Table()
    parts = _split_counts(dataset)
    table.add_column("class")
    for title in (*parts, "images") if parts else ("images",):
        table.add_column(title, justify="right")
    for name, number in report.counts.items():
        given = [str(part[name]) for part in parts.values()]
        table.add_row(Text(name), *given, str(number))
    console.print(table)
    line(f"sizes (HxW): {_counted({f'{h}x{w}': n for (h, w), n in report.sizes.most_common()})}")
    line(f"modes: {_counted(dict(report.modes.most_common()))}")
    if any("16 bit" in mode for mode in report.modes):
        line(f"16-bit values have {report.bits} bits in use: divided by {2 ** (report.bits - 8)}")
    groups = len(set(dataset.groups))
    if groups < len(dataset):
        line(f"groups that a split never divides: {groups}")
    if report.ignored:
        line(f"files passed over: {report.ignored}{_labelme_remark(report.source)}")
    if report.outside:
        names("outside the folder of the data, by a link or a path in the manifest", report.outside)
    names("unreadable files", [f"{id_}: {reason}" for id_, reason in report.skipped])
    names("exact duplicates", [" = ".join(cluster) for cluster in report.exact])
    if report.conflicts:
        names("of these with different labels", [" = ".join(c) for c in report.conflicts])
    if report.near is not None:
        shown = [f"{a} ~ {b} (correlation {score:.3f})" for a, b, score in report.near]
        names("near duplicates", shown)
    if report.crowded:
        line(f"images that look like another one, but no more than most do: {report.crowded}")
    if leak := leak_sentence(dataset, find_leaks(dataset)):
        console.print(Text(leak.encode("utf-8", "replace").decode(), "bold red"))


def _labelme_remark(source: str) -> str:
    from pathlib import Path

    from neuplug.data.labelme import has_labelme

    if not has_labelme(Path(source).expanduser()):
        return ""
    return (
        ", among them labelme annotations: neuplug data crop makes a set of class folders of them"
    )


def _counted(numbers: dict[str, int]) -> str:
    """``200x200 (1800), 100x80 (3)``, cut short."""
    items = [f"{name} ({number})" for name, number in numbers.items()]
    more = [f"and {len(items) - _SHOWN} more"] if len(items) > _SHOWN else []
    return ", ".join(items[:_SHOWN] + more)
