"""``neuplug data crop``: class folders from images and labelme polygons."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib.path
import numpy as np
import pytest
import tifffile
from matplotlib.transforms import Bbox
from neuplug_tests.files import pipe
from PIL import Image

from neuplug import InputError
from neuplug.cli import build
from neuplug.data.dataset import Dataset, load_dataset
from neuplug.data.layouts import scan
from neuplug.data.splits import draw_split
from neuplug.errors import NeuplugError
from neuplug_labelme.annotation import Region
from neuplug_labelme.crops import CropOptions, CropReport, crop_failures
from neuplug_labelme.cutting import draw_squares, failure_squares

Draw = Callable[..., Path]
Points = Sequence[tuple[float, float]]

SIDE = 16


def box(left: float, top: float, right: float, bottom: float) -> Points:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


class Annotated:
    """A folder of images and one of annotations, filled by a test."""

    def __init__(self, root: Path, draw: Draw) -> None:
        self.images, self.labelme, self.out = root / "images", root / "labelme", root / "out"
        self.draw, self.number = draw, 0
        self.labelme.mkdir(parents=True)

    def image(self, name: str, size: tuple[int, int] = (80, 120), mode: str = "L") -> Path:
        self.number += 1
        return self.draw(self.images / name, seed=self.number, size=size, mode=mode)

    def annotation(self, name: str, *shapes: tuple[str, Points], **more: Any) -> Path:
        path = self.labelme / name
        path.parent.mkdir(parents=True, exist_ok=True)
        items = [
            {"label": label, "points": points, "shape_type": "polygon"} for label, points in shapes
        ]
        path.write_text(json.dumps({"shapes": items, "imagePath": "C:\\old\\x.jpg", **more}))
        return path

    def add(
        self, stem: str, *shapes: tuple[str, Points], size: tuple[int, int] = (80, 120)
    ) -> None:
        self.image(f"{stem}.png", size)
        self.annotation(f"{stem}.json", *shapes)

    def crop(self, **options: Any) -> CropReport:
        chosen = CropOptions(**{"size": SIDE, **options})
        return crop_failures(self.images, self.labelme, self.out, chosen)

    def rows(self) -> list[dict[str, str]]:
        with (self.out / "crops.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture
def annotated(tmp_path: Path, draw: Draw) -> Annotated:
    return Annotated(tmp_path, draw)


@pytest.fixture
def several(annotated: Annotated) -> Annotated:
    """Six images with failures of two labels and one without any."""
    rng = random.Random(0)
    for number in range(6):
        x, y = rng.uniform(20, 80), rng.uniform(20, 50)
        annotated.add(
            f"part_{number}",
            ("Pitting", [(x, y), (x + 9, y + 3), (x + 4, y + 11)]),
            ("Rust", box(5, 5, 8 + 4 * number, 9)),
        )
    annotated.add("part_6")
    return annotated


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def square(row: dict[str, str]) -> tuple[int, int, int]:
    return int(row["y"]), int(row["x"]), int(row["side"])


def touches(points: Points, row: dict[str, str], margin: float = 0) -> bool:
    """Whether a crop meets a polygon, by geometry rather than by pixels."""
    top, left, side = square(row)
    area = Bbox([[left - margin, top - margin], [left + side + margin, top + side + margin]])
    return matplotlib.path.Path([*points, points[0]], closed=True).intersects_bbox(area)


def overlap(first: dict[str, str], second: dict[str, str]) -> bool:
    (y, x, side), (v, u, _) = square(first), square(second)
    return abs(y - v) < side and abs(x - u) < side


# Failures -------------------------------------------------------------------------------------


def test_a_small_failure_is_in_the_middle_of_its_crop(annotated: Annotated) -> None:
    annotated.add("a", ("Pitting", box(50, 30, 55, 33)))
    annotated.crop(intact=0)
    (row,) = annotated.rows()
    assert square(row) == (24, 45, SIDE)
    assert (row["shape"], row["part"], row["parts"], row["mixed"]) == ("1", "1", "1", "0")
    with Image.open(annotated.images / "a.png") as image:
        expected = np.asarray(image)[24:40, 45:61]
    with Image.open(annotated.out / row["path"]) as crop:
        np.testing.assert_array_equal(np.asarray(crop), expected)


def test_a_long_failure_is_cut_into_adjacent_parts_along_its_extent(annotated: Annotated) -> None:
    annotated.add("flat", ("Pitting", box(20, 30, 63, 33)))  # 44 pixels: three parts
    annotated.add("high", ("Pitting", box(30, 20, 33, 63)))
    report = annotated.crop(intact=0)
    flat, high = annotated.rows()[:3], annotated.rows()[3:]
    assert [square(row) for row in flat] == [(24, x, SIDE) for x in (18, 34, 50)]
    assert [square(row) for row in high] == [(y, 24, SIDE) for y in (18, 34, 50)]
    assert [(row["part"], row["parts"]) for row in flat] == [("1", "3"), ("2", "3"), ("3", "3")]
    assert (report.failures, report.divided, report.counts) == (2, 2, {"pitting": 6})


def test_parts_follow_a_slanting_failure(annotated: Annotated) -> None:
    annotated.add("a", ("Pitting", [(10, 10), (70, 55), (70, 58), (10, 13)]))
    annotated.crop(intact=0, min_part=0)
    rows = annotated.rows()
    assert len(rows) == 4
    tops = [int(row["y"]) for row in rows]
    assert tops == sorted(tops)
    assert tops[-1] - tops[0] > 30


def test_crops_at_the_border_are_moved_inside(annotated: Annotated) -> None:
    annotated.add("a", ("Pitting", box(0, 0, 3, 3)), ("Pitting", box(116, 76, 140, 99)))
    annotated.add("b", ("Pitting", box(0, 30, 119, 40)), size=(80, 120))
    annotated.crop(intact=0)
    rows = annotated.rows()
    assert [square(row) for row in rows[:2]] == [(0, 0, SIDE), (64, 104, SIDE)]
    starts = [int(row["x"]) for row in rows[2:]]
    assert (starts[0], starts[-1], len(starts)) == (0, 104, 8)  # 8 * 16 = 128 pixels do not fit


def test_parts_cover_random_failures() -> None:
    """All but an eighth across, whatever the shape; and every square lies in the image."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        size = tuple(int(n) for n in rng.integers(SIDE, 90, 2))
        height, width = (int(rng.integers(1, n + 1)) for n in size)
        mask = rng.random((height, width)) < rng.choice([0.05, 0.5, 1])
        mask[[0, -1], rng.integers(0, width, 2)] = True
        mask[rng.integers(0, height, 2), [0, -1]] = True
        top, left = int(rng.integers(size[0] - height + 1)), int(rng.integers(size[1] - width + 1))
        squares, left_out = failure_squares(Region(top, left, mask), SIDE, size, 0)
        covered = np.zeros(size, bool)
        for y, x in squares:
            assert 0 <= y <= size[0] - SIDE
            assert 0 <= x <= size[1] - SIDE
            covered[y : y + SIDE, x : x + SIDE] = True
        lost = mask & ~covered[top : top + height, left : left + width]
        along = 0 if height > width else 1
        reach = covered[top : top + height, left : left + width].any(axis=1 - along)
        assert reach[mask.any(axis=1 - along)].all()
        beyond = lost.sum(axis=1 - along)
        assert beyond.max() <= SIDE // 8
        assert left_out == 0 or lost.sum() == 0
        assert len(set(squares)) == len(squares)


