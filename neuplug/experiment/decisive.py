"""The metric that verdicts go by: what it is called, and which one where nobody says. Light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neuplug.errors import InputError, did_you_mean

# What users write to the attribute of Scores
_OF_ALL = {
    "accuracy": "accuracy",
    "balanced_accuracy": "recall",
    "macro_f1": "f1",
    "auroc": "auroc",
    "log_loss": "loss",
}
_OF_A_CLASS = ("recall", "precision")
NAMES = (*_OF_ALL, *(f"{name}:CLASS" for name in _OF_A_CLASS))
AUTO = "auto"

# Times as many test images of the largest class as of the smallest, above which accuracy says
# little of the small ones
UNEQUAL = 2

# Test images of a class below which its recall and precision say little
FEW = 30


@dataclass(frozen=True)
class Decisive:
    """A metric that verdicts go by.

    Attributes:
        name: As users write it, ``macro_f1`` or ``recall:rust``.
        score: What :class:`neuplug.Summary` and :class:`neuplug.Scores` call it; the latter have
            no ``auroc``.
        class_name: The class that it is of; ``None``: all.
    """

    name: str
    score: str
    class_name: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """The two by which tables name it."""
        return self.score, self.class_name

    @property
    def sign(self) -> int:
        """1 where a larger value is better, else -1."""
        return -1 if self.score == "loss" else 1


def read_metric(text: str) -> Decisive:
    """What ``macro_f1`` or ``recall:rust`` stands for, in any letter case.

    Raises:
        InputError: If there is no such metric.
    """
    name, colon, class_name = text.strip().partition(":")
    name = name.strip().lower().replace("-", "_")
    if not colon and name in _OF_ALL:
        return Decisive(name, _OF_ALL[name])
    if name in _OF_A_CLASS and class_name.strip():
        return Decisive(f"{name}:{class_name.strip()}", name, class_name.strip())
    if name in _OF_A_CLASS:
        raise InputError(f"metric = {text!r}: of which class? Write {name}:CLASS.")
    hint = did_you_mean(name, (*_OF_ALL, *_OF_A_CLASS))
    raise InputError(
        f"metric = {text!r}: there is no such metric.{hint} Choose {', '.join(NAMES)} or {AUTO}."
    )


def is_auto(text: str) -> bool:
    """Whether nobody has chosen."""
    return text.strip().lower() == AUTO


def choose_metric(text: str, tests: Sequence[Mapping[str, int]]) -> tuple[Decisive, str]:
    """The metric that is asked for, or the usual one, and what there is to say about it.

    Args:
        text: As users write it, or ``auto``: accuracy, but macro F1 where the largest class has
            more than twice as many test images as the smallest.
        tests: Of each repeat the test images by class.

    Returns:
        The metric, and a sentence; empty for accuracy where that is the usual one.

    Raises:
        InputError: If there is no such metric or no such class.
    """
    least = {name: min(counts[name] for counts in tests) for name in tests[0]}
    most = {name: max(counts[name] for counts in tests) for name in tests[0]}
    large, small = max(most, key=lambda n: most[n]), min(least, key=lambda n: least[n])
    unequal = most[large] > UNEQUAL * least[small]
    share = 100 * most[large] / sum(most.values())
    alone = f"answering {large} always would be right for {share:.0f} % of the test images"
    if is_auto(text):
        if not unequal:
            return Decisive("accuracy", "accuracy"), ""
        counted = f"{large} has {most[large]} test images, {small} {least[small]}"
        return Decisive("macro_f1", "f1"), f"Verdicts go by macro F1, since {counted}: {alone}."
    metric = read_metric(text)
    if metric.class_name is not None and metric.class_name not in least:
        raise InputError(
            f"metric = {text!r}: there is no class {metric.class_name!r}."
            f"{did_you_mean(metric.class_name, least)}"
        )
    if metric.class_name is not None and least[metric.class_name] < FEW:
        number = least[metric.class_name]
        return metric, (
            f"Verdicts go by {metric.name}, and {metric.class_name} has {number} test images: "
            f"below {FEW} little can be told."
        )
    if not unequal or metric.class_name is not None:
        return metric, ""
    return metric, f"Verdicts go by {metric.name}: {alone}."
