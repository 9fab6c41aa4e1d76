"""``report.html``: one file that needs nothing else, the verdict first."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from neuplug.experiment.claim import renew_hashes
from neuplug.experiment.results.reading import read_curves, read_results
from neuplug.report.figures import copy_figures, write_figures
from neuplug.report.gallery import Gallery
from neuplug.report.rendering import render
from neuplug.report.sections import view
from neuplug.storage.atomic import write_whole

_KINDS = (
    "accuracy",
    "differences",
    "learning",
    "dose",
    "generator",
    "distances",
    "classifier",
    "confusion",
)


def write_report(folder: str | Path) -> Path:
    """Write ``figures/`` and ``report.html`` for a run.

    Every figure of the page is in ``figures/``: those of the run itself, the samples, and what the
    evaluators have drawn, which stay where they were, too.

    The same ``results.json``, ``curves.json`` and pictures give the same bytes.

    Args:
        folder: The folder of the run, with these files.

    Returns:
        The path of the page.

    Raises:
        InputError: If one of the first two is not there, or this version cannot read it.
    """
    folder = Path(folder)
    results = read_results(folder)
    figures = write_figures(results, read_curves(folder, results), folder)
    page = folder / "report.html"
    gallery = Gallery(results, folder)
    parts = {**view(results), **gallery.view()}
    copy_figures(gallery.files, folder, figures)
    write_whole(page, render("page.html", figures=_grouped(figures), **parts))
    renew_hashes(folder)
    return page


def _grouped(figures: dict[str, str]) -> dict[str, list[Markup]]:
    """Figures by kind, the first word of their names."""
    kinds: dict[str, list[Markup]] = {kind: [] for kind in _KINDS}
    for name, text in figures.items():
        kinds[name.partition("-")[0]].append(Markup(text))  # svg.inline escaped the names in it
    return kinds
