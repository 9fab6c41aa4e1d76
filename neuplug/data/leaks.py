"""Whether a split that the data bring along has the same things on two of its sides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations

from neuplug.data.dataset import Dataset
from neuplug.data.listing import listed

_SHOWN = 3


@dataclass(frozen=True)
class Leak:
    """A held-out image that another part of the given split gives away.

    Attributes:
        held: Index of a test or validation image.
        other: Index of an image in another part.
        how: ``equal``, ``nearly equal`` or ``of one group``.
    """

    held: int
    other: int
    how: str


def find_leaks(dataset: Dataset) -> tuple[Leak, ...]:
    """Each test or validation image whose group reaches into another part of the given split.

    An image of no given part gives nothing away: whoever draws the split leaves it out.
    """
    splits, groups = dataset.splits, dataset.groups
    if not any(splits):
        return ()
    parts: dict[str, dict[str, int]] = {}
    for index, (split, group) in enumerate(zip(splits, groups, strict=True)):
        if split is not None:
            parts.setdefault(group, {}).setdefault(split, index)
    twins = _twins(dataset)
    found = []
    for index, (split, group) in enumerate(zip(splits, groups, strict=True)):
        others = {part: i for part, i in parts.get(group, {}).items() if part != split}
        if split not in ("val", "test") or not others:
            continue
        # the copy itself where there is one, else any image of the group
        copies = [twin for twin in twins.get(index, []) if splits[twin[0]] not in (None, split)]
        other, how = copies[0] if copies else (others.get("train", min(others.values())), "")
        found.append(Leak(index, other, how or "of one group"))
    return tuple(found)


def leak_sentence(dataset: Dataset, leaks: Iterable[Leak]) -> str:
    """``the given split leaks: …`` with the count and the first few files; empty without leaks."""
    leaks = list(leaks)
    if not leaks:
        return ""
    ids, splits = dataset.images.ids, dataset.splits
    held = sum(split in ("val", "test") for split in splits)
    pairs = [
        f"{ids[leak.held]} ({splits[leak.held]}) and {ids[leak.other]} ({splits[leak.other]}) "
        f"are {leak.how}"
        for leak in leaks[:_SHOWN]
    ]
    rest = [f"{len(leaks) - _SHOWN} more"] if len(leaks) > _SHOWN else []
    return (
        f"the given split leaks: {len(leaks)} of its {held} test and validation images are in "
        f"another part too, as copies or by their group: {listed([*pairs, *rest], _SHOWN + 1)}."
    )


def _twins(dataset: Dataset) -> dict[int, list[tuple[int, str]]]:
    """Index to the images that are the same or nearly the same, equal ones first."""
    place = {id_: index for index, id_ in enumerate(dataset.images.ids)}
    twins: dict[int, list[tuple[int, str]]] = {}
    for cluster in dataset.report.exact:
        for first, second in permutations(cluster, 2):
            twins.setdefault(place[first], []).append((place[second], "equal"))
    for first, second, _ in dataset.report.near or ():
        for one, other in permutations((first, second), 2):
            twins.setdefault(place[one], []).append((place[other], "nearly equal"))
    return twins