def test_parts_with_too_little_failure_are_left_out(annotated: Annotated) -> None:
    lobes = [(10, 10), (24, 10), (24, 16), (50, 16), (50, 17), (24, 17), (24, 24), (10, 24)]
    annotated.add("a", ("Pitting", lobes))
    assert annotated.crop(intact=0, min_part=0).counts == {"pitting": 3}
    report = annotated.crop(intact=0, min_part=0.3)
    assert (report.counts, report.slivers) == ({"pitting": 1}, 2)
    assert annotated.crop(intact=0, min_part=1).counts == {"pitting": 1}  # one always stays


def test_a_u_shaped_failure_leaves_no_crop_without_failure(annotated: Annotated) -> None:
    ring = [(20, 10), (90, 10), (90, 70), (86, 70), (86, 14), (24, 14), (24, 70), (20, 70)]
    annotated.add("a", ("Pitting", ring))
    annotated.crop(intact=0, min_part=0)
    rows = annotated.rows()
    assert len(rows) > 6
    assert all(touches(ring, row) for row in rows)


def test_side_and_size_differ_without_squeezing(annotated: Annotated) -> None:
    annotated.add("a", ("Pitting", box(40, 30, 60, 36)))
    report = annotated.crop(size=12, side=32, intact=2)
    assert (report.size, report.side) == (12, 32)
    for row in annotated.rows():
        assert row["side"] == "32"
        with Image.open(annotated.out / row["path"]) as crop:
            assert crop.size == (12, 12)


