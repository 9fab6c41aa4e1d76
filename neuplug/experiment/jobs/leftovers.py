"""Training sets of which filters have left no image of a class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from neuplug.errors import NeuplugError
from neuplug.experiment.jobs.workbench import Workbench
from neuplug.experiment.plan import Pool


def refuse_empty(bench: Workbench, pool: Pool, classes: Iterable[str], whose: str) -> None:
    """Refuse a training set that has no image of one of its classes.

    A plan asks for images of every class, so one is empty only where filters let nothing pass. Of
    no images nothing is learned; and a classifier that has never seen a class cannot name it, so
    that its accuracy would tell of the gap and not of the arm's images.

    Args:
        bench: Where the jobs are that made the parts; all are done.
        pool: The set's parts, by class.
        classes: Those that must have images.
        whose: Begins the error's sentence: what it is the set of.

    Raises:
        NeuplugError: Not an :class:`neuplug.InputError`, which would stop the other arms too.
    """
    empty = [name for name in classes if not any(_size(bench, part) for part in pool[name])]
    if empty:
        found = " and ".join(f"class {name}{_why(bench, pool[name])}" for name in empty)
        raise NeuplugError(
            f"{whose} leaves {found} without training images. Keep the real ones (no replace, a "
            "share below 1), leave the filter out or loosen it, train the generator for more "
            "steps, or leave the arm out."
        )


def _size(bench: Workbench, part: dict[str, Any]) -> int:
    found: int = bench.about(part["made"])["images"] if "made" in part else len(part["real"])
    return found


def _why(bench: Workbench, parts: Iterable[dict[str, Any]]) -> str:
    """What the filters of the parts let through, in brackets."""
    said = []
    for part in parts:
        if "filter" in part:
            about = bench.about(part["made"])
            said.append(
                f"filter={part['filter']} let {about['images']} of {about['drawn']} images pass"
            )
    return f" ({', '.join(said)})" if said else ""
