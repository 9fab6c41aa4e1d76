"""Equal images, and groups of what must not be separated."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from neuplug.data.building import Original
from neuplug.data.decoding import SIDE
from neuplug.data.duplicates import bind, bound_groups, exact_clusters


def test_exact_clusters_in_order() -> None:
    assert exact_clusters(["a", "b", "a", "c", "b", "a"]) == [(0, 2, 5), (1, 4)]
    assert exact_clusters(["a", "b"]) == []


def test_groups_of_images_that_share_nothing() -> None:
    assert bound_groups(["x", "y"], [None, None], ["1", "2"]) == ("x", "y")


def test_groups_are_passed_on() -> None:
    ids = ["a", "b", "c", "d", "e", "f", "g"]
    given = ["cow1", "cow1", None, "cow2", None, None, None]
    digests = ["1", "2", "2", "2", "5", "6", "7"]
    near = [(5, 4), (6, 5)]
    assert bound_groups(ids, given, digests, near) == (*("cow1",) * 4, *("e",) * 3)


def test_groups_agree_with_reachability() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        count = int(rng.integers(1, 25))
        ids = [f"i{n}" for n in range(count)]
        given = [f"g{n}" if n < 6 else None for n in rng.integers(0, 12, count)]
        digests = [f"d{n}" for n in rng.integers(0, 20, count)]
        near = {tuple(sorted(pair)) for pair in rng.integers(0, count, (3, 2)).tolist()}
        reach = np.eye(count, dtype=bool)
        for i, j in itertools.permutations(range(count), 2):
            same_group = given[i] is not None and given[i] == given[j]
            pair = (min(i, j), max(i, j))
            reach[i, j] = same_group or digests[i] == digests[j] or pair in near
        for _ in range(count):
            reach = (reach.astype(int) @ reach.astype(int)) > 0
        groups = np.array(bound_groups(ids, given, digests, near))
        assert np.array_equal(groups[:, None] == groups[None, :], reach)


def test_near_duplicates_bind_unless_a_given_group_does() -> None:
    rng = np.random.default_rng(0)
    images = list(rng.integers(0, 200, (12, SIDE, SIDE), dtype=np.uint8))
    images += [images[0] + 9, images[1][::-1], images[2].copy()]
    ids = [f"i{n}" for n in range(15)]
    digests = [*map(str, range(14)), "2"]
    given = [None, "g", *[None] * 11, "g", None]
    known = zip(ids, given, digests, images, strict=True)
    originals = [Original(i, "a", None, g, d, (9, 9), "grey", 8, image) for i, g, d, image in known]
    bound = bind(originals)
    assert bound.exact == (("i2", "i14"),)
    # of the equal ones just the first
    assert [pair[:2] for pair in bound.near or ()] == [("i0", "i12")]
    assert bound.groups[12] == bound.groups[0] == "i0"
    assert bound.groups[13] == bound.groups[1] == "g"
    assert bound.groups[14] == "i2"
    assert len(set(bound.groups)) == 12
    assert bind([replace(original, thumbnail=None) for original in originals]).near is None
