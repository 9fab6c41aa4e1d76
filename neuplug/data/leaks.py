"""Whether a split that the data bring along has the same things on two of its sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations
from typing import TypeAlias

from neuplug.data.duplicates import Bound
from neuplug.data.listing import SplitName, listed

# A test or validation image, an image in another part that gives it away, and how: ``equal``,
# ``nearly equal`` or ``of one group``
Leak: TypeAlias = tuple[str, str, str]


def find_leaks(
    ids: Sequence[str], splits: Sequence[SplitName | None], bound: Bound
) -> tuple[Leak, ...]:
    """Each test or validation image whose group reaches into another part of the given split.

    An image of no given part gives nothing away: whoever draws the split leaves it out.
    """
    parts: dict[str, dict[str, int]] = defaultdict(dict)
    for index, (split, group) in enumerate(zip(splits, bound.groups, strict=True)):
        if split is not None:
            parts[group].setdefault(split, index)
    twins = _twins(bound)
    found = []
    for index, (split, group) in enumerate(zip(splits, bound.groups, strict=True)):
        others = {part: i for part, i in parts[group].items() if part != split}
        if split not in ("val", "test") or not others:
            continue
        # the copy itself where there is one, else any image of the group
        copies = [twin for twin in twins[index] if splits[twin[0]] not in (None, split)]
        one_of_them = others.get("train", min(others.values()))
        other, how = copies[0] if copies else (one_of_them, "of one group")
        found.append((ids[index], ids[other], how))
    return tuple(found)


def leak_sentence(
    leaks: Sequence[Leak], ids: Sequence[str], splits: Sequence[SplitName | None]
) -> str:
    """``the given split leaks: …`` with the count and the first few files; empty without leaks."""
    if not leaks:
        return ""
    held = sum(split in ("val", "test") for split in splits)
    part = dict(zip(ids, splits, strict=True))
    pairs = [f"{one} ({part[one]}) and {other} ({part[other]}) are {h}" for one, other, h in leaks]
    return (
        f"the given split leaks: {len(leaks)} of its {held} test and validation images are in "
        f"another part too, as copies or by their group: {listed(pairs, 3)}."
    )


def _twins(bound: Bound) -> dict[int, list[tuple[int, str]]]:
    """Index to the images that are the same or nearly the same, equal ones first."""
    alike: list[tuple[Sequence[int], str]] = [(cluster, "equal") for cluster in bound.exact]
    alike += [(pair[:2], "nearly equal") for pair in bound.near or ()]
    twins: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for cluster, how in alike:
        for one, other in permutations(cluster, 2):
            twins[one].append((other, how))
    return twins
