"""Where each warning of generators, filters and evaluators holds: its arms and repeats. Light."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from neuplug.experiment.results.model import RunResults
from neuplug.experiment.results.parts import Evaluation, Filtered, GeneratorFit
from neuplug.experiment.summary import wording
from neuplug.experiment.summary.trainings import trainings


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
