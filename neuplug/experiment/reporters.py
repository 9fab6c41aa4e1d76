"""Reporters: turn a finished run into something to look at."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from neuplug.errors import NeuplugError, StorageError
from neuplug.experiment.components import named_faults
from neuplug.plugins.component import ComponentBase
from neuplug.storage.atomic import write_json

if TYPE_CHECKING:
    from neuplug.experiment.plan import Plan
    from neuplug.experiment.results import Curves, RunResults
    from neuplug.experiment.steps.context import TaskContext
    from neuplug.plugins.registry import ComponentSpec

REPORTS = "reports.json"


@dataclass(frozen=True)
class FinishedRun:
    """What a reporter is given.

    Attributes:
        folder: Of the run; ``results.json``, ``curves.json`` and the tables are in it.
        results: Everything that the run found.
        curves: What went on in its trainings.
        plan: Its tasks, and ``context`` with what these left in the store, for pictures; ``None``
            where a report is made again from the folder alone.
    """

    folder: Path
    results: RunResults
    curves: Curves
    plan: Plan | None = None
    context: TaskContext | None = None

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """The run in a folder, without its store.

        Raises:
            InputError: If it has no results, or none that this version can read.
        """
        from neuplug.experiment.results import read_curves, read_results

        results = read_results(folder)
        return cls(Path(folder), results, read_curves(folder))


class Reporter(ComponentBase):
    """Turns a finished run into something to look at: a page, a table, a tracker's entry."""

    @abstractmethod
    def report(self, run: FinishedRun) -> Path | None:
        """Make the report.

        Args:
            run: It has come to its end; nothing of it may be changed.

        Returns:
            The file to open, in the run's folder; ``None`` if there is none. An exception is told
            with the reporter's name and stops neither the run nor other reporters.
        """


def write_reports(
    specs: Iterable[ComponentSpec], options: Mapping[str, Mapping[str, object]], run: FinishedRun
) -> Iterator[str]:
    """Have each reporter report, and note in ``reports.json`` what came of it.

    Yields:
        A sentence for each that failed.
    """
    made: dict[str, Path | None] = {}
    specs = list(specs)
    # one that fails now has no report, though it had one
    names = {spec.name for spec in specs}
    kept = {name: path for name, path in _noted(run.folder).items() if name not in names}
    write_json(run.folder / REPORTS, kept)
    for spec in specs:
        try:
            kind = spec.load()
            with named_faults(spec):
                reporter = kind(kind.options_class.parse(options.get(spec.name, {}), spec.name))
                assert isinstance(reporter, Reporter)
                made[spec.name] = reporter.report(run)
        except StorageError:
            raise
        except NeuplugError as error:
            yield f"no report of {spec.name}: {error}"
    note_reports(run.folder, made)


def note_reports(folder: Path, made: Mapping[str, Path | None]) -> None:
    """Note in ``reports.json`` what reporters have made, besides what is noted there."""
    new = {
        name: None if path is None else os.path.relpath(path, folder).replace(os.sep, "/")
        for name, path in made.items()
    }
    write_json(folder / REPORTS, _noted(folder) | new)


def have_reported(folder: Path, names: Iterable[str]) -> bool:
    """Whether all of these have reported, even those that make no file."""
    return set(names) <= _noted(folder).keys()


def read_reports(folder: Path) -> dict[str, Path]:
    """Reporters' names to the files that they made for the run in ``folder``."""
    return {name: folder / path for name, path in _noted(folder).items() if path}


def _noted(folder: Path) -> dict[str, str | None]:
    try:
        found = json.loads((folder / REPORTS).read_text("utf-8"))
        return {str(name): path and str(path) for name, path in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}