def test_labels_become_classes_in_lower_case(annotated: Annotated) -> None:
    annotated.add("a", ("Pitting", box(5, 5, 9, 9)), ("pitting ", box(50, 50, 55, 55)))
    annotated.add("b", ("a/b: ?", box(5, 5, 9, 9)), ("..", box(50, 50, 55, 55)))
    report = annotated.crop(intact=0)
    assert report.counts == {"a_b_ _": 1, "pitting": 2}
    ((where, why),) = report.bad_shapes
    assert where == "b.json, shape 2"
    assert why == "no folder can be called '..', its label"


def test_chosen_labels(several: Annotated) -> None:
    report = several.crop(labels=["PITTING"])
    assert set(report.counts) == {"intact", "pitting"}
    for row in several.rows():
        if row["label"] == "intact" and row["image"] != "part_6.png":
            number = int(row["image"][5])
            assert not touches(box(5, 5, 8 + 4 * number, 9), row)
    with pytest.raises(
        InputError, match=r"label 'Rusty'. Did you mean Rust\? It has Pitting and R"
    ):
        several.crop(labels=["Rusty"])


def test_the_same_square_is_cut_once_and_mixed_ones_are_named(annotated: Annotated) -> None:
    pit, near = box(50, 30, 55, 33), box(58, 34, 59, 35)
    annotated.add(
        "a", ("Pitting", pit), ("Pitting", pit), ("Rust", near), ("Rust", box(5, 5, 9, 9))
    )
    report = annotated.crop(intact=0)
    assert report.repeated == 1
    assert report.counts == {"pitting": 1, "rust": 2}
    marked = [(row["label"], row["shape"]) for row in annotated.rows() if row["mixed"] == "1"]
    assert marked == [("pitting", "1"), ("rust", "3")]
    assert len(report.mixed) == 2


# Intact ---------------------------------------------------------------------------------------


def test_intact_crops_touch_no_failure_and_not_each_other(annotated: Annotated) -> None:
    rng = random.Random(1)
    shapes: dict[str, list[Points]] = {}
    for number in range(8):
        corners = [
            [(x + rng.uniform(-14, 14), y + rng.uniform(-14, 14)) for _ in range(7)]
            for x, y in ((30, 30), (90, 50))
        ]  # they cross themselves
        shapes[f"{number}.png"] = corners
        annotated.add(str(number), ("Pitting", corners[0]), ("Rust", corners[1]))
    for margin in (1, 5):
        report = annotated.crop(intact=10_000, margin=margin, inset=0)
        rows = [row for row in annotated.rows() if row["label"] == "intact"]
        assert report.counts["intact"] == len(rows) == report.intact > 40
        assert report.missing_intact == 10_000 - len(rows)
        for row in rows:
            assert not any(touches(p, row, margin - 1) for p in shapes[row["image"]])
        for name in shapes:
            own = [row for row in rows if row["image"] == name]
            assert not any(overlap(a, b) for i, a in enumerate(own) for b in own[:i])


def test_no_intact_crop_lies_in_a_ring_of_failure(annotated: Annotated) -> None:
    outer, inner = box(20, 5, 99, 75), box(24, 9, 95, 71)
    annotated.add("a", ("Pitting", [*outer, outer[0], *reversed([*inner, inner[0]])]))
    assert annotated.crop(intact=50, inset=0, margin=0, size=8).missing_intact > 0
    for row in annotated.rows():
        assert row["label"] == "pitting" or not touches(outer, row)


def test_intact_crops_are_spread_evenly(several: Annotated) -> None:
    for wanted in (3, 7, 17, 40):
        report = several.crop(intact=wanted)
        assert report.intact == wanted
        rows = [row["image"] for row in several.rows() if row["label"] == "intact"]
        numbers = [rows.count(f"part_{n}.png") for n in range(7)]
        assert max(numbers) - min(numbers) <= 1


def test_where_there_is_no_room_others_give_more(several: Annotated) -> None:
    several.add("full", ("Pitting", box(0, 0, 119, 79)))
    several.add("small", ("Pitting", box(0, 0, 1, 1)), size=(17, 50))
    report = several.crop(intact=50)
    rows = [row["image"] for row in several.rows() if row["label"] == "intact"]
    numbers = {name: rows.count(name) for name in set(rows)}
    assert report.intact == sum(numbers.values()) == 50
    assert "full.png" not in numbers
    few = numbers.pop("small.png")
    assert 1 <= few <= 2
    assert max(numbers.values()) - min(numbers.values()) <= 1


