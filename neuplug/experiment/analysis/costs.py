"""What an arm costs beside what it gains: minutes of work for a point of accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from neuplug.experiment.analysis.comparisons import BASELINE
from neuplug.experiment.plan import Plan
from neuplug.experiment.results import conclusions

# Kind of task to where its time counts
_PARTS = {
    "fit": "generators_seconds",
    "sample": "images_seconds",
    "augment": "images_seconds",
    "train": "training_seconds",
}


def arm_costs(
    plan: Plan, seconds: Mapping[str, float], comparisons: Sequence[conclusions.Comparison]
) -> Iterator[conclusions.ArmCost]:
    """The time that each arm takes with each classifier, and what a point gained costs.

    An arm's time is that of all jobs which its cells rest on: its generators' fits, the images made
    in advance, and the classifier's training, with images that are changed on the fly in it. What
    several arms or classifiers share counts in full for each, as if it were alone. The time of a
    stored result is what it took when it was made. Evaluations and amounts that were tried but not
    chosen do not count.

    Args:
        plan: All of whose jobs are done, but for failed evaluators.
        seconds: A job's key to the time that it took.
        comparisons: Of the run.

    Returns:
        One for each arm and classifier; see :func:`per_point`. A baseline gains nothing.
    """
    gains = {(c.arm, c.classifier): c for c in comparisons if c.question == BASELINE}
    members: dict[tuple[str, str], list[str]] = {}
    for cell in plan.cells:
        members.setdefault((cell.arm.name, cell.classifier), []).append(cell.key)
    against = {arm.name: arm.baseline for arm in plan.arms}
    for (arm, classifier), keys in members.items():
        spent = dict.fromkeys(_PARTS.values(), 0.0)
        for key in keys:
            for needed, task in plan.behind(key).items():
                spent[_PARTS[task.kind]] += seconds[needed] / len(keys)
        whole = sum(spent.values())
        about = {"arm": arm, "classifier": classifier, "against": against[arm], "seconds": whole}
        price = per_point(whole, gains.get((arm, classifier)))
        yield conclusions.ArmCost.model_validate({**about, **spent, **price, "n": len(keys)})


def per_point(seconds: float, gain: conclusions.Effect | None) -> dict[str, float | None]:
    """Minutes for each point of accuracy gained.

    Args:
        seconds: Of a repeat.
        gain: The comparison with the baseline.

    Returns:
        ``minutes_per_point``; ``low``, the same at the upper end of the gain's interval; ``high``,
        at its lower end. ``None`` stands for no number: all three without a gain, ``low`` and
        ``high`` for a single repeat, ``high`` where the gain's interval holds zero, so that nothing
        may be gained however long one computes.
    """

    def price(points: float | None) -> float | None:
        return seconds / 60 / (100 * points) if points is not None and points > 0 else None

    if gain is None or gain.effect <= 0:
        return {"minutes_per_point": None, "low": None, "high": None}
    return {
        "minutes_per_point": price(gain.effect),
        "low": price(gain.high),
        "high": price(gain.low),
    }
