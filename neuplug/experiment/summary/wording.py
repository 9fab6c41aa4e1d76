"""How a number, an interval and a verdict are worded, in the terminal and on the page alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from neuplug.experiment.results.conclusions import Comparison, Effect, Interval, Mean
from neuplug.experiment.results.model import RunResults

MINUS = "\N{MINUS SIGN}"
ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
MISSING = "\N{EN DASH}"

# A sign for each verdict, so that colour is never the only difference
MARKS = {"helps": "▲", "harms": "▼", "no evidence": "○", "one repeat": "?"}


class Metric(NamedTuple):
    """How a metric is shown.

    Attributes:
        name: In words.
        unit: ``%``, ``nats`` or nothing.
        scale: What a stored value is multiplied by.
        digits: Digits after the point.
    """

    name: str
    unit: str = "%"
    scale: float = 100.0
    digits: int = 1


# The metrics of the main table, in its order
METRICS = {
    "accuracy": Metric("accuracy"),
    "f1": Metric("macro F1"),
    "precision": Metric("precision"),
    "recall": Metric("recall"),
    "loss": Metric("loss", "nats", 1.0, 3),
}

_ALONE = {"helps": "helps", "no evidence": "helps or harms", "harms": "harms"}
_ALONE_MANY = {"helps": "help", "no evidence": "help or harm", "harms": "harm"}
_BESIDE = {
    "helps": "is better for",
    "no evidence": "is better or worse for",
    "harms": "is worse for",
}
_BESIDE_MANY = {verdict: verb.replace("is", "are", 1) for verdict, verb in _BESIDE.items()}
_OF_A_CLASS = {"f1": "F1", "precision": "precision", "recall": "recall", "ap": "AP"}
_NAMED = 6  # arms that the headline names at most


def metric(name: str, class_name: str | None = None) -> Metric | None:
    """How a metric of a classifier is shown; ``None`` for a measure of images."""
    if class_name is None:
        return METRICS.get(name)
    return Metric(f"{_OF_A_CLASS[name]} of {class_name}") if name in _OF_A_CLASS else None


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


def stat(entry: Mean | Effect | None, shown: Metric) -> dict[str, str]:
    """A mean or a difference as the page shows it; a dash where there is none."""
    if entry is None:
        return {"middle": MISSING, "spread": ""}
    return {"middle": middle(entry, shown), "spread": spread(entry, shown)}


_Kind = TypeVar("_Kind", bound=Interval)


def bounded(entry: _Kind, shown: Metric) -> _Kind:
    """The entry, the interval of a percentage within 0 and 100; that of a difference as it is."""
    if isinstance(entry, Effect) or shown.unit != "%" or entry.low is None or entry.high is None:
        return entry
    return entry.model_copy(update={"low": max(entry.low, 0.0), "high": min(entry.high, 1.0)})


def bars(entries: Sequence[Mean], shown: Metric) -> tuple[list[float], list[float]]:
    """How far the intervals of means reach down and up, as a figure draws them."""
    below, above = [], []
    for entry in (bounded(entry, shown) for entry in entries):
        if entry.low is not None and entry.high is not None:
            below.append(shown.scale * (entry.mean - entry.low))
            above.append(shown.scale * (entry.high - entry.mean))
    return below, above


def repeats(n: int) -> str:
    """``1 repeat`` or ``3 repeats``."""
    return f"{n} repeat{'s' * (n != 1)}"


def verdict_parts(comparison: Comparison, results: RunResults) -> tuple[str, str]:
    """A verdict in two parts: what is claimed, and the figures it rests on."""
    shown = METRICS[comparison.metric]
    figures = f"{middle(comparison, shown)} points {shown.name}"
    does, arm, rival = _wording(comparison, results)
    classifier, than = comparison.classifier, comparison.question != "none"
    if comparison.verdict == "one repeat":
        claim = f"{arm} with {classifier}" + (f" beside {rival}" if than else "")
        figures += ", one repeat: no verdict, add --repeats"
    else:
        claim = _claim(comparison.verdict, does, arm, classifier)
        claim += f" than {rival}" if than else ""
        figures += f", 95 % interval {interval(comparison, shown)}, {repeats(comparison.n)}"
        figures += _corrected(comparison)
    if results.data.simulated:
        figures += ", simulated data"
    return claim, figures


def _wording(comparison: Comparison, results: RunResults) -> tuple[dict[str, str], str, str]:
    """The verbs of the comparison's question, and what they say is compared with what."""
    arm, against = comparison.arm, comparison.against
    if comparison.question == "more images":
        sizes = {entry.name: entry.per_class for entry in results.arms}
        return _BESIDE_MANY, f"{sizes[arm]} real images per class", str(sizes[against])
    if comparison.question == "best classical":
        return _BESIDE, arm, f"{against}, the best classical arm"
    return _ALONE, arm, against