def test_auto_is_three_for_each_failure_crop(several: Annotated) -> None:
    report = several.crop()
    assert report.intact == 3 * (report.counts["pitting"] + report.counts["rust"])


def test_blank_areas_are_not_intact(annotated: Annotated) -> None:
    path = annotated.image("a.png", (60, 200))
    with Image.open(path) as image:
        pixels = np.asarray(image).copy()
    pixels[:, 50:] = 0  # a black border
    Image.fromarray(pixels).save(path)
    annotated.annotation("a.json", ("Pitting", box(2, 2, 4, 4)))
    annotated.crop(intact=30, inset=0)
    intact = [row for row in annotated.rows() if row["label"] == "intact"]
    assert intact
    assert all(int(row["x"]) < 50 for row in intact)
    report = annotated.crop(intact=30, inset=0, min_contrast=0)
    assert any(int(r["x"]) >= 50 for r in annotated.rows() if r["label"] == "intact")
    assert report.intact > len(intact)


def test_inset_keeps_the_border_free(annotated: Annotated) -> None:
    annotated.add("a", ("Pitting", box(60, 40, 62, 42)), size=(116, 216))
    annotated.crop(intact=20, inset=0.25)
    for row in annotated.rows():
        assert row["label"] == "pitting" or 25 <= int(row["y"]) <= 75
        assert row["label"] == "pitting" or 50 <= int(row["x"]) <= 150
    annotated.add("tight", size=(16, 16))  # its only place remains
    annotated.crop(intact=2, inset=0.49)
    assert any(row["image"] == "tight.png" for row in annotated.rows())


def test_more_squares_begin_with_the_fewer() -> None:
    places = np.ones((60, 70), bool)
    many = draw_squares(places, SIDE, 100, random.Random(3))
    assert draw_squares(places, SIDE, 4, random.Random(3)) == many[:4]
    assert 4 < len(many) < 100
    assert places.all()


# What cannot be used --------------------------------------------------------------------------


def test_bad_shapes_are_named_and_their_images_give_no_intact_crops(several: Annotated) -> None:
    several.add("two", ("Pitting", [(1, 1), (5, 5)]), ("Pitting", box(50, 30, 55, 33)))
    several.add("nan", ("Pitting", [(1, 1), (float("nan"), 5), (9, 1)]))
    several.add("outside", ("Pitting", box(200, 100, 220, 120)))
    report = several.crop(intact=30)
    assert dict(report.bad_shapes) == {
        "nan.json, shape 1": "a coordinate is not a number (NaN or infinite)",
        "outside.json, shape 1": "it lies outside the image",
        "two.json, shape 1": "it has 2 point(s), an area needs 3",
    }
    assert report.no_intact == ("nan.png", "outside.png", "two.png")
    labels = {(row["image"], row["label"]) for row in several.rows()}
    assert ("two.png", "pitting") in labels
    assert not {(name, "intact") for name in report.no_intact} & labels


