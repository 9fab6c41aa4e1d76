"""How an evaluator's measure is shown: in words, as a share in percent, with the digits it bears.

An evaluator names its measures by the field's own words, and these say how to show them. Light.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

from neuplug import statistics
from neuplug.report import verdicts

_SHARES = re.compile(
    r"\b(accuracy|copies|copying|coverage|GAN-test|GAN-train|nearer to training|precision|recall"
    r"|share)\b"
)
_WORDS = (  # a name's beginning, and what it is called
    ("fid", "Fréchet inception distance"),
    ("frechet", "Fréchet distance"),
    ("kid", "kernel inception distance"),
    ("kernel", "kernel distance"),
    ("isc", "inception score"),
    ("copies", "copies of training images"),
    ("copying", "probability of copying"),
    ("nearer to training, real", "real images nearer to training than to unseen ones"),
    ("nearer to training", "generated images nearer to training than to unseen ones"),
)
_ENDS = {
    "low": "lower end of its interval",
    "high": "upper end of its interval",
    "std": "standard deviation over sets",
}


def words(metric: str, others: Collection[str]) -> str:
    """``fid crazing low`` as ``Fréchet inception distance, crazing, lower end of its interval``.

    Args:
        metric: Its name.
        others: All names of the same evaluator: the end of a name is an end of an interval only
            where the measure itself is there.
    """
    whole, _, end = metric.rpartition(" ")
    if end in _ENDS and whole in others:
        return f"{words(whole, others)}, {_ENDS[end]}"
    if metric.startswith("n "):
        return f"images, {metric[2:]}"
    for start, said in sorted(_WORDS, key=lambda pair: -len(pair[0])):
        if re.match(rf"{start}\b", metric, re.IGNORECASE):
            rest = metric[len(start) :]
            metric = said + (f",{rest}" if re.match(r" \w", rest) else rest)
            break
    metric = re.sub(r"\[([^\]]*)\]( (?=\w))?", lambda m: f" ({m[1]}){', ' if m[2] else ''}", metric)
    return re.sub(r", (pixels|features)\b", r", by \1", metric)


def is_share(metric: str, values: Sequence[float]) -> bool:
    """Whether a measure is a part of a whole: by its name, which must not name a class, too."""
    return bool(_SHARES.search(metric)) and all(0 <= value <= 1 for value in values)


def is_count(metric: str, values: Sequence[float]) -> bool:
    """Whether it is a number of images, such as ``n real``."""
    return metric.startswith("n ") and all(value.is_integer() for value in values)


def shown(values: Sequence[float], *, share: bool) -> dict[str, str]:
    """``middle`` and ``spread`` of a measure over repeats.

    The half of the interval has two significant digits and the mean as many after the point. A
    share is in percent, and its interval ends where shares do.

    Args:
        values: One for each repeat.
        share: Whether they are parts of a whole.
    """
    scale = 100.0 if share else 1.0
    estimate = statistics.estimate(values)
    mean, low, high = estimate.mean, estimate.low, estimate.high
    if low is None or high is None:
        return {"middle": _fixed(mean, scale, _digits(scale * mean, 3)), "spread": "one repeat"}
    half = (high - low) / 2
    digits = _digits(scale * half, 2) if half else _digits(scale * mean, 3)
    middle = _fixed(mean, scale, digits)
    if share and (low < 0 or high > 1):
        ends = [_fixed(min(max(end, 0.0), 1.0), scale, digits) for end in (low, high)]
        return {"middle": middle, "spread": f"({ends[0]} {verdicts.ELLIPSIS} {ends[1]})"}
    return {"middle": middle, "spread": f"{verdicts.PLUS_MINUS} {_fixed(half, scale, digits)}"}


def _digits(value: float, significant: int) -> int:
    """Digits after the point that show so many significant ones."""
    if value == 0 or not math.isfinite(value):
        return 0 if value == 0 else significant
    leading = math.floor(math.log10(abs(value)))
    if float(f"{abs(value):.{significant - 1}e}") >= 10 ** (leading + 1):
        leading += 1  # 9.96 is 10
    return min(max(significant - 1 - leading, 0), 9)


def _fixed(value: float, scale: float, digits: int) -> str:
    """With a true minus; a dash where there is no number."""
    return verdicts.number(value, verdicts.Metric("", "", scale, digits))
