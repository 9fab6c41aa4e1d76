"""``report.html``: one file that needs nothing else, the verdict first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from markupsafe import Markup

from neuplug.errors import NeuplugError, StorageError
from neuplug.experiment.claim import renew_hashes
from neuplug.experiment.reporters import FinishedRun, Reporter, note_reports
from neuplug.plugins.distributions import told
from neuplug.storage.files import write_whole
from neuplug.storage.store import MissingResult
from neuplug_report.figures import copy_figures, write_figures
from neuplug_report.gallery import Gallery
from neuplug_report.pictures import make_pictures
from neuplug_report.rendering import render
from neuplug_report.sections import view


class HtmlReport(Reporter):
    """One page that needs nothing else: the verdict first, every figure, what each arm costs."""

    def report(self, run: FinishedRun) -> Path:
        """Write ``samples/``, ``figures/`` and ``report.html``."""
        failed: list[Exception] = []
        if run.plan is not None and run.context is not None:
            with _noted(failed):
                make_pictures(run, run.plan, run.context)
        return _write(run, failed)


def write_report(folder: str | Path) -> Path:
    """Write ``figures/`` and ``report.html`` for a run again, from its folder alone.

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
    run = FinishedRun.read(folder)
    page = _write(run, [])
    note_reports(run.folder, {"html": page})
    renew_hashes(run.folder)
    return page


@contextmanager
def _noted(failed: list[Exception]) -> Iterator[None]:
    """Go on after whatever stops a part of the page."""
    try:
        yield
    except MissingResult:
        raise  # it is computed again
    except Exception as error:
        failed.append(error)


def _write(run: FinishedRun, failed: list[Exception]) -> Path:
    """Write the page, and only then say what of it failed."""
    folder, results = run.folder, run.results
    figures: dict[str, str] = {}
    with _noted(failed):
        figures = write_figures(results, run.curves, folder)
    page = folder / "report.html"
    gallery = Gallery(results, folder)
    parts = {**view(results), **gallery.view()}
    with _noted(failed):
        copy_figures(gallery.files, folder, figures)
    write_whole(page, render("page.html", figures=_grouped(figures), **parts))
    if failed:
        kind = StorageError if isinstance(failed[0], StorageError | OSError) else NeuplugError
        raise kind(f"{page} is written, but pictures failed: {told(failed[0])}") from failed[0]
    return page


def _grouped(figures: dict[str, str]) -> dict[str, list[Markup]]:
    """Figures by kind, the first word of their names."""
    kinds: dict[str, list[Markup]] = defaultdict(list)
    for name, text in figures.items():
        kinds[name.partition("-")[0]].append(Markup(text))  # svg.inline escaped the names in it
    return kinds
