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
    from torch import Tensor

    from neuplug.experiment.plan import Plan
    from neuplug.experiment.results.model import Curves, RunResults
    from neuplug.experiment.steps.context import TaskContext
    from neuplug.plugins.spec import ComponentSpec

REPORTS = "reports.json"


@dataclass(frozen=True)
class MadeBeside:
    """What an arm has made in the first repeat.

    Attributes:
        arm: Its name.
        real: The real training images of every class, uint8 (N, C, H, W).
        made: The last generated set of each class that has one, likewise.
        origins: By class what has made it: ``dcgan``, ``flip+rotate``.
    """

    arm: str
    real: Mapping[str, Tensor]
    made: Mapping[str, Tensor]
    origins: Mapping[str, str]


class RunImages:
    """The images of a run, as long as its store is at hand."""

    def __init__(self, plan: Plan, context: TaskContext) -> None:
        self._plan, self._context = plan, context

    def arms(self) -> Iterator[MadeBeside]:
        """Of each arm that makes images ahead of the training, in order."""
        from neuplug.experiment.tasks import MadeImages

        for cell in self._plan.first_cells:
            parts = cell.mixture.parts.items()
            keys = {n: p.task for n, found in parts for p in found if isinstance(p, MadeImages)}
            if not keys:
                continue
            real = self._plan.dataset.images.subset(cell.split.train)
            yield MadeBeside(
                cell.arm.name,
                {name: real.of_class(label).images for label, name in enumerate(real.classes)},
                {name: self._context.tree(key, "images")["images"] for name, key in keys.items()},
                {name: self._origin(key) for name, key in keys.items()},
            )

    def grids(self, fit: str) -> list[tuple[int, Tensor]]:
        """Of a fit's key (step, uint8 (N, C, H, W)): the same noise at several steps."""
        return list(self._context.record(fit).grids)

    def _origin(self, key: str) -> str:
        from neuplug.experiment.tasks import AugmentTask, SampleTask

        task = self._plan.tasks[key]
        assert isinstance(task, SampleTask | AugmentTask)
        return "+".join(component.name for component in task.components)


@dataclass(frozen=True)
class FinishedRun:
    """What a reporter is given.

    Attributes:
        folder: Of the run; ``results.json``, ``curves.json`` and the tables are in it.
        results: Everything that the run found.
        curves: What went on in its trainings.
        images: Its images; ``None`` where a report is made again from the folder alone.
    """

    folder: Path
    results: RunResults
    curves: Curves
    images: RunImages | None = None

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """The run in a folder, without its images.

        Raises:
            InputError: If it has no results, or none that this version can read.
        """
        from neuplug.experiment.results.reading import read_curves, read_results

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