def test_files_that_cannot_be_used_are_named_counted_and_skipped(several: Annotated) -> None:
    several.image("empty.png")
    (several.labelme / "empty.json").touch()
    several.image("broken.png")
    (several.labelme / "broken.json").write_text('{"shapes": [')
    several.image("coco.png")
    (several.labelme / "coco.json").write_text('{"annotations": []}')
    several.image("alone.png")
    several.annotation("orphan.json", ("Pitting", box(5, 5, 9, 9)))
    several.image("turned.png", (80, 120))
    several.annotation("turned.json", imageHeight=120, imageWidth=80)
    several.add("tiny", ("Pitting", box(1, 1, 5, 5)), size=(15, 200))
    (several.images / "fake.jpg").write_text("no picture")
    several.annotation("fake.json", ("Pitting", box(5, 5, 9, 9)))
    cut = (several.images / "part_0.png").read_bytes()
    (several.images / "cut.png").write_bytes(cut[: len(cut) // 2])
    several.annotation("cut.json", ("Pitting", box(5, 5, 9, 9)))
    report = several.crop()
    skipped = dict(report.skipped)
    assert "truncated" in skipped.pop("cut.png")
    assert skipped.pop("fake.jpg").startswith("not a PNG")
    assert skipped.pop("broken.png").startswith("its annotation is broken JSON")
    assert skipped == {
        "alone.png": "it has no annotation",
        "coco.png": "its annotation is not a labelme annotation: it has no list 'shapes'",
        "empty.png": "its annotation is an empty file",
        "orphan.json": "there is no image of its name",
        "tiny.png": "its 15x200 pixels (HxW) are too few for a square of 16",
        "turned.png": "it has 80x120 pixels (HxW), its annotation is about 120x80",
    }
    assert report.images == 7


def test_all_values_that_make_no_sense_are_told(annotated: Annotated) -> None:
    with pytest.raises(InputError) as caught:
        annotated.crop(size=0, intact="x", margin=-3, group_by="(")
    said = str(caught.value).split("\n")
    assert [line.partition(" =")[0] for line in said] == ["size", "margin", "intact", "group_by"]


def test_annotations_of_other_kinds_are_called_by_their_names(several: Annotated) -> None:
    coco = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1}]}
    (several.labelme / "instances.json").write_text(json.dumps(coco))
    assert dict(several.crop().skipped)["instances.json"].startswith("it is of COCO, with all")
    for path in several.labelme.iterdir():
        path.unlink()
    (several.labelme / "a.xml").write_text(
        "<?xml version='1.0'?><annotation><object/></annotation>"
    )
    with pytest.raises(InputError, match=r"Its 1 XML file\(s\) are of Pascal VOC, which is not"):
        several.crop()


def test_pipes_are_named_and_never_opened(several: Annotated) -> None:
    several.image("piped.png")
    pipe(several.labelme / "piped.json", b'{"shapes": []}')
    pipe(several.images / "a.png", b"x")
    pipe(several.out / "crops.csv", b"path\n")
    with pytest.raises(InputError, match="holds something else, such as crops"):
        several.crop()
    shutil.rmtree(several.out)
    skipped = dict(several.crop(unlabelled_intact=True).skipped)
    assert skipped["piped.png"] == "its annotation is no regular file, but a pipe, socket or device"
    assert skipped["a.png"] == "no regular file, but a pipe, socket or device"


def test_images_without_annotation_can_be_taken_for_intact(several: Annotated) -> None:
    several.image("alone.png")
    report = several.crop(unlabelled_intact=True, intact=24)
    assert report.skipped == ()
    assert {r["label"] for r in several.rows() if r["image"] == "alone.png"} == {"intact"}


def test_files_belong_together_by_name(annotated: Annotated) -> None:
    pit = ("Pitting", box(50, 30, 55, 33))
    annotated.image("a.b.c.PNG")
    annotated.annotation("a.b.c.JSON", pit)
    annotated.image("d.png")
    annotated.annotation("d.png.json", pit)
    for folder in ("one", "two"):  # the same name twice, told by the folder
        annotated.image(f"{folder}/e.png")
        annotated.annotation(f"{folder}/e.json", pit)
    annotated.image("deep/f.png")  # another folder, but the only one of its name
    annotated.annotation("elsewhere/f.json", pit)
    for name in ("g.png", "g.jpg"):
        annotated.image(name)
    annotated.annotation("g.json", pit)
    annotated.image("h.png")
    for folder in ("three", "four"):
        annotated.annotation(f"{folder}/h.json", pit)
    report = annotated.crop(intact=0)
    used = [row["image"] for row in annotated.rows()]
    assert sorted(used) == ["a.b.c.PNG", "d.png", "deep/f.png", "one/e.png", "two/e.png"]
    assert dict(report.skipped) == {
        "g.jpg": "g.json may be about any of g.jpg and g.png",
        "g.png": "g.json may be about any of g.jpg and g.png",
        "h.png": "which annotation is its own: four/h.json and three/h.json?",
    }


def test_annotations_beside_their_images(several: Annotated) -> None:
    for path in several.labelme.iterdir():
        shutil.copy(path, several.images)
    first = several.crop()
    beside = crop_failures(several.images, several.images, several.out, CropOptions(size=SIDE))
    assert beside == first


def test_names_that_clash_or_are_too_long(annotated: Annotated) -> None:
    pit = ("Pitting", box(50, 30, 55, 33))
    for name in ("a/b", "a_b", "x" * 200, "x" * 199 + "y"):
        annotated.add(name, pit)
    report = annotated.crop(intact=4)
    assert report.counts == {"intact": 4, "pitting": 4}
    assert report.groups == 4
    assert len(load_dataset(annotated.out, imgsz=(SIDE, SIDE))) == 8


