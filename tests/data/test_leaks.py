"""Given splits that have the same things on two of their sides."""

from __future__ import annotations

from neuplug.data.dataset import Dataset
from neuplug.data.splits import draw_split

from .splitting import copied, given, make, per_class, refusal


def leaky() -> Dataset:
    """Groups across all given parts, and one within a part."""
    splits = given(("train", 10), ("val", 5), ("test", 5)) * 2
    groups: list[str | None] = [None] * 40
    groups[0] = groups[15] = "train and test"
    groups[1] = groups[10] = "train and val"
    groups[11] = groups[16] = "val and test"
    groups[2] = groups[3] = "train"
    return make({"a": 20, "b": 20}, groups, splits)


def test_given_parts_that_leak_are_refused() -> None:
    message = refusal(leaky())
    assert message.startswith(
        "the given split leaks: 4 of its 20 test and validation images have a copy or an image "
        "of their group in another part: a/10 (val) and a/1 (train) are of one group, "
        "a/11 (val) and a/16 (test) are of one group, a/15 (test) and a/0 (train) are of one "
        "group and 1 more."
    )
    for way_out in ("Remove the copies", "--resplit", "--allow-leak"):
        assert way_out in message


def test_given_parts_that_leak_are_used_as_they_are_where_that_is_allowed() -> None:
    dataset = leaky()
    for repeat in range(5):
        split = draw_split(dataset, allow_leak=True, seed=0, repeat=repeat)
        for part, indices in (("train", split.train), ("val", split.val), ("test", split.test)):
            assert indices == [
                i for i, given_part in enumerate(dataset.splits) if given_part == part
            ]
        assert split.left_out == []
        assert split.leak.startswith("the given split leaks: 4 of its 20")
        assert split.warnings == [split.leak]
        few = draw_split(dataset, per_class=4, allow_leak=True, seed=0, repeat=repeat)
        assert per_class(dataset, few.train) == {"a": 4, "b": 4}
    clean = make({"a": 10, "b": 10}, splits=given(("train", 5), ("test", 5)) * 2)
    assert draw_split(clean, allow_leak=True, seed=0, repeat=0).leak == ""


def test_copies_across_given_parts_leak() -> None:
    equal = refusal(copied(lambda image: image))
    assert "1 of its 10 test and validation images" in equal
    assert "17.png (test) and 4.png (train) are equal." in equal
    nearly = refusal(copied(lambda image: image.flip(-1) + 20))
    assert "17.png (test) and 4.png (train) are nearly equal." in nearly
