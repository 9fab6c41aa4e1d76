"""Listed files: their order, what tells one listing from another, and CSV manifests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from neuplug_tests.files import numbered, touch

from neuplug import InputError
from neuplug.data.layouts import scan
from neuplug.data.listing import fingerprint, natural_key


def test_natural_key_is_total() -> None:
    names = ["a", "A", "a1", "a01", "a10", "a2", "1", "10", "2", "", "1a", "a/2", "a/10"]
    assert [n for n in sorted(names, key=natural_key) if n.startswith("a/")] == ["a/2", "a/10"]
    assert sorted(names, key=natural_key) == sorted(reversed(names), key=natural_key)


def test_fingerprint_tells_every_change(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png"), *numbered("b/{}.png"))
    seen = [fingerprint(scan(tmp_path))]
    assert fingerprint(scan(tmp_path)) == seen[0]
    first = tmp_path / "a" / "1.png"

    def changed() -> None:
        seen.append(fingerprint(scan(tmp_path)))

    os.utime(first, ns=(0, 1))
    changed()
    os.utime(first, ns=(0, 2))
    changed()
    first.write_bytes(b"more")
    os.utime(first, ns=(0, 2))
    changed()
    first.rename(tmp_path / "b" / "9.png")
    changed()
    (tmp_path / "b" / "9.png").unlink()
    changed()
    assert len(set(seen)) == len(seen)


# CSV manifests: read as people write them, faults named with their line -------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "c 10.png", "c 2.png", "sub/d.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def manifest(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "set.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_all_columns(folder: Path) -> None:
    text = "path,label,split,group\nb.png,y,Test,g1\na.png,x,,\nsub/d.png,x,valid,g1\n"
    listing = scan(manifest(folder, text))
    assert [(e.id, e.label, e.split, e.group) for e in listing.entries] == [
        ("a.png", "x", None, None),
        ("b.png", "y", "test", "g1"),
        ("sub/d.png", "x", "val", "g1"),
    ]
    assert listing.layout == "a CSV manifest (path, label, split and group)"
    assert all(e.path.is_file() for e in listing.entries)


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na.png,x\nb.png,y\n",
        "label,note,path\r\nx,..,a.png\r\ny,;,b.png",
        '"path","label"\n"a.png","x"\n\nb.png,y\n',
        "path,label\rb.png,y\ra.png,x",
    ],
    ids=["plain", "other columns", "quotes and blank lines", "old Mac"],
)
def test_ways_of_writing(folder: Path, text: str) -> None:
    listing = scan(manifest(folder, text))
    assert [(e.id, e.label) for e in listing.entries] == [("a.png", "x"), ("b.png", "y")]


def test_excel_byte_order_mark(folder: Path) -> None:
    assert len(scan(manifest(folder, "path,label\na.png,x\n", "utf-8-sig")).entries) == 1


def test_absolute_and_upward_paths(folder: Path) -> None:
    (folder / "lists").mkdir()
    path = manifest(folder / "lists", f"path,label\n../a.png,x\n{folder}/b.png,y\n")
    with pytest.raises(InputError, match=r"leads to 2 file\(s\) .*: /.*b\.png and \.\./a\.png\."):
        scan(path)
    entries = {e.label: e for e in scan(path, follow=True).entries}
    assert entries["x"].id == "../a.png"
    assert entries["y"].id == (folder / "b.png").as_posix()
    assert entries["x"].path.is_file()
    inside = manifest(folder, f"path,label\n{folder}/a.png,x\n{folder}/sub/../b.png,y\n")
    assert [e.id for e in scan(inside).entries] == ["a.png", "b.png"]


def test_natural_order(folder: Path) -> None:
    listing = scan(manifest(folder, "path,label\nc 10.png,x\nc 2.png,x\n"))
    assert [e.id for e in listing.entries] == ["c 2.png", "c 10.png"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,class\na.png,x\n", "has no header with the columns path and label"),
        ("a.png,x\n", "has no header with the columns path and label"),
        ("", "has no header with the columns path and label"),
        ("path,label\n", "lists no image"),
        ("path,label\na.png,x\nb.png, \n", "line 3: the path or the label is empty"),
        ("path,label\na.png,x\nb.png\n", "line 3: the path or the label is empty"),
        ("path,label\n,x\n", "line 2: the path or the label is empty"),
        ("path,label\na.png,x\nb.png,x, y\n", "line 3: it has more cells than the header"),
        ("path,label,split\na.png,test\n", "line 2: it has fewer cells than the header"),
        ("path,label\na.png,x \n", "line 2: there are blanks around the label 'x ': take them out"),
        ("path,label,label\na.png,x,y\n", "several columns called label: keep one"),
        ('path,label\na.png,"x\nb.png,y\n', "is a quote not closed?"),
        ('path,label\na.png,"x\nb.png,y"\n', "line 3: the label goes on in the next line"),
        ("path,label,split\na.png,x,tset\n", "line 2: 'tset' is not a split: write train, val"),
        ("path,label\na.png,x\ngone.png,y\n", "line 3: there is no file"),
        (
            "path,label\nno1,x\nno2,x\na.png,x\nno3,x\nno4,x\n",
            "4 line(s) are wrong: line 2: there is no file",
        ),
        ("path,label\nsub,y\n", "line 2: there is no file"),
        ("path,label\na.png,x\nsub/../a.png,y\n", "line 3: a.png is already listed in line 2"),
    ],
)
def test_faults(folder: Path, text: str, complaint: str) -> None:
    path = manifest(folder, text)
    with pytest.raises(InputError) as caught:
        scan(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_not_utf8(folder: Path) -> None:
    with pytest.raises(InputError, match="not UTF-8 text"):
        scan(manifest(folder, "path,label\na.png,fissuré\n", "latin-1"))


# What is made of a listing ----------------------------------------------------------------------


def test_groups_by_a_pattern_replace_those_of_folders_where_it_matches(tmp_path: Path) -> None:
    touch(tmp_path, "a/one/p1_1.png", "a/one/p2_1.png", "b/p1_2.png", "b/two/x.png")
    listing = scan(tmp_path, group_by=r"(p\d)_")
    groups = {entry.id: entry.group for entry in listing.entries}
    assert groups == {
        "a/one/p1_1.png": "p1",
        "a/one/p2_1.png": "p2",
        "b/p1_2.png": "p1",
        "b/two/x.png": "b/two",
    }
    (caution,) = listing.cautions
    assert "matches 3 of 4 files; the others get no group of it: b/two/x.png" in caution
    assert fingerprint(listing) != fingerprint(scan(tmp_path))


def test_small_classes_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png", 4), *numbered("b/{}.png", 2), "c/1.png")
    listing = scan(tmp_path, min_per_class=3)
    assert (listing.classes, listing.small) == (("a",), {"b": 2, "c": 1})
    assert scan(tmp_path).small == {}


def test_links_out_of_the_folder_are_not_walked(tmp_path: Path) -> None:
    touch(tmp_path / "set", *numbered("a/{}.png"))
    touch(tmp_path / "far", *numbered("b/{}.png"), *numbered("c/{}.png"))
    for name in ("b", "c"):
        (tmp_path / "set" / name).symlink_to(tmp_path / "far" / name)
    (tmp_path / "set" / "same").symlink_to(tmp_path / "set" / "a")
    with pytest.raises(InputError, match=r"leads to 2 file\(s\) or folder\(s\).*: b and c\. Give"):
        scan(tmp_path / "set")
    assert scan(tmp_path / "set", follow=True).classes == ("a", "b", "c", "same")


def test_kinds_of_what_is_not_used_have_a_count_and_three_examples(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", *numbered("a/{}.xml", 5), "b/1.png")
    (unused,) = scan(tmp_path).unused
    assert str(unused) == ("5 file(s) (files of other kinds): a/1.xml, a/2.xml, a/3.xml and 2 more")