def _claim(verdict: str, does: dict[str, str], who: str, whom: str) -> str:
    said = f"{who} {does[verdict]} {whom}"
    return f"no evidence that {said}" if verdict == "no evidence" else said


def _corrected(comparison: Comparison) -> str:
    """Why an interval that does not hold zero may go with *no evidence*."""
    low, high, p = comparison.low, comparison.high, comparison.adjusted_p
    if comparison.verdict != "no evidence" or low is None or high is None or low <= 0 <= high:
        return ""
    return f", p {p:.2f} when corrected for {comparison.family} comparisons"


def verdict_sentence(comparison: Comparison, results: RunResults) -> str:
    """One comparison in words.

    Args:
        comparison: One of the run's.
        results: The results it belongs to, for the kind of data.

    Returns:
        For example ``dcgan helps mobilenetv2: +2.3 points accuracy, 95 % interval +0.9 … +3.7,
        3 repeats``.
    """
    return ": ".join(verdict_parts(comparison, results))


def leak(results: RunResults) -> list[str]:
    """One line for the top of everything where the given split leaks; else none."""
    if not results.leak:
        return []
    return [
        "The given split leaks, so that these numbers are too good for new images: "
        "see the first warning."
    ]


def ranked(results: RunResults) -> list[Comparison]:
    """The comparisons with ``none``: what helps first, the largest effect first."""
    order = list(MARKS)
    return sorted(results.compared(), key=lambda c: (order.index(c.verdict), -c.effect))


def headline(results: RunResults) -> list[tuple[str, str]]:
    """The whole run in a few short sentences without figures, each with its verdict.

    First what helps beside ``none``, then what generators do beside the best classical arm.
    Controls are left out where there is anything else.
    """
    said = _compared(results)
    said += [("no evidence", text) for text in same_sentences(results)]
    return said or [("no evidence", "Nothing to compare: no arm ran beside none.")]


def _compared(results: RunResults) -> list[tuple[str, str]]:
    found = ranked(results)
    found = [c for c in found if c.arm not in results.controls] or found
    more = results.compared("more images")
    if not found and not more:
        return []
    if all(c.verdict == "one repeat" for c in found or more):
        return [("one repeat", "One repeat: no verdict, add --repeats.")]
    if not found:
        better = sum(c.verdict == "helps" for c in more)
        text = f"More real images are better in {better or 'none'} of {_comparisons(more)}."
        return [("helps" if better else "no evidence", text)]
    clauses = _clauses(found, _ALONE, _ALONE_MANY)
    beside = results.compared("best classical")
    others = _clauses(beside, _BESIDE, _BESIDE_MANY, " than the best classical arm")
    if len(clauses) <= 3 and len(others) <= 2 and len({c.arm for c in found}) <= _NAMED:
        return clauses + others
    count = _count(found)
    text = f"Augmentation helps in {count['helps'] or 'none'} of {_comparisons(found)}"
    if count["harms"]:
        text += f", harms in {count['harms']}"
    if undecided := count["no evidence"] + count["one repeat"]:
        text += f"; no evidence in {undecided}"
    short = [("helps" if count["helps"] else "no evidence", f"{text}.")]
    if beside:
        count = _count(beside)
        better, worse = count["helps"], count["harms"]
        text = f"Generated images beat the best classical arm in {better or 'none'} of "
        text += _comparisons(beside) + (f", are worse in {worse}" if worse else "")
        verdict = "helps" if better else "harms" if worse else "no evidence"
        short.append((verdict, f"{text}."))
    return short


def _comparisons(found: Sequence[Comparison]) -> str:
    return f"{len(found)} comparison{'s' * (len(found) != 1)}"


