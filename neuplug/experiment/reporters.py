"""What plugins make of a finished run: reports of their own, and sections of its summary."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from neuplug.errors import NeuplugError, StorageError
from neuplug.experiment.components import named_faults
from neuplug.experiment.reading import read_curves, read_results
from neuplug.experiment.results import Curves, RunResults
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.registry import ComponentSpec, discover
from neuplug.storage.files import write_json
from neuplug.storage.store import MissingResult

if TYPE_CHECKING:
    from neuplug.experiment.plan import Plan
    from neuplug.experiment.steps.context import TaskContext

REPORTS = "reports.json"


@dataclass(frozen=True)
class FinishedRun:
    """What a reporter is given.

    Attributes:
        folder: Of the run; ``results.json``, ``curves.json`` and the tables are in it.
        results: Everything that the run found.
        curves: What went on in its trainings.
        plan: Its tasks, and ``context`` with what these left in the store, for pictures; ``None``
            where a report is made again from the folder alone. Both are neuplug's own and may
            change; the folder and the results are what a reporter can rely on.
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
        return cls(Path(folder), read_results(folder), read_curves(folder))


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
    specs: Sequence[ComponentSpec], options: Mapping[str, Mapping[str, object]], run: FinishedRun
) -> Iterator[NeuplugError]:
    """Have each reporter report, and note in ``reports.json`` what came of it.

    Yields:
        An error for each that failed.
    """
    made: dict[str, Path | None] = {}
    # one that fails now has no report, though it had one
    names = {spec.name for spec in specs}
    kept = {name: path for name, path in _noted(run.folder).items() if name not in names}
    write_json(run.folder / REPORTS, kept)
    offers = Counter(spec.name for spec in specs)
    for spec in specs:
        name = spec.name if offers[spec.name] == 1 else f"{spec.distribution}:{spec.name}"
        try:
            kind = spec.load()
            with named_faults(spec):
                reporter = kind(kind.options_class.parse(options.get(spec.name, {}), spec.name))
                assert isinstance(reporter, Reporter)
                path = reporter.report(run)
                made[name] = None if path is None else Path(path)
        except MissingResult:
            raise  # it is computed again
        except NeuplugError as error:
            kind_of_error = StorageError if isinstance(error, StorageError) else NeuplugError
            yield kind_of_error(f"no report of {name}: {error}")
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


class Cell(NamedTuple):
    """A number in words.

    Attributes:
        middle: The number.
        spread: Its interval; may be empty.
        aside: What the page alone says beside it; may be empty.
    """

    middle: str
    spread: str = ""
    aside: str = ""


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        name: What it is of, such as an arm. Neighbouring rows may share one.
        source: Whose the numbers are.
        cells: One for each column.
        own: Whether they are the run's own.
    """

    name: str
    source: str
    cells: Sequence[Cell]
    own: bool


class Table(NamedTuple):
    """A table.

    Attributes:
        title: Above it.
        columns: Name and unit of each.
        rows: May be none.
        notes: Sentences on how to read it.
    """

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    notes: Sequence[str]


@dataclass(frozen=True)
class Section:
    """A section of the summary; the terminal shows its tables.

    Attributes:
        title: Its heading.
        text: What it is about.
        facts: Name and content of each.
        tables: In order.
        note: How to read the tables.
        details: A heading, and what is folded up below it.
    """

    title: str
    text: str
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    note: str = ""
    details: tuple[str, Sequence[str]] = ("", ())


class SectionMaker(ComponentBase):
    """Adds sections to the summary of a run."""

    @abstractmethod
    def sections(self, results: RunResults) -> Sequence[Section]:
        """What there is to say of a run beside its own results; as a rule nothing.

        It is asked whenever a summary is shown, so it must not take long.
        """


def sections(results: RunResults) -> list[Section]:
    """The sections of all installed plugins; one that fails is a sentence in its place."""
    found: list[Section] = []
    for spec in discover().of_kind("section"):
        try:
            with named_faults(spec):
                maker = spec.load()()
                assert isinstance(maker, SectionMaker)
                made = list(maker.sections(results))
                if wrong := [each for each in made if not isinstance(each, Section)]:
                    raise TypeError(f"sections returned {type(wrong[0]).__name__}, no Section")
                found += made
        except NeuplugError as error:
            found.append(Section(spec.name, str(error)))
    return found
