"""Reading labelme annotations, and the pixels of their shapes."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from neuplug_labelme.annotation import (
    BadAnnotation,
    BadShape,
    Region,
    rasterise,
    read_labelme,
)
from neuplug_labelme.layout import has_labelme

SQUARE = [[10, 20], [29, 20], [29, 49], [10, 49]]


def shape(points: Any, label: Any = "Pit", kind: Any = "polygon") -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, "flags": {}}


def pixels_in_base64(corner: list[float], pixels: NDArray[np.bool_]) -> dict[str, Any]:
    """A mask as labelme writes it: a PNG of one bit, and its first and last pixel."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    last = [corner[0] + pixels.shape[1] - 1, corner[1] + pixels.shape[0] - 1]
    text = base64.b64encode(file.getvalue()).decode()
    return shape([corner, last], kind="mask") | {"mask": text}


def write(path: Path, *shapes: Any, **more: Any) -> Path:
    path.write_text(json.dumps({"version": "5.5.0", "shapes": shapes, "imageData": None, **more}))
    return path


def region(tmp_path: Path, *points: Any, kind: str = "polygon", size: tuple[int, int]) -> Region:
    annotation = read_labelme(write(tmp_path / "one.json", shape(list(points), kind=kind)))
    assert annotation.bad == ()
    return rasterise(annotation.shapes[0], size)


def test_what_a_file_says(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json", shape(SQUARE, " Pit "), shape(SQUARE), imageHeight=60, imageWidth=80
    )
    annotation = read_labelme(path)
    assert annotation.size == (60, 80)
    assert [(s.index, s.label) for s in annotation.shapes] == [(0, "Pit"), (1, "Pit")]
    np.testing.assert_array_equal(annotation.shapes[0].points, np.array(SQUARE, float))


def test_no_shapes_and_no_size_are_fine(tmp_path: Path) -> None:
    annotation = read_labelme(write(tmp_path / "a.json"))
    assert (annotation.size, annotation.shapes, annotation.bad) == (None, (), ())


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"shapes": [shape(SQUARE)]}).encode())
    assert len(read_labelme(path).shapes) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is an empty file"),
        (b" \n", "is an empty file"),
        (b'{"shapes": [', "is broken JSON"),
        (b"[" * 100_000, "is broken JSON"),
        (b'{"label": "\xe9"}', "is not UTF-8 text"),
        (b"[]", "is not a labelme annotation"),
        (b'{"images": [], "annotations": []}', "is not a labelme annotation"),
        (b'{"shapes": {}}', "is not a labelme annotation"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(BadAnnotation, match=f"^{reason}"):
        read_labelme(path)
    with pytest.raises(BadAnnotation, match=r"^cannot be read: "):
        read_labelme(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (shape(SQUARE[:2]), "it has 2 point(s), an area needs 3"),
        (shape([]), "it has no points"),
        (shape(None), "its points are not pairs of numbers"),
        (shape([[1, 2], [3], [4, 5]]), "its points are not pairs of numbers"),
        (shape([[1, 2, 3]] * 4), "its points are not pairs of numbers"),
        (shape([["x", "y"]] * 3), "its points are not pairs of numbers"),
        (shape([[1, 2], [3, float("nan")], [4, 5]]), "a coordinate is not a number"),
        (shape([[1, 2], [3, float("inf")], [4, 5]]), "a coordinate is not a number"),
        (shape([[5, 5]] * 4), "all its points lie on one line"),
        (shape([[0, 0], [5, 5], [9, 9], [2, 2]]), "all its points lie on one line"),
        (shape([[3, 3], [3, 9]], kind="rectangle"), "all its points lie on one line"),
        (shape([[3, 3], [3, 3]], kind="circle"), "all its points lie on one line"),
        (shape(SQUARE, kind="linestrip"), "a linestrip encloses no area"),
        (shape([[3, 3]], kind="point"), "a point encloses no area"),
        (shape([[3, 3], [4, 8]], kind="line"), "a line encloses no area"),
        (shape([[3, 3]], kind="circle"), "a circle encloses no area"),
        (shape([[3, 3], [9, 9]], kind="mask"), "its mask is no image in base64"),
        (shape([[3, 3], [9, 9]], kind="mask") | {"mask": "AAAA"}, "its mask is no image in base"),
        (pixels_in_base64([3, 3], np.zeros((4, 5), bool)), "its mask is empty"),
        (shape(SQUARE, label="  "), "it has no label"),
        (shape(SQUARE, label=None), "it has no label"),
        ("no shape", "it is not a mapping"),
    ],
)
def test_bad_shapes_are_named_and_others_kept(tmp_path: Path, item: Any, reason: str) -> None:
    annotation = read_labelme(write(tmp_path / "a.json", shape(SQUARE), item, shape(SQUARE)))
    assert [s.index for s in annotation.shapes] == [0, 2]
    ((index, said),) = annotation.bad
    assert index == 1
    assert said.startswith(reason)