def test_deep_images_keep_their_depth(annotated: Annotated) -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 4096, (60, 80), dtype=np.uint16)
    colour = rng.integers(0, 4096, (60, 80, 3), dtype=np.uint16)
    annotated.images.mkdir()
    tifffile.imwrite(annotated.images / "grey.tif", grey)
    tifffile.imwrite(annotated.images / "colour.tif", colour, photometric="rgb")
    for stem in ("grey", "colour"):
        annotated.annotation(f"{stem}.json", ("Pitting", box(30, 30, 35, 33)))
    assert annotated.crop(intact=2).counts == {"intact": 2, "pitting": 2}
    report = load_dataset(annotated.out, imgsz=(SIDE, SIDE)).report
    assert report.modes == {"grey 16 bit": 2, "RGB 16 bit": 2}
    ((low, high),) = report.ranges.values()
    assert 0 <= low < high <= 4095


def test_an_upright_image_is_cut(annotated: Annotated) -> None:
    """Annotations are about the image as it is shown, so after its EXIF orientation."""
    path = annotated.image("a.png", (60, 100))
    with Image.open(path) as image:
        exif = Image.Exif()
        exif[274] = 6
        image.save(path, exif=exif)
        upright = np.rot90(np.asarray(image), -1)
    size = {"imageHeight": 100, "imageWidth": 60}
    annotated.annotation("a.json", ("Pitting", box(30, 80, 35, 83)), **size)
    annotated.crop(intact=0)
    ((top, left, side),) = [square(row) for row in annotated.rows()]
    with Image.open(annotated.out / annotated.rows()[0]["path"]) as crop:
        np.testing.assert_array_equal(
            np.asarray(crop), upright[top : top + side, left : left + side]
        )


# The folder -----------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(several: Annotated) -> None:
    several.crop(seed=5)
    first = contents(several.out)
    several.crop(seed=5)
    assert contents(several.out) == first
    shutil.rmtree(several.out)
    several.crop(seed=5)
    assert contents(several.out) == first
    several.crop(seed=6)
    other = contents(several.out)
    failures = {name for name in first if name.startswith(("pitting/", "rust/"))}
    assert {name: other[name] for name in failures} == {name: first[name] for name in failures}
    assert {v for k, v in other.items() if k.startswith("intact/")}.isdisjoint(
        {v for k, v in first.items() if k.startswith("intact/")}
    )


def test_nothing_is_written_into_the_users_data(several: Annotated) -> None:
    root = several.images.parent
    before = contents(root)
    several.crop()
    after = contents(root)
    assert {k: v for k, v in after.items() if not k.startswith("out/")} == before
    assert sorted(path.name for path in root.iterdir()) == ["images", "labelme", "out"]
    for out in (several.images, several.images / "new", several.labelme / "deep" / "new"):
        with pytest.raises(InputError, match="where nothing is written: give another OUT"):
            crop_failures(several.images, several.labelme, out)
    assert contents(root) == after


def test_only_an_own_or_empty_folder_is_filled(several: Annotated) -> None:
    several.out.mkdir()
    several.crop()
    victim = several.rows()[0]["path"]
    (several.out / victim).unlink()
    several.crop(labels=["pitting"])
    assert not (several.out / "rust").exists()
    (several.out / "pitting" / "mine.txt").write_text("notes")
    before = contents(several.out)
    with pytest.raises(InputError, match=r"holds something else, such as pitting/mine\.txt"):
        several.crop()
    assert contents(several.out) == before
    with pytest.raises(InputError, match=r"mine\.txt is a file: give a folder"):
        crop_failures(several.images, several.labelme, several.out / "pitting" / "mine.txt")


def test_it_is_written_whole_or_not_at_all(
    several: Annotated, monkeypatch: pytest.MonkeyPatch
) -> None:
    several.crop()
    before = contents(several.out)

    class Stopped(Exception):
        pass

    def stop(done: int, total: int, note: str = "") -> None:
        if note == "cutting" and done == 3:
            raise Stopped

    for out in (several.out, several.out.with_name("new")):
        with pytest.raises(Stopped):
            crop_failures(
                several.images, several.labelme, out, CropOptions(size=SIDE, seed=9), progress=stop
            )
    assert contents(several.out) == before
    assert sorted(p.name for p in several.out.parent.iterdir()) == ["images", "labelme", "out"]


