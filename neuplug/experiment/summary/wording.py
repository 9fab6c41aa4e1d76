"""How numbers, intervals, verdicts and warnings are worded, in the terminal and on the page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from neuplug.experiment.decisive import read_metric
from neuplug.experiment.parts import GeneratorFit
from neuplug.experiment.results import (
    LEVEL,
    Comparison,
    Effect,
    Interval,
    Mean,
    RunResults,
    Summary,
)

MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
MISSING = "\N{EN DASH}"

# A sign for each verdict, so that colour is never the only difference
MARKS = {"helps": "▲", "harms": "▼", "equivalent": "=", "no evidence": "○", "one repeat": "?"}


class Metric(NamedTuple):
    """How a metric is shown.

    Attributes:
        name: In words.
        unit: ``%``, ``nats`` or nothing.
        scale: What a stored value is multiplied by.
        digits: Digits after the point.
        sign: 1 where a larger value is better, else -1.
    """

    name: str
    unit: str = "%"
    scale: float = 100.0
    digits: int = 1
    sign: int = 1

    @property
    def differences(self) -> str:
        """The unit of a difference."""
        return "points" if self.unit == "%" else self.unit


# The metrics of the main table, in its order, and others that verdicts can go by
METRICS = {
    "accuracy": Metric("accuracy"),
    "f1": Metric("macro F1"),
    "precision": Metric("precision"),
    "recall": Metric("recall"),
    "loss": Metric("loss", "nats", 1.0, 3, -1),
}
_OTHERS = {"auroc": Metric("AUROC"), "balanced_accuracy": Metric("balanced accuracy")}

# By verdict what one arm does, and what several do: to a classifier, or beside another arm
ALONE = {
    "helps": ("helps", "help"),
    "equivalent": ("neither helps nor harms", "neither help nor harm"),
    "no evidence": ("helps or harms", "help or harm"),
    "harms": ("harms", "harm"),
}
BESIDE = {
    "helps": ("is better for", "are better for"),
    "equivalent": ("is as good for", "are as good for"),
    "no evidence": ("is better or worse for", "are better or worse for"),
    "harms": ("is worse for", "are worse for"),
}
# For the top of everything where the given split leaks
LEAK = (
    "The given split leaks, so that these numbers are too good for new images: "
    "see the first warning."
)
NOTHING = "Nothing to compare: no arm ran beside none."


def decisive(name: str) -> Metric:
    """How a metric that verdicts go by is shown, by the name that the option ``metric`` has."""
    metric = read_metric(name)
    return _OTHERS.get(metric.name) or _shown(metric.score, metric.class_name)


def of(summary: Summary) -> Metric:
    """How a mean is shown."""
    return _shown(summary.metric, summary.class_name)


def _shown(score: str, class_name: str | None) -> Metric:
    if class_name is not None:
        return Metric(f"{score} of {class_name}")
    return _OTHERS.get(score) or METRICS[score]


def number(value: float | None, shown: Metric, *, signed: bool = False) -> str:
    """``94.3``, or ``+2.3`` and a true minus if ``signed``; a dash where there is no number.

    Signed, a number that rounds to zero keeps its sign: on which side an interval ends matters.
    """
    if value is None or not math.isfinite(value):
        return MISSING
    rounded = round(value * shown.scale, shown.digits)
    text = f"{abs(rounded):.{shown.digits}f}"
    if rounded < 0 or (signed and value < 0):
        return MINUS + text
    return f"+{text}" if signed and value > 0 else text


def interval(entry: Interval, shown: Metric) -> str:
    """``+0.9 … +3.7``, or ``one repeat`` where a single value leaves no interval."""
    if entry.low is None:
        return "one repeat"
    signed = isinstance(entry, Effect)
    low, high = (number(end, shown, signed=signed) for end in (entry.low, entry.high))
    return f"{low} {ELLIPSIS} {high}"


def middle(entry: Mean | Effect, shown: Metric) -> str:
    """``94.3`` of a mean, ``+2.3`` of a difference."""
    if isinstance(entry, Mean):
        return number(entry.mean, shown)
    return number(entry.effect, shown, signed=True)


def spread(entry: Mean | Effect, shown: Metric) -> str:
    """``± 1.2`` for an interval centred on the mean, else its two ends, or ``one repeat``.

    One that leaves 0 to 100 % ends there (:func:`bounded`), so that it is shown by its ends.
    """
    entry = bounded(entry, shown)
    if entry.low is None or entry.high is None:
        return interval(entry, shown)
    center = entry.mean if isinstance(entry, Mean) else entry.effect
    below, above = center - entry.low, entry.high - center
    if abs(below - above) * shown.scale > 0.5 * 10**-shown.digits:
        return f"({interval(entry, shown)})"
    return f"{PLUS_MINUS} {number((below + above) / 2, shown)}"


_Kind = TypeVar("_Kind", bound=Interval)


def bounded(entry: _Kind, shown: Metric) -> _Kind:
    """The entry, the interval of a percentage within 0 and 100; that of a difference as it is."""
    if isinstance(entry, Effect) or shown.unit != "%" or entry.low is None or entry.high is None:
        return entry
    return entry.model_copy(update={"low": max(entry.low, 0.0), "high": min(entry.high, 1.0)})


def repeats(n: int) -> str:
    """``1 repeat`` or ``3 repeats``."""
    return f"{n} repeat{'s' * (n != 1)}"


def verdict_parts(comparison: Comparison, results: RunResults) -> tuple[str, str]:
    """A verdict in two parts: what is claimed, and the figures it rests on."""
    shown = decisive(comparison.metric)
    figures = f"{middle(comparison, shown)} {shown.differences} {shown.name}"
    arm, rival, several = comparison.arm, comparison.against, False
    if comparison.question == "best classical":
        rival = f"{rival}, the best classical arm"
    elif comparison.question == "more images":
        size, fewer = (results.by_name[name].per_class for name in (arm, rival))
        arm, rival, several = f"{size} real images per class", str(fewer), True
    alone = comparison.question == "none"
    if comparison.verdict == "one repeat":
        said = f"{arm} with {comparison.classifier}" + ("" if alone else f" beside {rival}")
        figures += ", one repeat: no verdict, add --repeats"
    else:
        does = (ALONE if alone else BESIDE)[comparison.verdict][several]
        said = claim(comparison.verdict, f"{arm} {does} {comparison.classifier}")
        said += ("" if alone else f" {than(comparison.verdict)} {rival}") + margin(comparison)
        figures += f", 95 % interval {interval(comparison, shown)}, {repeats(comparison.n)}"
        figures += _why_none(comparison)
    if results.data.simulated:
        figures += ", simulated data"
    return said, figures


def than(verdict: str) -> str:
    """What joins one arm to another: better *than*, as good *as*."""
    return "as" if verdict == "equivalent" else "than"


def margin(comparison: Comparison) -> str:
    """How large a difference can be that counts as none, where the verdict goes by it."""
    shown = decisive(comparison.metric)
    size = f"{comparison.margin * shown.scale:g} {shown.differences}"
    size = "1 point" if size == "1 points" else size
    if comparison.verdict == "equivalent":
        return f" by {size} or more" if comparison.question == "none" else f", within {size}"
    p = comparison.adjusted_equivalent
    small = p is not None and p < comparison.level
    return f", by less than {size}" if small and comparison.verdict in ("helps", "harms") else ""


def claim(verdict: str, said: str) -> str:
    """What is said of arms and classifiers, or that there is no evidence of it."""
    return f"no evidence that {said}" if verdict == "no evidence" else said


def _why_none(comparison: Comparison) -> str:
    """Why an interval that does not hold zero may go with *no evidence*."""
    low, high, p = comparison.low, comparison.high, comparison.adjusted_p
    if comparison.unlearnt:
        return f"; {comparison.classifier} has not learnt with {listing(comparison.unlearnt)}"
    if comparison.verdict != "no evidence" or low is None or high is None or low <= 0 <= high:
        return ""
    several = f" when corrected for {comparison.family} comparisons" * (comparison.family > 1)
    limit = f", and this look asks for {comparison.level:g}" * (comparison.level < LEVEL)
    return f", p {p:.2f}{several}{limit}"


def verdict_sentence(comparison: Comparison, results: RunResults) -> str:
    """One comparison in words.

    For example ``dcgan helps mobilenetv2: +2.3 points accuracy, 95 % interval +0.9 … +3.7,
    3 repeats``.
    """
    return ": ".join(verdict_parts(comparison, results))


def ranked(results: RunResults) -> list[Comparison]:
    """The comparisons with ``none``: what helps first, the largest effect first."""
    order = list(MARKS)
    sign = decisive(results.metric).sign
    return sorted(results.compared(), key=lambda c: (order.index(c.verdict), -sign * c.effect))


def same_sentences(results: RunResults) -> list[str]:
    """Of the arms that are not compared because they add nothing."""
    found: dict[tuple[str, str], list[str]] = {}
    groups, arms = results.groups, results.by_name
    for (arm, classifier), cells in groups.items():
        against = arms[arm].against
        theirs = groups.get((against, classifier), [])  # which may have more repeats
        if arm != against and all(a.key == b.key for a, b in zip(cells, theirs, strict=False)):
            found.setdefault((arm, against), []).append(classifier)
    return [
        f"{arm} adds no image for {listing(classifiers)}: it is {against}, and not compared with "
        "it."
        for (arm, against), classifiers in found.items()
    ]


def without_controls(found: list[Comparison], results: RunResults) -> list[Comparison]:
    """The comparisons of other arms than controls; all where there is no other."""
    arms = results.by_name
    return [c for c in found if not arms[c.arm].control] or found


def power_sentence(results: RunResults) -> str:
    """What differences to ``none`` may be missed yet: their root mean square over the arms."""
    able = [c for c in results.compared() if c.detectable and not c.unlearnt]
    found = without_controls(able, results)
    if not found:
        return ""
    found = [c for c in found if c.n == max(c.n for c in found)]
    limits, shown = [], decisive(results.metric)
    for classifier in dict.fromkeys(c.classifier for c in found):
        squares = [(c.detectable or 0.0) ** 2 for c in found if c.classifier == classifier]
        most = 1.0 if shown.unit == "%" else math.inf
        limit = min(most, math.sqrt(sum(squares) / len(squares)))
        limits.append((f"{number(limit, shown)} {shown.differences}", classifier))
    under = listing([f"{limit} with {name}" if limits[1:] else limit for limit, name in limits])
    images = max(cell.test_images for cell in results.cells)
    family = found[0].family
    where = f", as the clearest of {family} comparisons" if family > 1 else ""
    return (
        f"With {repeats(found[0].n)} and {images} test images, a true difference under {under} "
        f"may well go unseen (power below 80 %{where})."
    )


def enough_sentence(results: RunResults) -> str:
    """What would decide the comparisons with ``none`` that are open; empty where none is."""
    found = without_controls(results.compared(), results)
    needs: dict[str, list[str]] = {}
    for c in found:
        if c.verdict == "no evidence" and not c.unlearnt:
            who = f"{c.arm} with {c.classifier}" if results.classifiers[1:] else c.arm
            needs.setdefault(needed(c.enough_repeats, c.enough_images), []).append(who)
    beyond = needs.pop("", [])
    parts = [f"{need} for {listing(arms)}" for need, arms in needs.items()]
    said = [f"To decide what is open, expect to need about {'; '.join(parts)}."] if parts else []
    more = "not even 100 repeats or 100 times the test images"
    return " ".join([*said, f"Of {listing(beyond)} {more} would tell."] if beyond else said)


def needed(repeats: int | None, images: int | None) -> str:
    """How many repeats, or else test images, in words; empty where neither would do."""
    return f"{repeats} repeats" if repeats else f"{images} test images" if images else ""


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b`` or ``a, b and c``."""
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last


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
