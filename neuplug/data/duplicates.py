"""Images that are the same, or nearly so, and what must therefore not be separated."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from neuplug.data.building import Original
from neuplug.data.near import near_duplicates
from neuplug.data.overlaps import overlapping
from neuplug.data.report import Near
from neuplug.plugins.generator import Progress, silent

# Share of a class in one group from which near duplicates bind nothing in it
NEARLY_ALL = 0.8


@dataclass(frozen=True)
class Bound:
    """Which images belong together; other than ``groups`` by id.

    Attributes:
        groups: One for each image; see :func:`bound_groups`.
        exact: Clusters of equal images.
        conflicts: Those of ``exact`` whose images have different labels.
        near: (first, second, correlation) of near duplicates that no given group binds already;
            of equal images only the first is compared. ``None`` where they were not looked for.
        crowded: How many images look like another one of no common group, but no more than most do.
        whole: Classes nearly all of whose images are near duplicates of one another, so that a
            split divides these all the same.
    """

    groups: tuple[str, ...]
    exact: tuple[tuple[str, ...], ...]
    conflicts: tuple[tuple[str, ...], ...]
    near: tuple[tuple[str, str, float], ...] | None = None
    crowded: int = 0
    whole: tuple[str, ...] = ()


def bind(originals: Sequence[Original], search: Near = "on", progress: Progress = silent) -> Bound:
    """Find duplicates and put them into groups.

    Near duplicates are not looked for where an image has no thumbnail.

    Args:
        originals: The images.
        search: Which near duplicates to look for.
        progress: Called while they are looked for.
    """
    ids, given = [o.id for o in originals], [o.group for o in originals]
    digests = [o.digest for o in originals]
    clusters = exact_clusters(digests)
    exact = tuple(tuple(ids[i] for i in cluster) for cluster in clusters)
    labels = [{originals[i].label for i in cluster} for cluster in clusters]
    conflicts = tuple(c for c, names in zip(exact, labels, strict=True) if len(names) > 1)
    again = {index for cluster in clusters for index in cluster[1:]}
    among = [index for index in range(len(ids)) if index not in again]
    shown = [small for index in among if (small := originals[index].thumbnail) is not None]
    if search == "off" or len(shown) < len(among):
        return Bound(bound_groups(ids, given, digests), exact, conflicts)
    found = near_duplicates(np.stack(shown), progress)
    overlaps = []
    if search == "overlap":
        overlaps = overlapping(np.stack(shown), [ids[index] for index in among], progress)

    def apart(first: int, second: int) -> bool:
        return given[first] is None or given[first] != given[second]

    scores = {(a, b): score for a, b, score in (*overlaps, *found.pairs)}
    pairs = [(among[a], among[b], score) for (a, b), score in scores.items()]
    near = sorted((p for p in pairs if apart(*p[:2])), key=lambda p: (-p[2], p[:2]))
    names = [original.label for original in originals]
    groups = bound_groups(ids, given, digests, [pair[:2] for pair in near])
    whole = _bound_whole(groups, names)
    if whole:
        near = [p for p in near if names[p[0]] != names[p[1]] or names[p[0]] not in whole]
        groups = bound_groups(ids, given, digests, [pair[:2] for pair in near])
    look_alikes = [(among[a], among[b]) for a, b in found.crowded]
    crowded = {index for pair in look_alikes if apart(*pair) for index in pair}
    named = tuple((ids[a], ids[b], score) for a, b, score in near)
    # a class of one object or of equal images is bound by what is certain
    undone = whole - _bound_whole(groups, names)
    return Bound(groups, exact, conflicts, named, len(crowded), tuple(sorted(undone)))


def _bound_whole(groups: Sequence[str], labels: Sequence[str]) -> set[str]:
    """The classes of which nearly all images are in one group, so that none is left to test on."""
    largest: Counter[str] = Counter()
    for (label, _), number in Counter(zip(labels, groups, strict=True)).items():
        largest[label] = max(largest[label], number)
    sizes = Counter(labels)
    return {label for label, n in largest.items() if n > 1 and n >= NEARLY_ALL * sizes[label]}


def exact_clusters(digests: Sequence[str]) -> list[tuple[int, ...]]:
    """Indices of images with equal digests, two or more in each cluster, in order."""
    return [members for members in _by_value(digests) if len(members) > 1]


def bound_groups(
    ids: Sequence[str],
    given: Sequence[str | None],
    digests: Sequence[str],
    near: Iterable[tuple[int, int]] = (),
) -> tuple[str, ...]:
    """One group for each image: images of a given group, a digest or a near pair share theirs.

    Sharing is passed on: if ``a`` and ``b`` are of one object and ``b`` and ``c`` are the same
    picture, all three are bound together.

    Args:
        ids: Name of each image; an image that is bound to no other is a group of that name.
        given: The user's group of each image, if it has one.
        digests: Equal for images that are the same.
        near: Indices of images that are nearly the same.

    Returns:
        For each image its group's name: a given name where there is one, else the id of an image.
    """
    named = [(index, name) for index, name in enumerate(given) if name is not None]
    same_name = _by_value([name for _, name in named])
    same_group = [tuple(named[place][0] for place in members) for members in same_name]
    alike = (*same_group, *_by_value(digests), *near)
    links = [(members[0], other) for members in alike for other in members[1:]]
    rows, columns = np.array(links, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(links)), (rows, columns)), shape=(len(ids), len(ids)))
    _, parts = connected_components(graph, directed=False)
    names: dict[int, str] = {}
    for index, name in (*named, *enumerate(ids)):
        names.setdefault(parts[index], name)
    return tuple(names[part] for part in parts)


def _by_value(values: Iterable[Hashable]) -> list[tuple[int, ...]]:
    """Indices of equal values together, in order of first appearance."""
    places: dict[Hashable, list[int]] = defaultdict(list)
    for index, value in enumerate(values):
        places[value].append(index)
    return [tuple(indices) for indices in places.values()]
