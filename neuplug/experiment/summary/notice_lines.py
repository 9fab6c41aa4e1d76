"""All warnings of a run in few lines: those of one kind are one, however many there are. Light."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from neuplug.experiment.results.model import RunResults
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.notices import Notice, notices

_NUMBER = r"[-+\N{MINUS SIGN}]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?"
_NAMED = 6  # classes that a line names at most


@dataclass(frozen=True)
class Line:
    """Warnings of one kind.

    Attributes:
        text: All of them in one, with the range of their numbers and with all their classes.
        each: One sentence for each of them; empty where the line is all there is.
    """

    text: str
    each: tuple[str, ...] = ()


def lines(results: RunResults) -> list[Line]:
    """Everything that the reader must be told: first of the run, last of controls alone.

    Two warnings are of one kind where they hold for the same arms and differ in numbers and names
    of classes alone.
    """
    found, classes = notices(results), results.data.classes
    varying = _varying(classes)
    kinds: dict[Any, list[Notice]] = {}
    for notice in found:
        fixed = (tuple(varying.split(part)[::2]) for part in (notice.about, notice.text))
        kinds.setdefault((notice.who, *fixed), []).append(notice)
    own = map(Line, _of_the_run(results, found))
    return [*own, *(_line(members, varying, classes) for members in kinds.values())]


def _of_the_run(results: RunResults, found: Sequence[Notice]) -> list[str]:
    """What ``warnings`` holds beside those of generators, filters and evaluators."""
    return [text for text in results.warnings if text not in set(map(str, found))]


def _line(members: Sequence[Notice], varying: re.Pattern[str], classes: Sequence[str]) -> Line:
    if len(members) == 1:
        return Line(str(members[0]))

    def merged(texts: Sequence[str]) -> str:
        pieces = zip(*(varying.split(text) for text in texts), strict=True)
        return "".join(_all_of(values, classes) for values in pieces)

    whole = Notice(
        members[0].who,
        tuple(sorted({repeat for notice in members for repeat in notice.repeats})),
        merged([notice.about for notice in members]),
        merged([notice.text for notice in members]),
    )
    return Line(str(whole), tuple(map(str, members)))


def _varying(classes: Sequence[str]) -> re.Pattern[str]:
    """Numbers and names of classes. A string that it splits has every other piece in common."""
    names = "|".join(map(re.escape, sorted(classes, key=len, reverse=True)))
    whole = r"(?!(?<=\d),\d{3}(?!\d))"  # the class 1 is not in 1,000
    return re.compile(rf"(?<![\w.-])((?:{names}){whole}|{_NUMBER})(?!\w|\.\d)")


def _all_of(values: Sequence[str], classes: Sequence[str]) -> str:
    """``crazing and patches``, or ``0.1 … 0.3``.

    What is a number and the name of a class may be meant as either. So such ones are worded as is
    true of both: as a range where none between them is left out, else as a list, if it is short.
    """
    different = list(dict.fromkeys(values))
    if len(different) == 1:
        return different[0]
    of_classes, few = all(value in classes for value in different), len(different) <= _NAMED
    if not all(re.fullmatch(_NUMBER, value) for value in different):
        counted = of_classes and not few
        return f"{len(different)} classes" if counted else wording.listing(different)
    ordered = sorted(different, key=_number)
    low = _number(ordered[0])
    without_gaps = [_number(value) - low for value in ordered] == list(range(len(ordered)))
    if of_classes and few and not without_gaps:
        return wording.listing(ordered)
    return f"{ordered[0]} {wording.ELLIPSIS} {ordered[-1]}"


def _number(value: str) -> float:
    return float(value.replace(wording.MINUS, "-").replace(",", ""))
