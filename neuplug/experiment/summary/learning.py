"""Whether classifiers have learnt at all, in words: what is said before any verdict."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug.experiment.results import Learnt, RunResults
from neuplug.experiment.summary.wording import METRICS, listing, number

# By problem what is wrong
_PROBLEMS = {
    "one class": "it takes nearly all test images for one class",
    "training images": "it does not even recognise the real images that it was trained on",
    "chance": "on the test images it is no better than guessing",
}
_ADVICE = (
    "Train for more steps (--steps), at a lower learning rate (--set training.lr=...), or take "
    "another classifier; where none has learnt, look at the images of the arm."
)


def learnt_sentences(results: RunResults) -> tuple[list[str], list[str]]:
    """With which arms classifiers have not learnt, why and what to do; and with which they have."""
    kinds: dict[tuple[str, str | None], list[Learnt]] = {}
    for each in results.learnt:
        kinds.setdefault((each.classifier, each.problem), []).append(each)
    unlearnt, learnt = [], []
    for (classifier, problem), found in kinds.items():
        arms = listing([each.arm for each in found])
        if problem is not None:
            why = _PROBLEMS[problem]
            unlearnt.append(f"{classifier} has not learnt with {arms}: {why}. {_ADVICE}")
        fits = [each.training.mean for each in found if each.training is not None]
        tests = [results.means[each.arm, classifier, "recall", None].mean for each in found]
        figures = [f"{_span(fits)} on the training images"] if fits else []
        luck = _span([max(each.guessing for each in found)])
        figures += [f"{_span(tests)} on the test images", f"by guessing up to {luck}"]
        never = [(each.arm, listing(each.never_answered)) for each in found if each.never_answered]
        figures += [f"{names} is never answered with {arm}" for arm, names in never]
        learnt.append(f"Balanced accuracy of {classifier} with {arms}: {', '.join(figures)}.")
    return unlearnt, learnt


def _span(values: Iterable[float]) -> str:
    found = sorted(values)
    ends = dict.fromkeys(number(end, METRICS["recall"]) for end in (found[0], found[-1]))
    return f"{' to '.join(ends)} %"
