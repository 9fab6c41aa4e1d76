"""The warnings of a run, each with all that it holds for, and those of one kind together. Light."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from neuplug.experiment.results import GeneratorFit, RunResults
from neuplug.experiment.summary.wording import MINUS, listing

_NUMBER = rf"[-+{MINUS}]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?"


class _Notice(NamedTuple):
    """A warning of one repeat.

    Attributes:
        arm: Its name.
        who: The arm, with a classifier where it is of one.
        about: The evaluator, unless the sentence begins with its name, or what was trained: a
            generator, a run, a class. May be empty.
    """

    arm: str
    who: str
    repeat: int
    about: str
    text: str


def with_notices(results: RunResults) -> RunResults:
    """The results with a sentence for each warning of generators, filters and evaluators.

    Each stands once for all arms in whose same repeats it holds, such as ``dcgan and edcgan,
    repeats 1 to 3, fid: 90 images are few``. Those of controls are marked, and come last.
    """
    controls = {arm.name for arm in results.arms if arm.control}
    places: dict[tuple[str, str], dict[str, set[int]]] = {}
    for arm, who, repeat, about, text in sorted(_found(results), key=lambda n: n.arm in controls):
        marked = f"{who} (control)" if arm in controls else who
        places.setdefault((about, text), {}).setdefault(marked, set()).add(repeat)
    said = dict.fromkeys(results.warnings)
    for (about, text), held in places.items():
        alike: dict[tuple[int, ...], list[str]] = {}
        for who, repeats in held.items():
            alike.setdefault(tuple(sorted(repeats)), []).append(who)
        for counted, names in alike.items():
            where = ", ".join(filter(None, (listing(names), _counted(counted), about)))
            said[f"{where}: {text}"] = None
    return results.model_copy(update={"warnings": tuple(said)})


def _found(results: RunResults) -> Iterator[_Notice]:
    for fit in results.generators:
        for sentence in fit.warnings:
            yield _Notice(fit.arm, fit.arm, fit.repeat, *_bare(sentence, fit))
    for drawing in results.filtered:
        for sentence in drawing.warnings:
            yield _Notice(drawing.arm, drawing.arm, drawing.repeat, "", sentence)
    for entry in results.evaluations:
        who = f"{entry.arm} with {entry.classifier}" if entry.classifier else entry.arm
        said = [(entry.evaluator, sentence) for sentence in entry.warnings]
        said += [(f"{entry.evaluator} failed", entry.error)] if entry.error else []
        for about, sentence in said:
            about = "" if sentence.startswith(entry.evaluator) else about
            yield _Notice(entry.arm, who, entry.repeat, about, sentence)


def _bare(sentence: str, fit: GeneratorFit) -> tuple[str, str]:
    """What was trained, and the sentence, which may begin with the name that the fit was given."""
    name = re.match(rf"{re.escape(fit.stage)}, repeat \d+(?:, (.+?))?: ", sentence)
    part = name[1] if name else fit.class_name
    stage = "" if fit.stage == fit.arm else fit.stage
    return ", ".join(filter(None, (stage, part))), sentence[name.end() :] if name else sentence


def _counted(repeats: Sequence[int]) -> str:
    """``repeat 1``, ``repeats 1 and 3`` or ``repeats 1 to 5``."""
    numbers = [str(repeat + 1) for repeat in repeats]
    if len(repeats) > 2 and repeats[-1] - repeats[0] == len(repeats) - 1:
        return f"repeats {numbers[0]} to {numbers[-1]}"
    return f"repeat{'s' * (len(repeats) > 1)} {listing(numbers)}"


def by_kind(results: RunResults) -> list[list[str]]:
    """The warnings; those that differ in numbers and names of classes alone are together."""
    names = map(re.escape, sorted(results.data.classes, key=len, reverse=True))
    varying = re.compile(rf"(?<!\w)(?:{'|'.join(names)}|{_NUMBER})(?!\w)")
    kinds: dict[str, list[str]] = {}
    for sentence in results.warnings:
        kinds.setdefault(varying.sub("", sentence), []).append(sentence)
    return list(kinds.values())


def first_of_kind(sentences: Sequence[str]) -> str:
    """The first of some warnings, with the number of the others."""
    others = len(sentences) - 1
    return sentences[0] + (f" ({others} more like this)" if others else "")
