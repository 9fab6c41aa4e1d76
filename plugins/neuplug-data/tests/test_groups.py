"""Groups by file names: suggested by ``data show``, used by everything that reads data."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from neuplug_tests.drawing import Draw

import neuplug
from neuplug import InputError
from neuplug_data.groups import suggest

from .test_show import show

pytestmark = pytest.mark.usefixtures("own_store")


def names(pattern: str, outer: int = 6, inner: int = 3) -> list[str]:
    """``{0}`` counts what the images show, ``{1}`` the images of each."""
    pairs = itertools.product(range(1, outer + 1), range(1, inner + 1))
    return [pattern.format(*pair, "ab"[pair[0] % 2]) for pair in pairs]


@pytest.mark.parametrize(
    ("pattern", "suggested"),
    [
        ("{2}/person{0}_virus_{1}.jpeg", r"(person\d+)"),
        ("{2}/Patient-{0}_{1}.png", r"(Patient\-\d+)"),
        ("{2}/x_lesion_{0}_{1}.png", r"(lesion_\d+)"),
        ("{2}/IMG_{0}0_crop_{1}.png", r"([^/]+?)[_-](?:crop|tile|patch|aug|rot|flip|copy|frame|"
         r"view|slice|part|img)[_-]?\d+\.[^./]+$"),
        ("{2}/{0}_{1}.png", r"([^/]*\d[^/]*?)[_-]\d+\.[^./]+$"),
        ("{2}/c{0}_jpg.rf.{1}ab.jpg", r"([^/]+?)_(?:jpe?g|png|bmp)\.rf\."),
        ("{2}/IM-0{0}1-000{1}.jpeg", r"([^/]*\d[^/]*?)[_-]\d+\.[^./]+$"),
    ],
)  # fmt: skip
def test_patterns_are_suggested(pattern: str, suggested: str) -> None:
    ids = names(pattern)
    found = suggest(ids, [id_[0] for id_ in ids])
    assert found is not None
    assert (found.pattern, found.groups, found.images) == (suggested, 6, 3)


@pytest.mark.parametrize(
    "ids",
    [
        names("{2}/{0}{1}.png"),
        names("{2}/photo_{0}{1}.png"),
        names("{2}/{2}_{0}{1}.png"),
        names("{2}/img_0{2}_{0}{1}.png"),
        names("{2}/patient{0}{1}.png"),
        [],
    ],
)
def test_of_other_names_no_pattern_is_suggested(ids: list[str]) -> None:
    assert suggest(ids, [id_[0] for id_ in ids]) is None


@pytest.fixture
def patients(tmp_path: Path, draw: Draw) -> Path:
    for seed, id_ in enumerate(names("{2}/person{0}_{1}.png")):
        draw(tmp_path / "set" / id_, seed)
    return tmp_path / "set"


def test_a_suggestion_can_be_used_as_it_is(patients: Path) -> None:
    said = show(patients)
    assert "File names suggest 6 groups, such as person2 (3 images): if a group shows" in said
    pattern = json.loads(show(patients, "--json"))["suggested_group_by"]
    assert f"--group-by '{pattern}'" in said
    grouped = show(patients, "--group-by", pattern)
    assert "groups that a split never divides: 6" in grouped
    assert "File names suggest" not in grouped
    dataset = neuplug.load_dataset(patients, group_by=pattern)
    for seed in range(3):
        split = neuplug.draw_split(dataset, per_class=3, seed=seed, repeat=0)
        parts = [{dataset.groups[i] for i in part} for part in (split.train, split.test)]
        assert not parts[0] & parts[1]


def test_numbers_that_may_begin_anew_in_each_class_are_said(tmp_path: Path, draw: Draw) -> None:
    ids = [f"{name}/part{part}_{image}.png" for name in "ab" for part in "123" for image in "12"]
    for seed, id_ in enumerate(ids):
        draw(tmp_path / "set" / id_, seed)
    said = " ".join(show(tmp_path / "set").split())
    assert "3 of them have images of several classes: if numbers begin anew in each class" in said
    found = suggest(ids, [id_[0] for id_ in ids])
    assert found is not None and f"give --group-by '{found.by_folder}' instead" in said
    for pattern, groups in ((found.pattern, 3), (found.by_folder, 6)):
        assert len(set(neuplug.load_dataset(tmp_path / "set", group_by=pattern).groups)) == groups


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(", r"group_by = '\(' is not a regular expression: "),
        ("plate", "matches no file, such as a/person2_1.png: neuplug data show suggests patterns"),
        ("(person)", "finds 'person' in every file"),
    ],
)
def test_patterns_that_group_nothing(patients: Path, pattern: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        show(patients, "--group-by", pattern)
    with pytest.raises(InputError, match="group_by"):
        neuplug.compose(patients, aug=["flip"], clf=["smallcnn"], group_by=pattern)


def test_patterns_that_group_some_or_each_are_said(patients: Path) -> None:
    some = show(patients, "--group-by", r"(person[12])_")
    assert "matches 6 of 18 files; the others get no group of it: a/person4_1.png" in some
    each = show(patients, "--group-by", r"(\d_\d)")
    assert "finds something else in each of 18 files, so that it groups none" in each


def test_what_is_about_files_needs_files() -> None:
    for words in (["--group-by", "x"], ["--min-per-class", "3"], ["--follow"]):
        with pytest.raises(InputError, match="are about files, and the images are made by code"):
            show("demo", *words)


def test_a_pattern_without_end_is_ended(patients: Path) -> None:
    (patients / "a" / f"{'a' * 60}.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"takes over 4 s: repeat no repeats"):
        show(patients, "--group-by", "(a+)+$")
