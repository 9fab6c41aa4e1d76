"""Equal images, and groups of what must not be separated."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from neuplug.data.building import Original
from neuplug.data.duplicates import bind, bound_groups, exact_clusters
from neuplug.data.pixels import SIDE


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
    about = ((9, 9), "grey")
    originals = [Original(i, "a", None, g, d, *about, thumbnail=image) for i, g, d, image in known]
    bound = bind(originals)
    assert bound.exact == (("i2", "i14"),)
    # of the equal ones just the first
    assert [pair[:2] for pair in bound.near or ()] == [("i0", "i12")]
    assert bound.groups[12] == bound.groups[0] == "i0"
    assert bound.groups[13] == bound.groups[1] == "g"
    assert bound.groups[14] == "i2"
    assert len(set(bound.groups)) == 12
    assert bind([replace(original, thumbnail=None) for original in originals]).near is None


def series(count: int, seed: int) -> list[Original]:
    """One object, photographed in ever stronger light."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal((SIDE, SIDE)), 2)
    field *= 60 / field.std()
    return [
        Original(f"film/{name}", "film", None, None, name, (9, 9), "grey", thumbnail=picture)
        for i in range(count)
        for name in [f"{seed}-{i}"]
        for picture in [(128 + field * (0.6 + 0.4 * i / count)).clip(0, 255).astype(np.uint8)]
    ]


def test_a_class_bound_almost_whole_is_divided_with_a_warning() -> None:
    film = [*series(6, 0), *series(1, 1)]  # one of the seven is another object
    photos = [replace(series(1, seed)[0], label="photo") for seed in range(2, 30)]
    bound = bind([*film, *photos])
    assert bound.whole == ("film",) and len(set(bound.groups)) == 35
    # what the user says binds, whatever it looks like
    again = bind([*(replace(image, group="reel") for image in film), *photos])
    assert again.whole == () and len({*again.groups[:7]}) == 1


def test_no_search_where_none_is_wanted() -> None:
    bound = bind(series(3, 0), "off")
    assert bound.near is None and len(set(bound.groups)) == 3
    assert len(set(bind([*series(2, 0), *series(1, 1)]).groups)) == 2


def test_overlaps_bind_too() -> None:
    field = gaussian_filter(np.random.default_rng(0).standard_normal((SIDE, 3 * SIDE)), 1.5)
    strip = (128 + 40 * field / field.std()).clip(0, 255).astype(np.uint8)
    crops = [strip[:, 30 * i : 30 * i + SIDE] for i in range(4)]
    others = series(8, 3)[:1] + [series(1, seed)[0] for seed in range(4, 20)]
    sheet = [
        replace(image, id=f"a{i}", thumbnail=crop)
        for i, (image, crop) in enumerate(zip(series(4, 2), crops, strict=True))
    ]
    assert len(set(bind([*sheet, *others]).groups[:4])) == 4
    assert len(set(bind([*sheet, *others], "overlap").groups[:4])) == 1
