"""The laws of splitting, checked over many seeds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from neuplug import HeldOutSet, ImageSet, TrainingSet
from neuplug.data.dataset import Dataset
from neuplug.data.splits import Split, draw_split

from .splitting import check_laws, make, names, per_class, refusal

# Single images ----------------------------------------------------------------------------------


def test_shares_are_kept_in_each_class() -> None:
    dataset = make({"a": 100, "b": 50, "c": 7})
    for repeat in range(20):
        split = draw_split(dataset, test=0.3, val=0.1, seed=1, repeat=repeat)
        check_laws(dataset, split)
        assert per_class(dataset, split.test) == {"a": 30, "b": 15, "c": 2}
        assert per_class(dataset, split.val) == {"a": 10, "b": 5, "c": 1}
        assert split.left_out == []
        assert split.warnings == []


def test_the_smallest_set() -> None:
    split = draw_split(make({"a": 2, "b": 2}), seed=0, repeat=0)
    assert (len(split.train), len(split.val), len(split.test)) == (2, 0, 2)
    extreme = draw_split(make({"a": 3, "b": 3}), test=0.99, seed=0, repeat=0)
    assert (len(extreme.train), len(extreme.test)) == (2, 4)


@pytest.mark.parametrize("number", [1, 5, 19])
def test_per_class_leaves_every_other_image_to_the_test(number: int) -> None:
    dataset = make({"a": 20, "b": 33})
    for repeat in range(20):
        split = draw_split(dataset, per_class=number, seed=3, repeat=repeat)
        check_laws(dataset, split)
        assert per_class(dataset, split.train) == {"a": number, "b": number}
        assert per_class(dataset, split.test) == {"a": 20 - number, "b": 33 - number}
        assert split.left_out == split.val == []


def test_validation_comes_out_of_the_number() -> None:
    dataset = make({"a": 30, "b": 30})
    split = draw_split(dataset, per_class=10, val=0.2, seed=0, repeat=0)
    check_laws(dataset, split)
    assert per_class(dataset, split.train) == {"a": 8, "b": 8}
    assert per_class(dataset, split.val) == {"a": 2, "b": 2}
    assert per_class(dataset, split.test) == {"a": 20, "b": 20}


def test_same_seed_same_split_and_others_differ() -> None:
    dataset = make({"a": 40, "b": 40})

    def draw(seed: int, repeat: int) -> Split:
        return draw_split(dataset, per_class=10, seed=seed, repeat=repeat)

    assert draw(1, 2) == draw(1, 2)
    draws = {tuple(draw(seed, repeat).train) for seed in range(5) for repeat in range(5)}
    assert len(draws) == 25


def test_a_known_draw() -> None:
    """Splits are the same on every machine and in every version."""
    dataset = make({"a": 8, "b": 8})
    split = draw_split(dataset, per_class=3, seed=0, repeat=0)
    assert names(dataset, split.train) == ["a/0", "a/2", "a/3", "b/0", "b/3", "b/4"]


def test_every_image_has_its_chance() -> None:
    dataset = make({"a": 10, "b": 10})
    chosen = Counter(
        index for seed in range(400) for index in draw_split(
            dataset, per_class=5, seed=seed, repeat=0
        ).train
    )  # fmt: skip
    assert set(chosen) == set(range(20))
    assert all(150 < number < 250 for number in chosen.values())  # 200 +- 5 standard deviations


@pytest.mark.parametrize("options", [{"per_class": 6}, {"test": 0.4, "val": 0.2}])
def test_another_class_changes_nothing(options: dict[str, Any]) -> None:
    few, more = make({"a": 20, "c": 12}), make({"a": 20, "b": 15, "c": 12})
    for repeat in range(10):
        first = draw_split(few, **options, seed=5, repeat=repeat)
        second = draw_split(more, **options, seed=5, repeat=repeat)
        for prefix in ("a/", "c/"):
            assert names(few, first.train, prefix) == names(more, second.train, prefix)
            assert names(few, first.test, prefix) == names(more, second.test, prefix)


def test_more_images_include_the_fewer() -> None:
    dataset = make({"a": 30, "b": 30}, groups=[f"{n // 3}" for n in range(60)])
    for repeat in range(10):
        draws = [
            set(draw_split(dataset, per_class=n, seed=0, repeat=repeat).train) for n in (3, 8, 20)
        ]
        assert draws[0] < draws[1] < draws[2]


def test_sets() -> None:
    dataset = make({"a": 10, "b": 10})
    split = draw_split(dataset, per_class=4, val=0.25, seed=0, repeat=0)
    train, val, test = split.sets(dataset)
    assert type(train) is TrainingSet
    assert type(val) is type(test) is HeldOutSet
    assert train.ids == tuple(names(dataset, split.train))
    assert set(train.origins) == {"real"}
    assert torch.equal(test.images, dataset.images.images[split.test])
    assert torch.equal(test.labels, dataset.images.labels[split.test])
    assert val is not None
    assert len(val) == 2
    assert draw_split(dataset, seed=0, repeat=0).sets(dataset)[1] is None


# Groups -----------------------------------------------------------------------------------------


def random_groups(rng: np.random.Generator, count: int, kinds: int) -> list[str | None]:
    return [f"g{n}" if n < kinds else None for n in rng.integers(0, 2 * kinds, count)]


@pytest.mark.parametrize("options", [{"per_class": 9}, {"per_class": 9, "val": 0.3}, {"val": 0.1}])
def test_groups_never_cross_even_where_they_span_classes(options: dict[str, Any]) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        dataset = make({"a": 40, "b": 30, "c": 35}, random_groups(rng, 105, 12))
        split = draw_split(dataset, **options, seed=seed, repeat=0)
        check_laws(dataset, split)
        if "per_class" in options:
            val = 3 if "val" in options else 0
            assert per_class(dataset, split.train) == dict.fromkeys("abc", 9 - val)
            assert per_class(dataset, split.val) == dict.fromkeys("abc", val)
        else:
            assert split.left_out == []


def test_the_last_group_is_cut_and_its_rest_left_out() -> None:
    dataset = make({"a": 40, "b": 40}, groups=[f"g{n // 10}" for n in range(80)])
    for repeat in range(20):
        split = draw_split(dataset, per_class=15, seed=0, repeat=repeat)
        check_laws(dataset, split)
        assert per_class(dataset, split.train) == {"a": 15, "b": 15}
        assert per_class(dataset, split.left_out) == {"a": 5, "b": 5}
        assert per_class(dataset, split.test) == {"a": 20, "b": 20}
        used = {dataset.groups[i] for i in split.train}
        assert {dataset.groups[i] for i in split.left_out} < used


def test_a_draw_that_leaves_no_test_group_is_drawn_again() -> None:
    groups = ["big"] * 50 + ["lone"] + [None] * 51
    dataset = make({"a": 51, "b": 51}, groups)
    for repeat in range(30):
        split = draw_split(dataset, per_class=20, seed=0, repeat=repeat)
        check_laws(dataset, split)
        assert per_class(dataset, split.train) == {"a": 20, "b": 20}


def test_an_order_that_is_hard_to_draw_is_found() -> None:
    """Of 200 groups of two and one of one only the single one may be left for the test."""
    groups = [f"g{n // 2}" for n in range(400)] + ["lone"] + [None] * 401
    dataset = make({"a": 401, "b": 401}, groups)
    split = draw_split(dataset, per_class=400, seed=0, repeat=0)
    check_laws(dataset, split)
    assert split.left_out == []


def test_shares_as_nearly_as_groups_allow() -> None:
    dataset = make({"a": 41 * 4, "b": 41 * 4}, [f"g{n // 41}" for n in range(41 * 8)])
    for repeat in range(10):
        split = draw_split(dataset, test=0.3, seed=0, repeat=repeat)
        check_laws(dataset, split)
        assert per_class(dataset, split.test) == {"a": 41, "b": 41}
        assert per_class(dataset, split.train) == {"a": 123, "b": 123}


def test_groups_far_larger_than_the_share() -> None:
    dataset = make({"a": 30, "b": 30}, ["x"] * 20 + ["y"] * 10 + [None] * 30)
    split = draw_split(dataset, test=0.05, seed=0, repeat=0)
    check_laws(dataset, split)
    assert {dataset.groups[i] for i in split.test if i < 30} == {"y"}


def test_a_spanning_group_is_placed_once() -> None:
    groups = ["both"] * 4 + [None] * 12 + ["both"] * 4 + [None] * 12
    dataset = make({"a": 16, "b": 16}, groups)
    parts = Counter()
    for seed in range(60):
        split = draw_split(dataset, per_class=8, seed=seed, repeat=0)
        check_laws(dataset, split)
        assert per_class(dataset, split.train) == {"a": 8, "b": 8}
        both = {0, 1, 2, 3, 16, 17, 18, 19}
        part = "test" if both <= set(split.test) else "train"
        assert part == "test" or both <= set(split.train + split.left_out)
        parts[part] += 1
    assert min(parts["train"], parts["test"]) > 10


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"per_class": 0}, "per_class = 0: at least 1"),
        ({"test": 0.0}, "test = 0: "),
        ({"test": 1.0}, "test = 1: "),
        ({"val": -0.1}, "val = -0.1: "),
        ({"val": 1.0}, "val = 1: "),
        ({"test": 0.6, "val": 0.4}, "test = 0.6 and val = 0.4 leave nothing to train on"),
        ({"per_class": 1, "val": 0.2}, "per_class = 1 with val = 0.2 leaves nothing"),
        ({"per_class": 40}, "class a has 40 image(s), which leave none to test on with"),
        ({"per_class": 45}, "use at most 39"),
    ],
)
def test_numbers_that_cannot_be(options: dict[str, Any], complaint: str) -> None:
    assert complaint in refusal(make({"a": 40, "b": 50}), **options)


def test_too_few_classes_or_images() -> None:
    assert "has only one class, a: a classifier needs at least two" in refusal(make({"a": 5}))
    assert "class b has 1 image(s): at least 2" in refusal(make({"a": 5, "b": 1}))
    assert "too few for test and val and train" in refusal(make({"a": 9, "b": 2}), val=0.1)


def test_too_few_groups() -> None:
    dataset = make({"a": 10, "b": 10}, ["one"] * 10 + [None] * 10)
    assert "class a: its 10 image(s) lie in 1 group(s)" in refusal(dataset)
    assert "class a: its 10 image(s) lie in 1 group(s)" in refusal(dataset, per_class=3)
    assert "3 for train leave none for the rest" in refusal(dataset, per_class=3)
    four = make({"a": 40, "b": 40}, [f"g{n // 10}" for n in range(80)])
    assert "class a: its 40 image(s) lie in 4 group(s)" in refusal(four, per_class=31)
    draw_split(four, per_class=30, seed=0, repeat=0)
    assert "26 for train and 4 for val" in refusal(four, per_class=30, val=0.13)
    assert "Near duplicates" not in refusal(dataset)


def film(lengths: Sequence[int]) -> Dataset:
    """Class a shows as many things as there are lengths, each ever brighter."""
    pixels = np.random.default_rng(0).integers(40, 160, (26, 1, 24, 24), dtype=np.uint8)
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    for start, length in zip(starts, lengths, strict=True):
        for frame in range(1, length):
            pixels[start + frame] = pixels[start] + 10 * frame
    labels = torch.tensor([0] * 6 + [1] * 20)
    ids = tuple(f"{n}.png" for n in range(26))
    return Dataset.from_imageset(ImageSet(torch.from_numpy(pixels), labels, ("a", "b"), ids))


def test_series_that_leave_too_little_say_what_to_do() -> None:
    message = refusal(film([3, 3]), val=0.1)
    assert "class a: its 6 image" in message
    assert "lie in 2 group(s)" in message
    assert re.search(r"Near duplicates link its images, such as \d.png ~ \d.png", message)
    assert "Add images of other objects" in message


@pytest.mark.parametrize("lengths", [[6], [5, 1]])
def test_a_class_that_is_one_series_is_divided_with_a_warning(lengths: list[int]) -> None:
    dataset = film(lengths)
    split = draw_split(dataset, seed=0, repeat=0)
    assert {0, 1} <= {int(dataset.images.labels[i]) for i in split.test}
    (told,) = (w for w in dataset.report.warnings() if "near duplicates" in w)
    assert "nearly all images of a are near duplicates" in told and "Add images" in told


def test_a_class_that_other_classes_groups_swallow() -> None:
    """All of b is bound to images of a, so that b has nothing of its own to divide."""
    dataset = make({"a": 20, "b": 4}, ["both"] * 10 + [None] * 10 + ["both"] * 4)
    assert "class b" in refusal(dataset)
    assert "class b" in refusal(dataset, per_class=2)
