"""Where each warning holds, and all warnings in few lines: those of one kind are one. Light."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.parts import Evaluation, Filtered, GeneratorFit
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.trainings import trainings

_NUMBER = r"[-+\N{MINUS SIGN}]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?"
_NAMED = 6  # classes that a line names at most


@dataclass(frozen=True)
class Notice:
    """A warning with all that it holds for.

    As text: ``dcgan and edcgan, repeats 1 to 3, fid: 90 images are few``.

    Attributes:
        who: Arms, arms with a classifier, or generators' trainings; controls are marked.
        repeats: In order, from 0.
        about: The evaluator, unless the sentence begins with its name, or what was trained: a run,
            a class. May be empty.
        text: The sentence without any of these.
    """

    who: tuple[str, ...]
    repeats: tuple[int, ...]
    about: str
    text: str

    def __str__(self) -> str:
        parts = wording.listing(self.who), _counted(self.repeats), self.about
        return f"{', '.join(filter(None, parts))}: {self.text}"


def notices(results: RunResults) -> list[Notice]:
    """Every sentence once for all arms in whose same repeats it holds; those of controls last."""
    controls = results.controls
    found = [*_of_generators(results), *_of_filters(results), *_of_evaluators(results)]
    places: dict[tuple[str, str], dict[str, set[int]]] = {}
    for arms, notice in sorted(found, key=lambda pair: controls.issuperset(pair[0])):
        (who,) = notice.who
        marked = f"{who} (control)" if controls.issuperset(arms) else who
        held = places.setdefault((notice.about, notice.text), {})
        held.setdefault(marked, set()).update(notice.repeats)
    together = []
    for (about, text), held in places.items():
        alike: dict[tuple[int, ...], list[str]] = {}
        for who, repeats in held.items():
            alike.setdefault(tuple(sorted(repeats)), []).append(who)
        together += [Notice(tuple(who), repeats, about, text) for repeats, who in alike.items()]
    return together


# Arms, and what holds for them in one repeat
_Found = Iterator[tuple[Sequence[str], Notice]]


def _of_generators(results: RunResults) -> _Found:
    for training in trainings(results):
        for fit in training.fits:
            for sentence in fit.warnings:
                notice = Notice((training.title,), (fit.repeat,), *_bare(sentence, fit))
                yield training.arms, notice


def _bare(sentence: str, fit: GeneratorFit) -> tuple[str, str]:
    """What was trained, and the sentence, which may begin with the name that the fit was given."""
    name = re.match(rf"{re.escape(fit.stage)}, repeat \d+(?:, (.+?))?: ", sentence)
    if name:
        return name[1] or "", sentence[name.end() :]
    return fit.class_name or "", sentence


def _of_filters(results: RunResults) -> _Found:
    for entry in results.filtered:
        for sentence in entry.warnings:
            yield [entry.arm], Notice(*_place(entry), "", sentence)


def _of_evaluators(results: RunResults) -> _Found:
    for entry in results.evaluations:
        name, place = entry.evaluator, _place(entry)
        said = [(name, sentence) for sentence in entry.warnings]
        if entry.error:
            said.append((f"{name} failed", entry.error))
        for about, sentence in said:
            named = sentence.startswith(name)
            yield [entry.arm], Notice(*place, "" if named else about, sentence)


def _place(entry: Filtered | Evaluation) -> tuple[tuple[str], tuple[int]]:
    classifier = entry.classifier if isinstance(entry, Evaluation) else None
    return (" with ".join(filter(None, (entry.arm, classifier))),), (entry.repeat,)


def _counted(repeats: Sequence[int]) -> str:
    """``repeat 1``, ``repeats 1 and 3`` or ``repeats 1 to 5 and 7``."""
    runs: list[list[int]] = []
    for number in (repeat + 1 for repeat in repeats):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words: list[str] = []
    for run in runs:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else map(str, run)
    return f"repeat{'s' * (len(repeats) > 1)} {wording.listing(words)}"


@dataclass(frozen=True)
class NoticeLine:
    """Warnings of one kind.

    Attributes:
        text: All of them in one, with the range of their numbers and with all their classes.
        each: One sentence for each of them; empty where the line is all there is.
    """

    text: str
    each: tuple[str, ...] = ()


def notice_lines(results: RunResults) -> list[NoticeLine]:
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
    own = map(NoticeLine, _of_the_run(results, found))
    return [*own, *(_line(members, varying, classes) for members in kinds.values())]


def _of_the_run(results: RunResults, found: Sequence[Notice]) -> list[str]:
    """What ``warnings`` holds beside those of generators, filters and evaluators."""
    return [text for text in results.warnings if text not in set(map(str, found))]


def _line(
    members: Sequence[Notice], varying: re.Pattern[str], classes: Sequence[str]
) -> NoticeLine:
    if len(members) == 1:
        return NoticeLine(str(members[0]))

    def merged(texts: Sequence[str]) -> str:
        pieces = zip(*(varying.split(text) for text in texts), strict=True)
        return "".join(_all_of(values, classes) for values in pieces)

    whole = Notice(
        members[0].who,
        tuple(sorted({repeat for notice in members for repeat in notice.repeats})),
        merged([notice.about for notice in members]),
        merged([notice.text for notice in members]),
    )
    return NoticeLine(str(whole), tuple(map(str, members)))


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