def _count(found: Sequence[Comparison]) -> dict[str, int]:
    return {verdict: sum(c.verdict == verdict for c in found) for verdict in MARKS}


def _clauses(
    found: Sequence[Comparison],
    one: dict[str, str],
    many: dict[str, str],
    than: str = "",
) -> list[tuple[str, str]]:
    """``dcgan and flip help mobilenetv2.``: arms with the same verdict on the same classifiers.

    Args:
        found: The comparisons.
        one: A verdict's verb after one arm.
        many: Likewise after several.
        than: What ends each clause.
    """
    clauses = []
    for verdict in MARKS:
        touched: dict[str, list[str]] = {}
        for c in found:
            if c.verdict == verdict:
                touched.setdefault(c.arm, []).append(c.classifier)
        together: dict[tuple[str, ...], list[str]] = {}
        for arm, classifiers in touched.items():
            together.setdefault(tuple(sorted(classifiers)), []).append(arm)
        for shared, arms in together.items():
            who, whom = listing(arms), listing(shared)
            if verdict == "one repeat":
                text = f"One repeat of {who} with {whom}: no verdict, add --repeats."
            else:
                does = many if len(arms) > 1 else one
                text = f"{_claim(verdict, does, who, whom)}{than}."
            if verdict == "no evidence":  # other clauses begin with the name of an arm
                text = f"N{text[1:]}"
            clauses.append((verdict, text))
    return clauses


def same_sentences(results: RunResults) -> list[str]:
    """Of the arms that are not compared because they add nothing."""
    found: dict[tuple[str, str], list[str]] = {}
    for arm, classifier, against in results.same_as_baseline():
        found.setdefault((arm, against), []).append(classifier)
    return [
        f"{arm} adds no image for {listing(classifiers)}: it is {against}, and not compared with "
        "it."
        for (arm, against), classifiers in found.items()
    ]


def power_sentence(results: RunResults) -> str:
    """What differences to ``none`` the run may have missed; empty where there is no verdict.

    From the arm that varies least to the one that varies most; controls are left out where there
    is anything else.
    """
    found = [c for c in results.compared() if c.detectable]
    found = [c for c in found if c.arm not in results.controls] or found
    if not found:
        return ""
    smallest: dict[str, list[float]] = {}
    for c in found:
        smallest.setdefault(c.classifier, []).append(min(1.0, c.detectable or 0.0))
    limits = {}
    for classifier, of_arms in smallest.items():
        low, high = (number(limit, METRICS["accuracy"]) for limit in (min(of_arms), max(of_arms)))
        limits[classifier] = f"{low} points" if low == high else f"{low} to {high} points"
    spans = [f"{limit} with {classifier}" for classifier, limit in limits.items()]
    under = listing(spans if len(spans) > 1 else list(limits.values()))
    by_arm = ", by arm," if " to " in under else ""
    images = max(cell.test_images for cell in results.cells)
    family = found[0].family
    where = f", as the clearest of {family} comparisons" if family > 1 else ""
    return (
        f"With {repeats(found[0].n)} and {images} test images, a true difference under {under}"
        f"{by_arm} may well go unseen (power below 80 %{where})."
    )


def span(counts: Sequence[int]) -> str:
    """``54``, or ``53 … 55`` where repeats differ."""
    if not counts:
        return ""
    low, high = min(counts), max(counts)
    return str(low) if low == high else f"{low} {ELLIPSIS} {high}"


def listing(words: Sequence[str]) -> str:
    """``a``, ``a and b`` or ``a, b and c``."""
    *rest, last = words
    return f"{', '.join(rest)} and {last}" if rest else last


def magnitude(count: float) -> str:
    """``940``, ``94 k``, ``1.2 M`` or ``4.1 G``: about two digits of a large number."""
    for size, letter in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if round(count) >= size:
            scaled = count / size
            return f"{scaled:.1f}{letter}" if scaled < 9.95 else f"{scaled:.0f}{letter}"
    return f"{round(count)}"


def brief(value: float) -> str:
    """``0.062``, ``0.62``, ``8.1`` or ``120``: about two digits of a number above zero."""
    if value < 0.00095:
        return "<\N{NO-BREAK SPACE}0.001"
    if value < 0.095:
        return f"{value:.2g}"
    return f"{value:.2f}" if value < 0.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"
