"""What the classifiers cost, beside what they reach. Light."""

from __future__ import annotations

from dataclasses import dataclass

from neuplug.experiment.results.conclusions import Summary
from neuplug.experiment.results.model import RunResults
from neuplug.experiment.summary import wording
from neuplug.training.profile import Profile


@dataclass(frozen=True)
class Cost:
    """One classifier.

    Attributes:
        plain: The accuracy of the baseline that the best arm is compared with.
        best: That of the arm with the best mean; ``None`` if there is none.
    """

    classifier: str
    profile: Profile
    plain: Summary | None
    best: Summary | None


def costs(results: RunResults) -> list[Cost]:
    """One entry for each classifier that was measured, in the order of the run."""
    return [
        Cost(name, results.profiles[name], *_accuracies(results, name))
        for name in results.classifiers
        if name in results.profiles
    ]


def _accuracies(results: RunResults, classifier: str) -> tuple[Summary | None, Summary | None]:
    """The best arm's own baseline and the best arm, so that both saw as many real images."""
    rivals = {arm.name: arm.against for arm in results.arms}
    found = [m for arm in rivals if (m := results.accuracy(arm, classifier)) is not None]
    order = sorted(found, key=lambda entry: -entry.mean)
    best = next((entry for entry in order if entry.arm != rivals[entry.arm]), None)
    if best is None:
        return next(iter(order), None), None
    return results.accuracy(rivals[best.arm], classifier), best


def terminal_lines(results: RunResults) -> list[str]:
    """A line for each classifier, where there are several to compare."""
    found = costs(results)
    if len(found) < 2:
        return []
    shown = wording.METRICS["accuracy"]
    lines = []
    for cost in found:
        reached = [
            f"{entry.arm} {wording.middle(entry, shown)} %"
            for entry in filter(None, (cost.plain, cost.best))
        ]
        lines.append(
            f"{cost.classifier}: {wording.magnitude(cost.profile.parameters)} parameters, "
            f"{wording.magnitude(cost.profile.multiply_adds)} multiply-adds, "
            f"{wording.brief(cost.profile.latency_ms)} ms an image"
            + (f"; {', '.join(reached)}" if reached else "")
        )
    return lines
