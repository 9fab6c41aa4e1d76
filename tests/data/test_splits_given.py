"""Splits that the data bring along."""

from __future__ import annotations

from neuplug.data.dataset import Dataset
from neuplug.data.splits import draw_split

from .splitting import check_laws, copied, given, make, per_class, refusal


def test_a_given_test_part_is_the_test_of_every_repeat() -> None:
    splits = given(("train", 20), ("test", 10)) * 2
    dataset = make({"a": 30, "b": 30}, splits=splits)
    for repeat in range(10):
        split = draw_split(dataset, per_class=5, val=0.2, test=0.9, seed=0, repeat=repeat)
        check_laws(dataset, split)
        assert split.test == [i for i, part in enumerate(splits) if part == "test"]
        assert per_class(dataset, split.train) == {"a": 4, "b": 4}
        assert per_class(dataset, split.val) == {"a": 1, "b": 1}
        assert per_class(dataset, split.left_out) == {"a": 15, "b": 15}
    everything = draw_split(dataset, seed=0, repeat=0)
    assert everything.train == [i for i, part in enumerate(splits) if part == "train"]
    assert draw_split(dataset, per_class=20, seed=0, repeat=0).train == everything.train


def test_a_given_validation_part_is_used_as_it_is() -> None:
    splits = given(("train", 20), ("val", 5), ("test", 5)) * 2
    dataset = make({"a": 30, "b": 30}, splits=splits)
    split = draw_split(dataset, per_class=10, val=0.5, seed=0, repeat=0)
    check_laws(dataset, split)
    assert split.val == [i for i, part in enumerate(splits) if part == "val"]
    assert per_class(dataset, split.train) == {"a": 10, "b": 10}


def test_without_a_given_test_part_it_is_drawn_from_the_training_part() -> None:
    splits = given(("train", 20), ("val", 10)) * 2
    dataset = make({"a": 30, "b": 30}, splits=splits)
    split = draw_split(dataset, test=0.25, seed=0, repeat=0)
    check_laws(dataset, split)
    assert per_class(dataset, split.test) == {"a": 5, "b": 5}
    assert all(splits[i] == "train" for i in split.test + split.train)


def test_images_of_no_given_part_are_for_training() -> None:
    dataset = make({"a": 10, "b": 10}, splits=given((None, 8), ("test", 2)) * 2)
    assert len(draw_split(dataset, seed=0, repeat=0).train) == 16


def test_images_of_no_given_part_that_are_bound_to_one_are_left_out_and_said() -> None:
    splits = given((None, 10), ("val", 5), ("test", 5)) * 2
    groups: list[str | None] = [None] * 40
    groups[0] = groups[15] = "free and test"
    groups[1] = groups[10] = "free and val"
    dataset = make({"a": 20, "b": 20}, groups, splits)
    split = draw_split(dataset, seed=0, repeat=0)
    check_laws(dataset, split)
    assert split.left_out == [0, 1]
    assert split.leak == ""
    test_warning, val_warning = split.warnings
    assert test_warning.startswith("1 image(s) outside the given test part are left out")
    assert "a/0" in test_warning
    assert val_warning.startswith("1 image(s) outside the given val part are left out")


def test_copies_of_test_images_in_no_given_part_are_left_out() -> None:
    dataset = copied(lambda image: image.flip(-1))
    free = Dataset.from_imageset(
        dataset.images, splits=[None if part == "train" else part for part in dataset.splits]
    )
    for seed in range(5):
        split = draw_split(free, per_class=3, seed=seed, repeat=0)
        assert 4 in split.left_out
        assert len(split.warnings) == 1


def test_given_parts_that_lack_a_class() -> None:
    no_test = make({"a": 10, "b": 10}, splits=given(("train", 8), ("test", 2), ("train", 10)))
    assert "class b has no image in the given test part" in refusal(no_test)
    no_train = make({"a": 10, "b": 10}, splits=given(("train", 8), ("test", 12)))
    assert "class b has no image to train on outside the given" in refusal(no_train)
    few = make({"a": 10, "b": 10}, splits=given(("train", 8), ("test", 2)) * 2)
    message = refusal(few, per_class=9)
    assert "2 classes have few training images (a: 8 and b: 8), which are too few with" in message
    assert "use at most 8" in message
