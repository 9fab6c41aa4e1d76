"""What a file is; all that is not used is named by its kind, with a count and three examples."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from neuplug_tests.drawing import Draw
from neuplug_tests.files import pipe
from PIL import Image

import neuplug
from neuplug import InputError
from neuplug.data.layouts import scan

JXL = b"\xff\x0a"


def encoded(kind: str) -> bytes:
    file = BytesIO()
    Image.effect_noise((16, 16), 50).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP", "PPM"])
@pytest.mark.parametrize("ending", ["", ".img", ".jpg_large", ".00017bbc"])
def test_images_without_a_known_ending_are_read(
    class_folders: Path, kind: str, ending: str
) -> None:
    (class_folders / "ant" / f"photo7{ending}").write_bytes(encoded(kind))
    listing = scan(class_folders)
    assert f"ant/photo7{ending}" in {entry.id for entry in listing.entries}
    assert listing.unused == ()
    (remark,) = listing.remarks
    assert remark.startswith("read besides: 1 file(s) (no ending of an image, but its first bytes)")


def test_all_that_is_not_used_is_named(class_folders: Path, draw: Draw) -> None:
    for number in range(5):
        (class_folders / "ant" / f"IMG_{number}.JXL").write_bytes(JXL)
        (class_folders / "cow" / f"raw{number}.nef").write_bytes(b"II*\0")
    (class_folders / "cow" / "no ending").write_bytes(JXL)
    (class_folders / "cow" / "9.png.part").write_bytes(encoded("PNG"))
    for name in (
        "labels.csv",
        "more.zip",
        "x.npy",
        "film.mp4",
        ".DS_Store",
        "notes.txt",
        "BM.txt2",
    ):
        (class_folders / name).write_bytes(b"BM, no bitmap")
    draw(class_folders / "preview.png", seed=1)
    (class_folders / "gone").symlink_to(class_folders / "nowhere")
    listing = scan(class_folders)
    assert len(listing.entries) == 15
    found = {unused.kind: (unused.count, unused.matters) for unused in listing.unused}
    assert found == {
        "pictures of kinds that neuplug does not read": (11, True),
        "images by their first bytes, by their names copies or unfinished": (1, True),
        "images beside the class folders": (1, True),
        "archives, which are not unpacked": (1, True),
        "arrays and databases": (1, True),
        "videos": (1, True),
        "links that lead nowhere": (1, True),
        "tables": (1, False),
        "files of other kinds": (2, False),
        "hidden files": (1, False),
    }
    assert listing.unused[0].examples == ("ant/IMG_0.JXL", "ant/IMG_1.JXL", "ant/IMG_2.JXL")


def test_a_run_is_told_what_matters(class_folders: Path) -> None:
    (class_folders / "ant" / "x.jxl").write_bytes(JXL)
    (class_folders / "notes.txt").touch()
    warnings = neuplug.load_dataset(class_folders).report.warnings()
    assert warnings == (
        "not used: 1 file(s) (pictures of kinds that neuplug does not read): ant/x.jxl.",
    )


def test_a_folder_of_pictures_that_none_can_read(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.jxl").write_bytes(JXL)
    with pytest.raises(InputError, match=r"holds no images .*; it has 4 file\(s\) \(pictures of"):
        scan(tmp_path)


def test_a_table_beside_a_flat_folder_is_said(tmp_path: Path, draw: Draw) -> None:
    for number in range(4):
        draw(tmp_path / "jpg" / f"image_{number}.jpg", number)
    rows = "\n".join(f"image_{number},{'ab'[number % 2]}" for number in range(4))
    (tmp_path / "labels.csv").write_text(f"id,class\n{rows}\n")
    warnings = " ".join(neuplug.load_dataset(tmp_path / "jpg").report.warnings())
    assert "All file names give one class, image (such as image_0.jpg)" in warnings
    said = "may name these images, whose file names are in it: give it as --data"
    assert f"The table {tmp_path / 'labels.csv'} {said}" in warnings


def test_annotations_of_other_programs_are_called_by_their_names(class_folders: Path) -> None:
    for number in range(3):
        voc = "<annotation><filename>1.png</filename></annotation>"
        (class_folders / "ant" / f"{number}.xml").write_text(voc)
    (class_folders / "annotations").mkdir()
    coco = '{"info": {}, "images": [{"id": 1, "file_name": "1.png"}], "annotations": []}'
    (class_folders / "annotations" / "train.json").write_text(coco)
    (class_folders / "settings.json").write_text("{}")
    (class_folders / "feed.xml").write_text("<rss/>")
    assert {str(unused) for unused in scan(class_folders).unused} == {
        "3 file(s) (annotations of Pascal VOC (XML), which are not read): ant/0.xml, ant/1.xml and "
        "ant/2.xml",
        "1 file(s) (annotations of COCO (JSON), which are not read): annotations/train.json",
        "2 file(s) (files of other kinds): feed.xml and settings.json",
    }


def test_pipes_and_devices_are_named_and_never_opened(class_folders: Path, tmp_path: Path) -> None:
    pipe(class_folders / "ant" / "x.png", encoded("PNG"))
    pipe(class_folders / "ant" / "photo", encoded("PNG"))
    (class_folders / "ant" / "null.jpg").symlink_to("/dev/zero")
    (class_folders / "ant" / "1_mask.png").symlink_to(pipe(tmp_path / "mask", encoded("PNG")))
    listing = scan(class_folders, follow=True)
    named = {str(unused) for unused in listing.unused if unused.matters}
    pipes = "2 file(s) (pipes, sockets or devices, which are not read): ant/photo and ant/x.png"
    assert named == {pipes}
    skipped = dict(neuplug.load_dataset(class_folders, follow=True).report.skipped)
    assert skipped == dict.fromkeys(
        ("ant/1_mask.png", "ant/null.jpg"), "no regular file, but a pipe, socket or device"
    )
    with pytest.raises(InputError, match="photo is no regular file, but a pipe, socket or device"):
        scan(class_folders / "ant" / "photo")