def test_a_shape_without_a_kind_is_a_polygon(tmp_path: Path) -> None:
    item = {"label": "Pit", "points": SQUARE}
    assert len(read_labelme(write(tmp_path / "a.json", item)).shapes) == 1


def test_pixels_of_a_polygon(tmp_path: Path) -> None:
    found = region(tmp_path, *SQUARE, size=(60, 80))
    assert (found.top, found.left, found.mask.shape) == (20, 10, (30, 20))
    assert found.mask.all()


def test_pixels_of_a_rectangle_by_any_two_corners(tmp_path: Path) -> None:
    for corners in (((10, 20), (29, 49)), ((29, 20), (10, 49)), ((29, 49), (10, 20))):
        found = region(tmp_path, *corners, kind="rectangle", size=(60, 80))
        assert (found.top, found.left, found.mask.shape) == (20, 10, (30, 20))
        assert found.mask.all()


def test_pixels_of_a_circle(tmp_path: Path) -> None:
    found = region(tmp_path, (50, 40), (50, 60), kind="circle", size=(100, 100))
    y, x = np.nonzero(found.mask)
    distance = np.hypot(y + found.top - 40, x + found.left - 50)
    assert distance.max() < 22
    assert found.mask.sum() == pytest.approx(np.pi * 20**2, rel=0.06)


@pytest.mark.parametrize(("left", "top"), [(10, 20), (10.3, 19.8), (-3, 20), (70, 55)])
def test_pixels_of_a_mask(tmp_path: Path, left: float, top: float) -> None:
    pixels = np.ones((9, 12), bool)
    pixels[3:6, 4:8] = False  # a hole
    path = write(tmp_path / "a.json", pixels_in_base64([left, top], pixels))
    annotation = read_labelme(path)
    assert annotation.bad == ()
    found = rasterise(annotation.shapes[0], (60, 80))
    x, y = round(left), round(top)
    expected = np.zeros((80, 100), bool)
    expected[y + 9 : y + 18, x + 9 : x + 21] = pixels  # with a border of 9
    h, w = found.mask.shape
    canvas = np.zeros((60, 80), bool)
    canvas[found.top : found.top + h, found.left : found.left + w] = found.mask
    np.testing.assert_array_equal(canvas, expected[9:69, 9:89])


def test_a_rotated_rectangle_is_a_polygon(tmp_path: Path) -> None:
    found = region(tmp_path, (30, 10), (50, 30), (30, 50), (10, 30), kind="rotation", size=(60, 60))
    assert (found.top, found.left) == (10, 10)
    assert found.mask.sum() == pytest.approx(800, rel=0.1)
    assert not found.mask[0, 0]


def test_a_polygon_that_crosses_itself_has_pixels(tmp_path: Path) -> None:
    """Its signed area is zero, but it marks two triangles."""
    found = region(tmp_path, (0, 0), (40, 40), (40, 0), (0, 40), size=(60, 60))
    assert found.mask[20, 2]
    assert found.mask[20, 38]
    assert not found.mask[2, 20]
    assert found.mask.sum() == pytest.approx(800, rel=0.15)


def test_what_lies_outside_is_cut_off(tmp_path: Path) -> None:
    found = region(tmp_path, (-30, -30), (9, -30), (9, 9), (-30, 9), size=(50, 50))
    assert (found.top, found.left, found.mask.shape) == (0, 0, (10, 10))
    assert found.mask.all()


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([(60, 60), (70, 60), (70, 70)], "it lies outside the image"),
        ([(0, 0), (1e12, 0), (0, 1e12)], "a corner lies far outside the image"),
        ([(0, 0), (-200, 0), (0, 20)], "a corner lies far outside the image"),
    ],
)
def test_shapes_outside(tmp_path: Path, points: Any, reason: str) -> None:
    with pytest.raises(BadShape, match=reason):
        region(tmp_path, *points, size=(50, 50))


def test_pixels_inside_a_square(tmp_path: Path) -> None:
    found = region(tmp_path, *SQUARE, size=(60, 80))
    whole = np.zeros((60, 80), bool)
    whole[20:50, 10:30] = True
    for top, left, side in ((0, 0, 8), (0, 0, 25), (20, 10, 10), (45, 25, 15), (15, 5, 40)):
        count = whole[top : top + side, left : left + side].sum()
        assert found.inside(top, left, side) == count


def test_annotations_are_told_from_other_json(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.json").write_text("[1]")
    (tmp_path / "b.json").write_text("{")
    assert not has_labelme(tmp_path)
    write(tmp_path / "deep" / "c.JSON", shape(SQUARE))
    assert has_labelme(tmp_path)
    assert not has_labelme(tmp_path / "absent")


def test_all_of_ball_screw_is_read(shared_data: Path) -> None:
    files = sorted((shared_data / "ball-screw" / "labelme").iterdir())
    annotations = [read_labelme(path) for path in files]
    assert len(files) == 260
    assert sum(len(annotation.shapes) for annotation in annotations) == 321
    assert not any(annotation.bad for annotation in annotations)
    assert {s.label for annotation in annotations for s in annotation.shapes} == {"Pitting"}
