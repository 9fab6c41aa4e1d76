"""Texts of any kind: nothing ends in a traceback, and every answer is in sentences of one line."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

import neuplug
from neuplug import InputError
from neuplug.console import PlainConsole
from neuplug.experiment.config import resolve, setting
from neuplug.experiment.grammar import load_yaml, parse_arm
from neuplug.storage.files import file_names, write_csv
from neuplug.text import guarded, printable_lines, unguarded

few = settings(max_examples=60, deadline=None, derandomize=True)
TEXT = st.text(st.characters(), max_size=40)  # lone surrogates among them
WORDS = st.sampled_from(
    ["a", "A", "flip", "dcgan", "@", "+", ",", ";", "=", "add=3", "to=", ": ", "/", '"', "only=x",
     "except=", "runs=2", "filter=copies", "[", "{", "*", "&", "!!", "\n", "\x1b", "\u202e", "\0",
     " ", "9" * 30, "-1", "nan", "none", "\ud800", "keep=real", "replace", ".lr", "training"]
)  # fmt: skip
TYPED = st.one_of(TEXT, st.lists(WORDS, max_size=8).map("".join))


def is_a_sentence(error: BaseException) -> bool:
    return bool(str(error)) and all(line.isprintable() for line in str(error).split("\n"))


@few
@given(TEXT)
def test_what_is_printable(text: str) -> None:
    shown = neuplug.printable(text)
    assert shown.isprintable() and neuplug.printable(shown) == shown
    assert shown == text or not text.isprintable() or "\\u" in shown
    assert printable_lines(text).count("\n") == text.count("\n")
    assert str(InputError(text)) == shown and str(InputError(text, text)).count("\n") == 1
    out = io.StringIO()
    console = PlainConsole(file=out, width=1000)
    console.print(text)
    console.print(Text(text))
    assert all(line.isprintable() for line in out.getvalue().split("\n"))


@few
@given(st.lists(TEXT, max_size=8))
def test_names_of_files(texts: list[str]) -> None:
    names = file_names(texts, "class")
    alike = {unicodedata.normalize("NFD", name).casefold() for name in names}
    assert len(alike) == len(names) == len(texts)
    for name in names:
        assert name.isprintable() and 0 < len(name.encode()) <= 64
        assert (
            not set(name) & set('<>:"/\\|?*') and name[0] not in " .-=+@" and name[-1] not in " ."
        )
        assert name.partition(".")[0].rstrip().lower() not in ("con", "prn", "aux", "nul", "com1")


@pytest.mark.parametrize("name", ["dent", "a b", "caf\u00e9", "\u732b", "x" * 60, "v1.2"])
def test_a_name_that_any_disk_takes_stays(name: str) -> None:
    assert file_names([name], "class") == [name]


@few
@given(st.lists(st.one_of(TEXT, st.floats(), st.integers()), min_size=1, max_size=4))
def test_cells_of_tables(cells: list[object]) -> None:
    shown = [guarded(cell) for cell in cells]
    for cell, said in zip(cells, shown, strict=True):
        if isinstance(cell, str):
            assert isinstance(said, str) and unguarded(said) == neuplug.printable(cell)
            assert said[:1] not in tuple("=@") and (
                said[:1] not in tuple("+-") or float(said) <= 1e99
            )
        else:
            assert said is cell


def test_a_table_keeps_its_numbers(tmp_path: Path) -> None:
    rows = [[-1, "-0.5", "-1e-3", "=1", "-x", "'=1", "+", "@a", "a\tb", "\rx", 2.5]]
    write_csv(tmp_path / "x.csv", ["=head"] * 11, rows)
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        head, row = csv.reader(file)
    assert head[0] == "'=head"
    assert row == ["-1", "-0.5", "-1e-3", "'=1", "'-x", "''=1", "'+", "'@a", "a\\tb", "\\rx", "2.5"]


@few
@given(TYPED)
def test_arms_and_settings_as_anybody_types_them(text: str) -> None:
    for read in (parse_arm, setting, load_yaml):
        try:
            read(text)
        except ValueError as error:  # an InputError is one
            assert is_a_sentence(error) or read is load_yaml


@few
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "aug",
                "clf",
                "classes",
                "limit",
                "imgsz",
                "per_class",
                "add",
                "name",
                "data",
                "options",
                "training",
                "seed",
                "device",
                "eval",
                "recipe",
                "nothing",
            ]
        ),
        st.one_of(
            TYPED,
            st.none(),
            st.booleans(),
            st.floats(),
            st.integers(),
            st.lists(TYPED, max_size=3),
            st.dictionaries(TYPED, TYPED, max_size=2),
        ),
        max_size=4,
    )
)
def test_settings_of_any_type(values: dict[str, object]) -> None:  # fmt: skip
    try:
        resolve(flags={"clf": ["a"], **values}, environment={})
    except InputError as error:
        assert is_a_sentence(error)