def test_the_record(several: Annotated) -> None:
    report = several.crop()
    record = json.loads((several.out / "crop.json").read_text())
    assert record["report"] == json.loads(json.dumps(vars(report)))
    assert record["options"]["size"] == SIDE
    manifest = scan(several.out / "crops.csv")
    folders = scan(several.out)
    assert manifest.entries == folders.entries
    assert sorted(kind.kind for kind in folders.unused) == ["files of other kinds", "tables"]


# Groups ---------------------------------------------------------------------------------------


def images_by_part(dataset: Dataset, rows: list[dict[str, str]], **options: Any) -> list[set[str]]:
    source = {row["path"]: row["image"] for row in rows}
    parts: list[set[str]] = [set(), set(), set()]
    for seed in range(10):
        split = draw_split(dataset, seed=seed, repeat=0, **options)
        parts = [
            {source[dataset.images.ids[i]] for i in part}
            for part in (split.train, split.val, split.test)
        ]
        assert parts[0]
        assert parts[2]
        for first, second in ((0, 1), (0, 2), (1, 2)):
            assert not parts[first] & parts[second]
    return parts


def test_no_image_is_on_two_sides_of_a_split(several: Annotated) -> None:
    several.crop(intact=30)
    dataset = load_dataset(several.out, imgsz=(SIDE, SIDE))
    assert len(set(dataset.groups)) == 7
    images_by_part(dataset, several.rows())


def test_pictures_of_the_same_part_can_be_one_group(annotated: Annotated) -> None:
    for part in ("A", "B", "C", "D"):
        for day in range(3):
            annotated.add(f"{day}_{part}_x", ("Pitting", box(50, 30, 55, 33)))
    annotated.add("other", ("Pitting", box(50, 30, 55, 33)))
    report = annotated.crop(group_by=r"^\d_([A-Z])_")
    assert report.groups == 5
    assert {row["group"] for row in annotated.rows()} == {f"group={g}" for g in [*"ABCD", "other"]}
    dataset = load_dataset(annotated.out, imgsz=(SIDE, SIDE))
    for seed in range(10):
        split = draw_split(dataset, seed=seed, repeat=0)
        train, test = ({dataset.groups[i] for i in part} for part in (split.train, split.test))
        assert not train & test
    with pytest.raises(InputError, match=r"matches no image, such as 0_A_x\.png"):
        annotated.crop(group_by="nothing")


def test_a_single_class_is_not_taken_for_a_wrapper(annotated: Annotated) -> None:
    for number in range(3):
        annotated.add(str(number), ("Pitting", box(50, 30, 55, 33)))
    annotated.crop(intact=0)
    assert scan(annotated.out).classes == ("pitting",)


def test_only_marked_folders_are_groups_across_classes(tmp_path: Path, draw: Draw) -> None:
    for name in ("ant", "bee"):
        for number, group in enumerate(("group=7", "7")):
            draw(tmp_path / name / group / "1.png", seed=number)
    assert {e.group for e in scan(tmp_path).entries} == {"group=7", "ant/7", "bee/7"}


# The command ----------------------------------------------------------------------------------


def run(*arguments: str | Path) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        words = ["data", *map(str, arguments)]
        build().main(args=words, prog_name="neuplug", standalone_mode=False)
    return output.getvalue()


def test_the_command_says_what_it_did(several: Annotated) -> None:
    several.image("alone.png")
    several.annotation("part_6.json", ("Pitting", [(1, 1), (5, 5)]))
    output = run("crop", several.images, several.labelme, several.out, "--size", "16", "--seed", 4)
    report = crop_failures(
        several.images, several.labelme, several.out, CropOptions(size=16, seed=4)
    )
    assert f"{sum(report.counts.values())} crops of 16x16 pixels, as they are" in output
    for name, number in report.counts.items():
        assert any(name in line and str(number) in line for line in output.splitlines())
    assert "images with crops: 6, groups that a split never divides: 6" in output
    assert f"failures: 12, of which cut into parts: {report.divided}" in output
    assert "alone.png: it has no annotation" in output
    assert "part_6.json, shape 1: it has 2 point(s), an area needs 3" in output
    assert "of these images no intact crops are cut: 1" in output


