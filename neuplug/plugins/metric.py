"""One number that an evaluator found, with all that is needed to read it. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One number that an evaluator found.

    Attributes:
        name: What is measured, such as ``kid``: the same for all classes and arms. Recipes and
            programs find it by its name and its class.
        value: Finite.
        class_name: The class that it is of; ``None``: all classes together.
        low: Lower end of its 95 % interval within this repeat, with ``high``.
        high: Upper end.
        std: Its standard deviation within this repeat, such as over several generated sets.
        n: Images that it comes from, of the kind that is judged: generated ones, as a rule.
        unit: ``share`` for a part of a whole, from 0 to 1, which the report shows in percent;
            ``images`` for a number of images; else what it is measured in, or empty.
        label: What the report calls it, such as ``kernel inception distance``; by default its name.
        higher_is_better: ``None`` where neither higher nor lower is.
        reference: The value that real images have, such as the distance between two halves of them.

    Example:
        >>> kid = neuplug.Metric("kid", 0.021, n=240, low=0.014, high=0.03, reference=0.001)
        >>> kid.value > kid.reference, kid.class_name is None, kid.label
        (True, True, '')
    """

    name: str
    value: float
    class_name: str | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    n: int | None = None
    unit: str = ""
    label: str = ""
    higher_is_better: bool | None = None
    reference: float | None = None
