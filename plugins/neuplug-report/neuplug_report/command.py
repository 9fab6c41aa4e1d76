"""``neuplug report``: the page of a run again, or several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neuplug.errors import InputError
from neuplug.text import printable


def report(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished runs.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File for the page that compares runs; by default comparison.html."),
    ] = None,
) -> None:
    """Write the report of a run again, or compare several runs.

    neuplug report runs/compose/first

    neuplug report runs/compose/first runs/compose/second
    """
    if len(runs) == 1:
        if out is not None:
            raise InputError("--out is for several runs; a run's report stays in its folder.")
        _one(runs[0])
    else:
        _several(runs, out or Path("comparison.html"))


def _one(folder: Path) -> None:
    from neuplug.console import PlainConsole
    from neuplug.experiment.reading import read_results
    from neuplug.experiment.summary.terminal import print_summary
    from neuplug_report.page import write_report

    write_report(folder)
    moved = {"folder": str(folder)}
    print_summary(read_results(folder).model_copy(update=moved), PlainConsole())


def _several(folders: list[Path], out: Path) -> None:
    from neuplug.console import PlainConsole
    from neuplug.experiment.reading import read_results
    from neuplug_report.comparing import compare_runs, print_comparison, write_comparison

    comparison = compare_runs([read_results(folder) for folder in folders])
    if out.is_dir():
        raise InputError(f"{out} is a folder: name a file, such as comparison.html.")
    write_comparison(comparison, out)
    print_comparison(comparison, PlainConsole())
    typer.echo(printable(f"page: {out}"))
