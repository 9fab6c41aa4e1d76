"""Whether a split that the data bring along has the same things on two of its sides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import permutations
from typing import TypeAlias

from neuplug.data.listing import SplitName, listed
from neuplug.data.report import DataReport

# A test or validation image, an image in another part that gives it away, and how: ``equal``,
# ``nearly equal`` or ``of one group``
Leak: TypeAlias = tuple[str, str, str]


def find_leaks(
    ids: Sequence[str],
    splits: Sequence[SplitName | None],
    groups: Sequence[str],
    report: DataReport,
) -> tuple[Leak, ...]:
    """Each test or validation image whose group reaches into another part of the given split.

    An image of no given part gives nothing away: whoever draws the split leaves it out.
    """
    images = list(zip(ids, splits, groups, strict=True))
    part = dict(zip(ids, splits, strict=True))
    first: dict[str, dict[str, str]] = defaultdict(dict)
    for id_, split, group in images:
        if split is not None:
            first[group].setdefault(split, id_)
    twins = _twins(report)
    found = []
    for id_, split, group in images:
        others = {name: other for name, other in first[group].items() if name != split}
        if split not in ("val", "test") or not others:
            continue
        # the copy itself where there is one, else any image of the group
        copies = [twin for twin in twins[id_] if part[twin[0]] not in (None, split)]
        one_of_them = others.get("train", next(iter(others.values())))
        other, how = copies[0] if copies else (one_of_them, "of one group")
        found.append((id_, other, how))
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
        f"the given split leaks: {len(leaks)} of its {held} test and validation images have a "
        f"copy or an image of their group in another part: {listed(pairs, 3)}."
    )


def _twins(report: DataReport) -> dict[str, list[tuple[str, str]]]:
    """Id to those of the images that are the same or nearly the same, equal ones first."""
    alike: list[tuple[Sequence[str], str]] = [(cluster, "equal") for cluster in report.exact]
    alike += [((first, second), "nearly equal") for first, second, _ in report.near or ()]
    twins: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for cluster, how in alike:
        for one, other in permutations(cluster, 2):
            twins[one].append((other, how))
    return twins
