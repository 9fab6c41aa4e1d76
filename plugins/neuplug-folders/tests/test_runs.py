"""A run says what it does not use, keeps groups together, and is asked anew when that changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from neuplug_tests.drawing import Draw

import neuplug
from neuplug import InputError

pytestmark = pytest.mark.usefixtures("own_store")


@pytest.fixture
def folder(tmp_path: Path, draw: Draw) -> Path:
    """Two classes of six plates, each photographed twice; a class of two; a picture of no use."""
    root = tmp_path / "set"
    for number in range(12):
        draw(root / "dent" / f"plate{number // 2}_{number}.png", number, (16, 16))
        draw(root / "rust" / f"plate{number // 2}_{number}.png", 50 + number, (16, 16))
    draw(root / "rare" / "1.png", 90, (16, 16))
    draw(root / "rare" / "2.png", 91, (16, 16))
    (root / "rust" / "a.jxl").write_bytes(b"\xff\x0a")
    return root


def compose(data: Path | str, **settings: Any) -> Any:
    said: list[Any] = []
    found = neuplug.compose(
        data, aug=["flip"], clf=["smallcnn"], repeats=1, workers=0, report=False, imgsz=16,
        training={"steps": 2, "batch": 4}, project=Path(str(data)).parent / "runs",
        on_event=said.append, **settings,
    )  # fmt: skip
    return found, " ".join(str(getattr(event, "text", "")) for event in said)


def test_what_is_left_out_is_said_in_a_run(folder: Path) -> None:
    asked = {"min_per_class": 3, "group_by": r"(plate\d+)_", "per_class": 6}
    result, said = compose(folder, **asked)
    assert result.results.data.classes == ("dent", "rust")
    for sentence in (
        "not used: 1 file(s) (pictures of kinds that neuplug does not read): rust/a.jxl.",
        "1 class(es) have too few images and are left out: rare (2).",
    ):
        assert sentence in said
    assert "nothing has changed since" in compose(folder, **asked)[1]
    (folder / "rust" / "b.jxl").write_bytes(b"\xff\x0a")
    assert "not used: 2 file(s)" in compose(folder, **asked)[1]


def test_what_cannot_be_done_is_refused_before_anything_runs(folder: Path) -> None:
    with pytest.raises(InputError, match=r"class rare has 2 image\(s\), which leave none to test"):
        compose(folder, per_class=4)
    with pytest.raises(InputError, match="is the current folder"):
        compose("")
    with pytest.raises(InputError, match="group_by, min_per_class and follow are about files"):
        compose("demo", group_by="x")
    (folder / "rare" / "3.png").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match=r"leads to 1 file.*: rare/3\.png\. Give --follow"):
        compose(folder)


def test_all_small_classes_are_named(folder: Path, draw: Draw) -> None:
    for number in range(4):
        draw(folder / f"single{number}" / "1.png", 200 + number)
    names = r"single0: 1, single1: 1, single2: 1 and single3: 1"
    with pytest.raises(InputError, match=rf"4 classes have few images \({names}\): at least 2"):
        compose(folder)
    names = f"rare: 2, {names}"
    with pytest.raises(InputError, match=rf"5 classes have few images \({names}\), .*per-class 5"):
        compose(folder, per_class=4)
