"""Sections that plugins add to the summary of a run, in the terminal and on the page. Light."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from neuplug.errors import NeuplugError
from neuplug.experiment.components import named_faults
from neuplug.experiment.results import RunResults
from neuplug.plugins.component import ComponentBase
from neuplug.plugins.registry import discover


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
                found += maker.sections(results)
        except NeuplugError as error:
            found.append(Section(spec.name, str(error)))
    return found
