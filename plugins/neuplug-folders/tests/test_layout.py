"""Every layout is recognised, and what cannot be told apart is refused in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.files import numbered, touch

from neuplug import InputError
from neuplug.data.layouts import scan
from neuplug.data.listing import Listing, fingerprint


def found(listing: Listing) -> dict[str, tuple[str, str | None, str | None]]:
    return {e.id: (e.label, e.split, e.group) for e in listing.entries}


def ignored(listing: Listing) -> int:
    return sum(kind.count for kind in listing.unused)


def labels(listing: Listing) -> Counter[str]:
    return Counter(e.label for e in listing.entries)


def test_class_folders(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("b/{}.png"), *numbered("A/{}.jpeg"), "c10/x.TIF", "c2/x.bmp")
    listing = scan(tmp_path)
    assert listing.classes == ("A", "b", "c2", "c10")
    assert labels(listing) == {"A": 3, "b": 3, "c2": 1, "c10": 1}
    assert found(listing)["b/2.png"] == ("b", None, None)
    assert "class folders" in listing.layout
    assert ignored(listing) == 0


def test_natural_order_of_entries(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("b/{}.png", 11), *numbered("a/x{}.png", 11))
    ids = [e.id for e in scan(tmp_path).entries]
    assert ids == [f"a/x{n}.png" for n in range(1, 12)] + [f"b/{n}.png" for n in range(1, 12)]


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [("train", "val", "test"), ("Training", "VALID", "Testing"), ("TRAIN", "validation", "test")],
)
def test_given_splits(tmp_path: Path, train: str, val: str, test: str) -> None:
    for part in (train, val, test):
        touch(tmp_path, *numbered(part + "/x/{}.png"), *numbered(part + "/y/{}.png"))
    listing = scan(tmp_path)
    assert Counter(e.split for e in listing.entries) == {"train": 6, "val": 6, "test": 6}
    assert labels(listing) == {"x": 9, "y": 9}
    assert all(f"{part}/" in listing.layout for part in (train, val, test))


def test_given_split_of_one_class_folder_each(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("train/x/{}.png"), *numbered("test/x/{}.png"))
    assert set(found(scan(tmp_path)).values()) == {("x", "train", None), ("x", "test", None)}


def test_given_splits_that_are_flat(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("train/x_{}.png"), *numbered("train/y_{}.png"))
    touch(tmp_path, "test/x_9.png", "test/y_9.png")
    listing = scan(tmp_path)
    assert found(listing)["test/x_9.png"] == ("x", "test", None)
    assert labels(listing) == {"x": 4, "y": 4}


def test_class_folders_divided_in_splits(tmp_path: Path) -> None:
    for name in ("x", "y"):
        touch(tmp_path, *numbered(name + "/train/{}.png"), *numbered(name + "/test/{}.png"))
    listing = scan(tmp_path)
    assert found(listing)["x/train/1.png"] == ("x", "train", None)
    assert found(listing)["y/test/3.png"] == ("y", "test", None)


def test_neu_det_with_annotations_beside_images(tmp_path: Path) -> None:
    for part in ("train", "validation"):
        for name in ("crazing", "patches"):
            touch(tmp_path, *numbered(f"{part}/images/{name}/{name}_{{}}.jpg"))
            touch(tmp_path, *numbered(f"{part}/annotations/{name}_{{}}.xml"))
    listing = scan(tmp_path)
    assert labels(listing) == {"crazing": 6, "patches": 6}
    assert Counter(e.split for e in listing.entries) == {"train": 6, "val": 6}
    assert found(listing)["train/images/crazing/crazing_1.jpg"] == ("crazing", "train", None)
    assert ignored(listing) == 12


@pytest.mark.parametrize("inside", ["{0}_{{}}.jpg", "{0}/{{}}.jpg"])
def test_images_beside_annotations(tmp_path: Path, inside: str) -> None:
    for name in ("crazing", "rolled-in_scale"):
        touch(tmp_path / "IMAGES", *numbered(inside.format(name)))
        touch(tmp_path / "ANNOTATIONS", *numbered(f"{name}_{{}}.xml"))
    listing = scan(tmp_path)
    assert labels(listing) == {"crazing": 3, "rolled-in_scale": 3}
    assert listing.layout.startswith("IMAGES/ beside ANNOTATIONS/: ")
    assert listing.entries[0].id.startswith("IMAGES/")
    assert ignored(listing) == 6


def test_images_beside_masks_that_are_images(tmp_path: Path) -> None:
    for name in ("covid", "normal"):
        touch(tmp_path, *numbered(name + "/images/{}.png"), *numbered(name + "/masks/{}.png"))
    listing = scan(tmp_path)
    assert found(listing)["covid/images/1.png"] == ("covid", None, None)
    assert labels(listing) == {"covid": 3, "normal": 3}
    assert ignored(listing) == 6
    assert [(kind.kind, kind.matters) for kind in listing.unused] == [
        ("images in folders of annotations", True)
    ]


def test_classes_called_like_annotations(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("mask/{}.png"), *numbered("no_mask/{}.png"))
    assert labels(scan(tmp_path)) == {"mask": 3, "no_mask": 3}


def test_images_folder_around_splits(tmp_path: Path) -> None:
    for part in ("train", "test"):
        touch(
            tmp_path, *numbered(f"images/{part}/x/{{}}.png"), *numbered(f"labels/{part}/{{}}.txt")
        )
    assert set(found(scan(tmp_path)).values()) == {("x", "train", None), ("x", "test", None)}


@pytest.mark.parametrize(
    ("names", "label"),
    [
        (numbered("crazing_{}.jpg"), "crazing"),
        (numbered("Cr_{}.bmp"), "Cr"),
        (numbered("rolled-in_scale_{}.jpg"), "rolled-in_scale"),
        (numbered("cat.{}.jpg"), "cat"),
        (numbered("good part ({}).png"), "good part"),
        (numbered("type1-00{}.png"), "type1"),
        (numbered("scratch{}.tiff"), "scratch"),
    ],
)
def test_class_in_the_file_name(tmp_path: Path, names: list[str], label: str) -> None:
    touch(tmp_path, *names, *numbered("other_{}.jpg"))
    listing = scan(tmp_path)
    assert labels(listing) == {label: 3, "other": 3}
    assert "flat folder" in listing.layout


def test_wrapping_folders_are_descended(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("NEU/NEU-CLS/Cr_{}.bmp"), *numbered("NEU/NEU-CLS/Sc_{}.bmp"))
    listing = scan(tmp_path)
    assert labels(listing) == {"Cr": 3, "Sc": 3}
    assert listing.entries[0].id == "NEU/NEU-CLS/Cr_1.bmp"
    assert listing.layout.startswith("NEU/: NEU-CLS/: a flat folder")


def test_object_folders_are_groups(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("cow/cow1/{}.png"), *numbered("cow/cow2/deep/{}.png"), "cow/lone.png")
    touch(tmp_path, *numbered("horse/horse1/{}.png"))
    listing = scan(tmp_path)
    assert found(listing)["cow/cow1/1.png"] == ("cow", None, "cow/cow1")
    assert found(listing)["cow/cow2/deep/1.png"] == ("cow", None, "cow/cow2")
    assert found(listing)["cow/lone.png"] == ("cow", None, None)
    assert found(listing)["horse/horse1/2.png"] == ("horse", None, "horse/horse1")
    assert "group" in listing.layout


def test_the_same_object_in_two_splits_is_the_same_group(tmp_path: Path) -> None:
    for part in ("train", "test"):
        touch(tmp_path, *numbered(part + "/cow/cow1/{}.png"), *numbered(part + "/horse/h1/{}.png"))
    assert {e.group for e in scan(tmp_path).entries} == {"cow/cow1", "horse/h1"}


def test_a_vehicle_class_called_train(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("train/{}.png"), *numbered("bus/{}.png"), *numbered("car/{}.png"))
    listing = scan(tmp_path)
    assert listing.classes == ("bus", "car", "train")
    assert {e.split for e in listing.entries} == {None}


def test_a_lone_class_folder(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("crazing/crazing_{}.png"))
    assert scan(tmp_path).classes == ("crazing",)
    assert scan(tmp_path / "crazing").classes == ("crazing",)


def test_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png"), *numbered("b/{}.png"))
    touch(tmp_path, "a/.hidden.png", "a/Thumbs.db", "a/1.xml", "README.md", ".DS_Store")
    touch(tmp_path, "__MACOSX/a/._1.png", ".git/x.png", "a/.cache/y.png")
    listing = scan(tmp_path)
    assert labels(listing) == {"a": 3, "b": 3}
    assert ignored(listing) == 8


def test_a_stray_picture_beside_folders(tmp_path: Path) -> None:
    touch(tmp_path, "preview.png", *numbered("images/a/{}.png"), *numbered("images/b/{}.png"))
    listing = scan(tmp_path)
    assert labels(listing) == {"a": 3, "b": 3}
    assert ignored(listing) == 1
    assert str(listing.unused[0]) == "1 file(s) (images beside the class folders): preview.png"
    touch(
        tmp_path / "splits", "preview.png", *numbered("train/a/{}.png"), *numbered("test/a/{}.png")
    )
    assert {e.split for e in scan(tmp_path / "splits").entries} == {"train", "test"}


def test_folders_without_images_are_told_from_empty_ones(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png"), *numbered("b/{}.png"), "notes/x.txt")
    (tmp_path / "c").mkdir()
    (tmp_path / "annotations").mkdir()
    listing = scan(tmp_path)
    assert listing.empty == ("c",)
    assert "no images in notes/" in listing.layout


def test_a_class_that_is_empty_in_one_split_only(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("train/a/{}.png"), *numbered("train/b/{}.png"), "test/a/1.png")
    (tmp_path / "test" / "b").mkdir()
    assert scan(tmp_path).empty == ()


def test_accents_composed_or_not_are_one_class(tmp_path: Path) -> None:
    name = "fissuré"
    touch(tmp_path, *numbered("train/" + unicodedata.normalize("NFC", name) + "/{}.png"))
    touch(tmp_path, *numbered("test/" + unicodedata.normalize("NFD", name) + "/{}.png"))
    assert labels(scan(tmp_path)) == {unicodedata.normalize("NFC", name): 6}


def test_links_are_followed_but_not_round_in_circles(tmp_path: Path) -> None:
    touch(tmp_path / "real", *numbered("a/{}.png"))
    touch(tmp_path / "set", *numbered("b/{}.png"))
    (tmp_path / "set" / "a").symlink_to(tmp_path / "real" / "a")
    (tmp_path / "set" / "b" / "loop").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "b" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    listing = scan(tmp_path / "set", follow=True)
    assert labels(listing) == {"a": 3, "b": 4}  # the dangling link will be named as unreadable
    assert len(fingerprint(listing)) == 64


def test_scanning_opens_nothing_and_loads_nothing_heavy(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png"))
    code = (
        "import sys; from pathlib import Path; from neuplug.data.layouts import scan;"
        "from neuplug.data.listing import fingerprint;"
        f"fingerprint(scan(Path({str(tmp_path)!r})));"
        "sys.exit(bool({'torch', 'numpy', 'PIL', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# What is refused --------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        scan(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "NEU-DET").mkdir()
    assert "there is no file or folder" in refusal(tmp_path / "nothing")
    assert "Did you mean NEU-DET?" in refusal(tmp_path / "NEU-DTE")
    assert "there is no file or folder" in refusal(tmp_path / "no" / "where")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith("holds no images (PNG, JPEG, BMP, TIFF, WebP, GIF, PNM).")
    touch(tmp_path, "a/x.txt", "b/y.npy")
    assert refusal(tmp_path).endswith(
        "it has 1 file(s) (arrays and databases): b/y.npy and 1 file(s) (files of other kinds): "
        "a/x.txt."
    )


def test_a_file_that_is_no_manifest(tmp_path: Path) -> None:
    touch(tmp_path, "x.png", "x.zip")
    assert "a file: give a folder" in refusal(tmp_path / "x.png")
    assert "an archive: unpack it" in refusal(tmp_path / "x.zip")


def test_a_flat_folder_without_classes_in_its_names(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("{}.png"), "crazing_1.png")
    assert "3 of its 4 file names tell no class, such as 1.png" in refusal(tmp_path)


def test_a_flat_folder_whose_names_make_no_sense(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{letter}_crop_2.jpg" for letter in "abcdefgh"))
    assert "its file names give 8 classes for 8 images" in refusal(tmp_path)


def test_a_flat_folder_with_folders_in_it(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a_{}.png"), *numbered("b_{}.png"), "backup/x.png")
    assert "6 images and, beside them, 1 in folders (backup)" in refusal(tmp_path)


def test_splits_beside_something_else(tmp_path: Path) -> None:
    for part in ("train", "test", "extra"):
        touch(tmp_path, *numbered(part + "/x/{}.png"))
    assert "test and train and, beside them, images in extra" in refusal(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is out of reach for root")
def test_a_folder_out_of_reach(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png"))
    (tmp_path / "a").chmod(0)
    try:
        assert "Permission denied" in refusal(tmp_path)
    finally:
        (tmp_path / "a").chmod(0o700)


def test_one_class_in_two_spellings_of_an_accent(tmp_path: Path, draw: Any) -> None:
    """macOS decomposes names that other systems compose."""
    composed, decomposed = "br\u00fbl\u00e9", "bru\u0302le\u0301"
    for number, name in enumerate((composed, decomposed, "plain")):
        draw(tmp_path / name / f"{number}.png", seed=number)
    listing = scan(tmp_path)
    assert listing.classes == (composed, "plain")
    assert [entry.label for entry in listing.entries].count(composed) == 2


def test_ball_screw_has_no_classes_in_its_names(shared_data: Path) -> None:
    with pytest.raises(InputError, match="file names give 258 classes for 260 images"):
        scan(shared_data / "ball-screw")
