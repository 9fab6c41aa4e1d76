"""What more photographs would bring, and what arms are worth in photographs, in words.

Loads no matplotlib: the terminal shows it, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from neuplug.experiment.parts import AtCount, LearningCurve, Worth
from neuplug.experiment.reporters import Section, SectionMaker, Table
from neuplug.experiment.results import Mean, RunResults
from neuplug.experiment.summary import wording

HEADING = "What is it worth in photographs?"
UNKNOWN = "unknown"
_FORECASTS = (1.5, 2.0)  # times the largest number


class WorthSection(SectionMaker):
    """What each arm is worth in photographs, and what further ones would bring."""

    def sections(self, results: RunResults) -> Sequence[Section]:
        """One, if the run was asked with ``worth``."""
        if not results.learning:
            return []
        text = (
            "The learning curve of none, the arm without augmentation, says how many more "
            "photographs would do as much as an arm. It goes up to twice the largest number."
        )
        tables = [
            Table(f"{curve.classifier}, in photographs", [], [], [*sentences(curve, results)])
            for curve in results.learning
        ]
        return [Section(HEADING, text, tables=tables)]


def sentences(curve: LearningCurve, results: RunResults) -> Iterator[str]:
    """What is to be expected of more photographs, and what each arm is worth."""
    shown, most = wording.decisive(results.metric), max(curve.photographs.values())
    (less, first), (more, second) = (
        (in_words(each.photographs), _parts(each, shown)) for each in _forecasts(curve)
    )
    yield (
        f"With {less} photographs {of_a_class(results)} instead of {in_words(most)} expect "
        f"{first[0]} {shown.name}{first[1]}, with {more} {''.join(second)}; beyond {more} is more "
        "than the data can tell."
    )
    alike: dict[str, list[str]] = {}
    for each in curve.worth:
        alike.setdefault(worth_words(each, curve, results), []).append(each.arm)
    unknown = alike.pop(UNKNOWN, [])
    said = [f"{wording.listing(arms)} {words}" for words, arms in alike.items()]
    if said:
        yield f"Worth in further photographs {of_a_class(results)}: {'; '.join(said)}."
    if unknown:
        yield f"How many photographs {wording.listing(unknown)} would be worth cannot be told."


def worth_words(found: Worth, curve: LearningCurve, results: RunResults) -> str:
    """``21 (12 to 35)``, ``3 (-4 to more than 40)``, ``at least 40`` or ``unknown``."""
    own = curve.photographs[results.by_name[found.arm].against]
    most = 2 * max(curve.photographs.values()) - own
    least = min(curve.photographs.values()) - own
    if found.low is None and found.high is None:
        single = all(each.low is None for each in curve.expected)
        if single and found.photographs is not None:
            return f"{in_words(found.photographs)} (one repeat: no interval)"
        return UNKNOWN
    if found.photographs is None and found.high is None:
        return f"at least {in_words(found.low or 0)}"
    if found.photographs is None and found.low is None:
        return f"at most {in_words(found.high or 0)}"
    low = f"below {in_words(least)}" if found.low is None else in_words(found.low)
    high = f"more than {in_words(most)}" if found.high is None else in_words(found.high)
    middle = "" if found.photographs is None else f"{in_words(found.photographs)} "
    return f"{middle}({low} to {high})"


def _forecasts(curve: LearningCurve) -> list[AtCount]:
    """With one and a half times, and twice, the largest number of photographs."""
    wanted = [times * max(curve.photographs.values()) for times in _FORECASTS]
    return [min(curve.expected, key=lambda e: abs(e.photographs - n)) for n in wanted]


def _parts(found: AtCount, shown: wording.Metric) -> tuple[str, str]:
    """``91.2 %``, and `` (89.0 to 93.1)`` where there is an interval."""
    mean = wording.bounded(mean_of(found), shown)
    value = " ".join(filter(None, (wording.number(mean.mean, shown), shown.unit)))
    low, high = (wording.number(end, shown) for end in (mean.low, mean.high))
    return value, "" if mean.low is None else f" ({low} to {high})"


def mean_of(found: AtCount) -> Mean:
    """As means are shown; the number of repeats stands for one or several."""
    several = found.low is not None
    return Mean(mean=found.value, low=found.low, high=found.high, n=2 if several else 1)


def of_a_class(results: RunResults) -> str:
    """Classes need not have equally many."""
    counts = set(results.data.train.values())
    return "a class" if len(counts) == 1 else "a class on average"


def in_words(number: float) -> str:
    """``21``, with a true minus."""
    rounded = round(number)
    return f"{wording.MINUS}{-rounded}" if rounded < 0 else str(rounded)