def test_the_command_prints_json(several: Annotated) -> None:
    arguments = ("crop", several.images, several.labelme, several.out, "--size", "16", "--json")
    facts = json.loads(run(*arguments, "--intact", "9", "--intact-name", "OK", "--labels", "rust"))
    assert facts["counts"]["ok"] == 9
    assert set(facts["counts"]) == {"ok", "rust"}
    assert facts == json.loads((several.out / "crop.json").read_text())["report"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--size", "0"], "size = 0: it must be at least 1"),
        (["--side", "-1"], "side = -1: it must be at least 1"),
        (["--intact", "many"], "intact = many: give a number, 0 for none, or auto"),
        (["--intact", "-3"], "intact = -3: give a number"),
        (["--margin", "-1"], "margin = -1"),
        (["--min-contrast", "nan"], "min_contrast = nan"),
        (["--min-part", "2"], "min_part = 2: it must be a fraction"),
        (["--inset", "0.5"], "inset = 0.5: it must be a fraction"),
        (["--intact-name", ".."], "no folder can be called that"),
        (["--intact-name", "Pitting"], "is a label of the annotations"),
        (["--group-by", "("], r"group_by = '\(' is not a regular expression"),
        (["--labels", ","], "no usable shape of a label ''"),
        (["--size", "500"], r"marks nothing in .* could be cut out\. 7 images or annotations are"),
        (["--size", "500"], r"too few for a square of 500 \(7: part_0\.png, part_1\.png, part_2"),
    ],
)
def test_mistakes_are_sentences(several: Annotated, arguments: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        run("crop", several.images, several.labelme, several.out, "--size", "16", *arguments)
    assert not several.out.exists()


def test_without_a_shape_to_cut_all_reasons_are_said(annotated: Annotated) -> None:
    for number in range(4):
        annotated.image(f"{number}.png")
        line = {"label": "Pit", "points": [(9, 9), (30, 9), (30, 30)], "shape_type": "linestrip"}
        short = {"label": "Pit", "points": [(9, 9), (30, 9)]}
        annotated.annotation(f"{number}.json", **{"shapes": [line, short][: 1 + (number == 3)]})
    with pytest.raises(InputError) as caught:
        annotated.crop(intact=0)
    assert str(caught.value).endswith(
        "that could be cut out. 5 shapes in 4 annotations cannot be used: a linestrip encloses no "
        "area that could be cut out (4: 0.json, shape 1, 1.json, shape 1, 2.json, shape 1 and 1 "
        "more); it has 2 point(s), an area needs 3 (1: 3.json, shape 2)."
    )


def test_missing_folders_are_sentences(several: Annotated, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    for images, labelme, sentence in (
        (tmp_path / "absent", several.labelme, "absent does not exist"),
        (several.images, tmp_path / "absent", "absent does not exist"),
        (several.images / "part_0.png", several.labelme, "is a file: give its folder"),
        (empty, several.labelme, "holds no images"),
        (several.images, empty, "holds no labelme annotations"),
    ):
        with pytest.raises(NeuplugError, match=sentence):
            run("crop", images, labelme, several.out)


def test_show_points_at_crop(annotated: Annotated) -> None:
    for name in ("up", "down", "left", "right"):
        annotated.add(name, ("Pitting", box(50, 30, 55, 33)))
    for folder in (annotated.labelme, annotated.images.parent):
        with pytest.raises(InputError, match="neuplug data crop IMAGES LABELME OUT makes"):
            run("show", folder)
    annotated.crop()
    assert "neuplug data crop" not in run("show", annotated.out)
    mixed = shutil.copytree(annotated.out, annotated.out.with_name("mixed"))
    for path in annotated.labelme.iterdir():
        shutil.copy(path, mixed / "intact")
    output = run("show", mixed)
    assert "remark: There are labelme annotations: neuplug data crop" in output


# Real images ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_ball_screw(shared_data: Path, tmp_path: Path) -> None:
    images, labelme = (shared_data / "ball-screw" / name for name in ("images", "labelme"))
    report = crop_failures(images, labelme, tmp_path / "out")
    assert report.counts == {"intact": 1215, "pitting": 405}
    assert report.sources == {"intact": 260, "pitting": 260}
    assert (report.failures, report.divided, report.groups) == (321, 84, 260)
    assert report.skipped == report.bad_shapes == report.mixed == ()
    with (tmp_path / "out" / "crops.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    failures = {
        path.stem: [item["points"] for item in json.loads(path.read_text())["shapes"]]
        for path in labelme.iterdir()
    }
    for row in rows:
        if row["label"] == "intact":
            assert not any(touches(points, row, 7) for points in failures[Path(row["image"]).stem])
    dataset = load_dataset(tmp_path / "out", imgsz=(16, 16))
    assert dataset.report.exact == ()
    images_by_part(dataset, rows)
    images_by_part(dataset, rows, val=0.2)
