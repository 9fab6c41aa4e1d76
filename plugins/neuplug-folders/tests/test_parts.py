"""Parts of a split are told by any of the names that people give them, and never become classes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from neuplug_tests.files import numbered, touch

from neuplug import InputError
from neuplug.data.layouts import scan


def parts(root: Path) -> dict[tuple[str | None, str], int]:
    return dict(Counter((entry.split, entry.label) for entry in scan(root).entries))


@pytest.mark.parametrize(
    ("train", "other", "part"),
    [
        ("training_set", "test_set", "test"),
        ("seg_train", "seg_test", "test"),
        ("train2017", "val2017", "val"),
        ("TrainingData", "TestingData", "test"),
        ("train_images", "valid_images", "val"),
        ("images-train", "images-dev", "val"),
        ("steel_trainset", "steel_testset", "test"),
        ("training", "evaluation", "test"),
        ("1_train", "2_holdout", "test"),
    ],
)
def test_names_of_parts(tmp_path: Path, train: str, other: str, part: str) -> None:
    for name in ("cat", "dog"):
        touch(tmp_path, *numbered(f"{train}/{name}/{{}}.png", 4))
        touch(tmp_path, *numbered(f"{other}/{name}/{{}}.png", 2))
    expected = {("train", "cat"): 4, ("train", "dog"): 4, (part, "cat"): 2, (part, "dog"): 2}
    assert parts(tmp_path) == expected
    assert f"({part})" in scan(tmp_path).layout or f"{part}/" in scan(tmp_path).layout


def test_an_evaluation_beside_a_test_is_the_validation(tmp_path: Path) -> None:
    for part in ("train", "eval", "test"):
        touch(tmp_path, *numbered(f"{part}/cat/{{}}.png"), *numbered(f"{part}/dog/{{}}.png"))
    assert {split for split, _ in parts(tmp_path)} == {"train", "val", "test"}


def test_doubled_folders(tmp_path: Path) -> None:
    for part in ("training_set", "test_set"):
        for name in ("cats", "dogs"):
            touch(tmp_path, *numbered(f"{part}/{part}/{name}/{{}}.png"))
    assert {name for _, name in parts(tmp_path)} == {"cats", "dogs"}
    assert {split for split, _ in parts(tmp_path)} == {"train", "test"}


@pytest.mark.parametrize("test", ["test1", "seg_pred", "single_prediction", "unlabeled"])
@pytest.mark.parametrize("train", ["train/{}/{{}}.png", "train/{}.{{}}.png"])
def test_images_without_classes_are_left_out_and_said(
    tmp_path: Path, train: str, test: str
) -> None:
    for name in ("cat", "dog"):
        touch(tmp_path, *numbered(train.format(name)))
    touch(tmp_path, *numbered(f"{test}/{{}}.png", 7))
    listing = scan(tmp_path)
    assert parts(tmp_path) == {(None, "cat"): 3, (None, "dog"): 3}
    (unused,) = listing.unused
    assert (unused.kind, unused.count) == (f"images without classes in {test}/", 7)
    assert unused.matters and unused.examples[0] == f"{test}/1.png"


@pytest.mark.parametrize("labelled", ["labeled", "Labelled_images", "annotated"])
@pytest.mark.parametrize("flat", ["unlabeled/{}.png", "Unlabelled/images/{}.png"])
def test_a_labelled_folder_beside_one_without_labels(
    tmp_path: Path, labelled: str, flat: str
) -> None:
    touch(tmp_path, *numbered(f"{labelled}/cat/{{}}.png"), *numbered(f"{labelled}/dog/{{}}.png"))
    touch(tmp_path, *numbered(flat, 7))
    assert parts(tmp_path) == {(None, "cat"): 3, (None, "dog"): 3}
    (unused,) = scan(tmp_path).unused
    where = flat.partition("/")[0]
    assert (unused.kind, unused.count) == (f"images without classes in {where}/", 7)


def test_bottles_with_and_without_a_label_are_classes(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("labeled/{}.png"), *numbered("unlabeled/{}.png"))
    assert parts(tmp_path) == {(None, "labeled"): 3, (None, "unlabeled"): 3}


def test_a_gallery_is_a_class_beside_others(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("gallery/{}.png"), *numbered("museum/{}.png"))
    assert {name for _, name in parts(tmp_path)} == {"gallery", "museum"}


def test_a_flat_test_part_whose_names_tell_known_classes_is_used(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("train/cat/{}.png"), *numbered("train/dog/{}.png"))
    touch(tmp_path, *numbered("test/cat_{}.png"), *numbered("test/dog_{}.png"))
    assert parts(tmp_path)["test", "dog"] == 3
    assert scan(tmp_path).unused == ()


def test_a_second_copy_of_the_set_is_left_out(tmp_path: Path) -> None:
    for root in ("", "chest/"):
        for part in ("train", "test"):
            touch(tmp_path, *numbered(f"{root}{part}/ill/{{}}.png"), f"{root}{part}/well/1.png")
    assert parts(tmp_path)["train", "ill"] == 3
    (unused,) = scan(tmp_path).unused
    assert (unused.kind, unused.count) == ("images of a second copy of the set in chest/", 8)


def test_vehicles_stay_classes(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("train/{}.png"), *numbered("test_car/{}.png"), "bus/1.png")
    touch(tmp_path / "b", *numbered("steam train/{}.png"), *numbered("test track/{}.png"))
    assert {name for _, name in parts(tmp_path / "b")} == {"steam train", "test track"}
    (tmp_path / "b").rename(tmp_path.with_name("away"))
    assert {name for _, name in parts(tmp_path)} == {"train", "test_car", "bus"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["train/x/1.png", "test/x/1.png", "more/x/1.png"], "beside them, images in more"),
        (["train1/x/1.png", "train2/x/1.png"], "all train: give one of them, or rename"),
        (["fold1/x/1.png", "fold1/y/1.png", "fold2/x/1.png", "fold2/y/1.png"], "give one of them"),
        (["cat/train/1.png", "cat/test/1.png", "dog/1.png"], "divide all of them or none"),
        (["a_train/1.png", "a_test/1.png", "b_train/1.png", "b_test/1.png"], "by a class and a pa"),
        (["train/x/1.png", "gallery/x/1.png", "query/x/1.png"], "which look like parts of a split"),
        (["entrenamiento/x/1.png", "prueba/x/1.png"], "which look like parts of a split: give one"),
        (["Entraînement/x/1.png", "test/x/1.png"], "rename them to train, val and test"),
        (["train/1.png", "test/2.png"], "1 of its 1 file names tell no class"),
    ],
)
def test_what_cannot_be_told_is_asked(tmp_path: Path, names: list[str], said: str) -> None:
    touch(tmp_path, *names)
    with pytest.raises(InputError, match=said):
        scan(tmp_path)


def test_two_levels_that_could_be_classes_are_said(tmp_path: Path) -> None:
    for name in ("day/cat", "day/dog", "night/cat", "night/dog"):
        touch(tmp_path, *numbered(f"{name}/{{}}.png"))
    (caution,) = scan(tmp_path).cautions
    assert caution.startswith("day and night are taken for classes, and each has the folders cat")
