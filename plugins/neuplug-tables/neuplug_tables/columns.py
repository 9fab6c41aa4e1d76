"""Which column of a table names the image, which the class, the part of the split, the group."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

from pydantic import Field

from neuplug import InputError, Options
from neuplug.data.listing import SplitName, listed
from neuplug.errors import Problems, did_you_mean
from neuplug_folders.parts import part_in_name
from neuplug_tables.files import Files
from neuplug_tables.reading import Table

_PATHS = (
    "path", "filepath", "imagepath", "imgpath", "file", "filename", "imagefile", "imagefilename",
    "imagename", "imgname", "image", "images", "img", "imageid", "imgid", "fileid", "id", "name",
    "photo", "picture", "isicid", "fname",
)  # fmt: skip
_LABELS = (
    "class", "classes", "classname", "classlabel", "classid", "category", "categoryname",
    "categoryid", "dx", "diagnosis", "diagnose", "target", "labels", "labelname", "labelid",
    "species", "breed", "y", "gt", "groundtruth", "annotation", "defect", "defecttype",
    "defectclass",
    "disease", "finding", "findinglabels", "findings", "emotion", "grade", "level", "type", "tag",
)  # fmt: skip
_SPLITS = (
    "split", "set", "usage", "subset", "partition", "phase", "mode", "fold", "dataset", "splitset",
    "traintest", "trainorTest", "datasplit", "purpose",
)  # fmt: skip
_GROUPS = (
    "group", "groupid", "patient", "patientid", "patientnumber", "subject", "subjectid", "lesionid",
    "caseid", "case", "objectid", "seriesid", "series", "videoid", "video", "slideid", "slide",
    "plateid", "specimen", "specimenid", "studyid", "person", "personid",
)  # fmt: skip
_YES, _NO = {"1", "true", "yes"}, {"0", "false", "no", ""}
EMPTY = {"", "nan", "null"}

_PROBED = 200  # cells of a column that are looked up to tell whether it names images


class TablesOptions(Options):
    """Which columns are meant, where a table leaves it open."""

    path: str | None = Field(None, description="column that names the images")
    label: str | None = Field(None, description="column of the classes")
    split: str | None = Field(None, description="column of the parts of a given split")
    group: str | None = Field(None, description="column of what a split must not divide")


@dataclass
class Columns:
    """What each column of a table is.

    Attributes:
        names: The header; ``column 1`` and so on where there is none.
        rows: (line number, cells) below it.
        hot: Columns of which one is 1 in each row: the classes.
        said: Sentences about how images were found.
        guessed: Sentences about columns that were guessed, which a run must say.
    """

    names: list[str]
    rows: list[tuple[int, list[str]]]
    path: int = -1
    label: int = -1
    split: int | None = None
    group: int | None = None
    hot: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    guessed: list[str] = field(default_factory=list)

    def cells(self, column: int) -> list[str]:
        """A column's cells; a row that ends before it has an empty one."""
        return [cells[column] if column < len(cells) else "" for _, cells in self.rows]

    @property
    def used(self) -> list[str]:
        """The names of the columns that are used."""
        label = [self.names[self.label]] if self.label >= 0 else [self.names[i] for i in self.hot]
        more = [self.names[i] for i in (self.split, self.group) if i is not None]
        return [self.names[self.path], *label, *more]


def find_columns(table: Table, files: Files, options: TablesOptions) -> Columns:
    """Find the columns that are asked for, or those that they can only be.

    Raises:
        InputError: If an option names no column, or it cannot be told which is meant.
    """
    first = table.rows[0][1]
    if any(re.search(r"[\d./\\]", cell) and files.find(cell) for cell in first if len(cell) > 3):
        width = Counter(len(cells) for _, cells in table.rows).most_common(1)[0][0]
        _refuse_ragged(table, table.rows, width, "most rows")
        names = [f"column {number}" for number in range(1, width + 1)]
        columns = Columns(names, table.rows)
        columns.said.append("the table has no header, so its first line is taken for an image.")
    else:
        # spreadsheets end a header with a comma for each column that has any cell
        width = max((i for i, name in enumerate(first, start=1) if name), default=0)
        _refuse_ragged(table, table.rows[1:], width, "the header")
        columns = Columns([" ".join(name.split("\n")) for name in first], table.rows[1:])
    if not columns.rows:
        raise InputError(f"{table.path} lists no images: there is nothing below its header.")
    finder = _Finder(table, columns, files)
    finder.refuse_unknown(options)
    columns.path = finder.asked(options.path, finder.path)
    columns.split = finder.asked(options.split, finder.split)
    columns.group = finder.asked(options.group, finder.group)
    columns.label = finder.asked(options.label, finder.label)
    for what in ("path", "label", "split", "group"):
        finder.refuse_same_name(getattr(columns, what), getattr(options, what) is not None)
    for column in columns.hot:
        finder.refuse_same_name(column, exact=True)
    finder.say(options)
    return columns


def _refuse_ragged(
    table: Table, rows: Sequence[tuple[int, list[str]]], width: int, than: str
) -> None:
    """Refuse rows of more or fewer cells than there are columns, for their cells may be shifted.

    Raises:
        InputError: About all of them. Empty cells at the end of a row are none.
    """
    more = [f"line {line}" for line, cells in rows if any(cells[width:])]
    fewer = [f"line {line}" for line, cells in rows if len(cells) < width]
    mark = {",": "a comma", ";": "a semicolon", "\t": "a tab"}.get(
        table.delimiter or "", f"{table.delimiter!r}"
    )
    said = []
    if more:
        said.append(
            f"{len(more)} of {len(rows)} rows have more cells than {than} ({listed(more, 3)}): "
            f"quote labels that contain {mark}, or name all columns"
        )
    if fewer:
        said.append(
            f"{len(fewer)} of {len(rows)} rows have fewer cells than {than} ({listed(fewer, 3)}): "
            "write an empty cell for each that is left out"
        )
    if said:
        raise InputError(f"{table.path}: {'; '.join(said)}.")


def _key(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _flag(cell: str) -> str:
    """A cell of 0 or 1 without decimals, with a point or a comma."""
    return re.sub(r"([01])[.,]0*", r"\1", cell.casefold())


@dataclass
class _Finder:
    table: Table
    columns: Columns
    files: Files

    def asked(self, name: str | None, find):  # type: ignore[no-untyped-def]
        """The column of a name that the user gives, in any case of letters; else what is found."""
        return find() if name is None else self._called(name)[0]

    def _called(self, name: str) -> list[int]:
        """The columns of a name, or of one that differs in the case of letters alone."""
        for same in (str.__eq__, lambda a, b: _key(a) == _key(b)):
            if found := [i for i, other in enumerate(self.columns.names) if same(other, name)]:
                return found
        return []

    def refuse_unknown(self, options: TablesOptions) -> None:
        """Refuse names that the user gives and no column has.

        Raises:
            InputError: About all of them.
        """
        names, problems = self.columns.names, Problems()
        for what in ("path", "label", "split", "group"):
            name = getattr(options, what)
            if name is not None and not self._called(name):
                problems.append(
                    f"{self.table.path} has no column {name!r} (tables.{what})."
                    f"{did_you_mean(name, names)} It has {listed([n for n in names if n], 20)}."
                )
        problems.refuse()

    def _named(self, known: Sequence[str]) -> list[int]:
        """Columns of known names, in the order in which these are known."""
        keys = [_key(name) for name in self.columns.names]
        return [keys.index(name) for name in known if name in keys]

    def _ask(self, what: str, among: Sequence[int], why: str) -> InputError:
        names = [self.columns.names[i] or f"column {i + 1}" for i in among]
        example = next((name for name in names if name), "NAME")
        return InputError(
            f"{self.table.path}: {why} {listed(names, 20)}. Choose one with --set "
            f"tables.{what}={example}, or rename it to {what}."
        )

    def path(self) -> int:
        if exact := self._named(["path"]):
            return exact[0]
        found = []
        for column in range(len(self.columns.names)):
            cells = list(dict.fromkeys(c for c in self.columns.cells(column) if c))[:_PROBED]
            hits = sum(bool(self.files.find(cell)) for cell in cells)
            if cells and 2 * hits >= len(cells):
                found.append(column)
        named = [column for column in self._named(_PATHS) if column in found or not found]
        images = [
            i for i in found if not re.search("mask|annot|label|seg", self.columns.names[i], re.I)
        ]
        if len(images) == 1:
            return images[0]
        if len(named) == 1 or (named and not found):
            return named[0]
        if not found:
            everything = range(len(self.columns.names))
            raise self._ask("path", everything, "no column names images that lie there; it has")
        raise self._ask("path", found, "several columns name images:")

    def split(self) -> int | None:
        exact = self._named(["split"])
        if exact:
            return exact[0]
        for column in self._named(_SPLITS):
            values = {value for value in self.columns.cells(column) if value}
            if len(values) > 1 and all(split_of(value, values) for value in values):
                return column
        return None

    def group(self) -> int | None:
        found = [column for column in self._named(_GROUPS) if column != self.columns.path]
        return found[0] if found else None

    def label(self) -> int:
        taken = {self.columns.path, self.columns.split, self.columns.group}
        if exact := [column for column in self._named(["label"]) if column not in taken]:
            return exact[0]
        known = [column for column in self._named(_LABELS) if column not in taken]
        if len(known) == 1:
            return known[0]
        if known:
            raise self._ask("label", known, "the class may be in any of the columns")
        left = [i for i, name in enumerate(self.columns.names) if i not in taken and name]
        if self._one_hot(left):
            return -1
        few = [i for i in left if self._tells_classes(i)]
        if len(left) == 1:
            return left[0]
        if not left:
            raise InputError(
                f"{self.table.path} has no column of classes: its columns are "
                f"{listed(self.columns.names, 20)}. Is it a list of images without labels?"
            )
        raise self._ask("label", few or left, "no column is called label; the class may be in")

    def refuse_same_name(self, column: int | None, exact: bool) -> None:
        """Refuse another column of the name of one that is used, if it says something else.

        Raises:
            InputError: If any of its cells differs.
        """
        if column is None or column < 0:
            return
        columns = self.columns
        same = str if exact else _key
        name = columns.names[column]
        again = [i for i, other in enumerate(columns.names) if same(other) == same(name)]
        if not name or len(again) < 2:
            return
        cells = [columns.cells(i) for i in again]
        differ = [
            f"line {line}"
            for (line, _), *values in zip(columns.rows, *cells, strict=True)
            if len(set(values)) > 1
        ]
        if differ:
            raise InputError(
                f"{self.table.path}: {len(again)} columns are called {name}, and their cells "
                f"differ in {len(differ)} of {len(columns.rows)} rows ({listed(differ, 3)}): "
                "rename or remove those that are not meant."
            )
        columns.said.append(
            f"{len(again)} columns are called {name}, with the same cells; the first is used."
        )

    def _tells_classes(self, column: int) -> bool:
        cells = self.columns.cells(column)
        return 1 < len(set(cells)) <= max(2, len(cells) // 2)

    def _one_hot(self, left: Sequence[int]) -> bool:
        """Take columns of 0 and 1, of which one is 1 in each row, for the classes."""
        hot = []
        for column in left:
            cells = {_flag(cell) for cell in self.columns.cells(column)}
            if cells <= _YES | _NO and cells & _NO and cells - {""}:
                hot.append(column)
        if len(hot) < 2:
            return False
        sums = [len(self.hot_of(cells, hot)) for _, cells in self.columns.rows]
        if max(sums) > 1:
            rows = zip(self.columns.rows, sums, strict=True)
            several = [str(line) for (line, _), number in rows if number > 1]
            names = listed([self.columns.names[i] for i in hot])
            raise InputError(
                f"{self.table.path}: {len(several)} rows have several classes in the columns "
                f"{names} (lines {listed(several, 3)}), and a classifier learns one class "
                "for each image. Choose one column with --set tables.label=NAME, or keep the "
                "images of one class."
            )
        self.columns.hot = hot
        return True

    @staticmethod
    def hot_of(cells: Sequence[str], hot: Sequence[int]) -> list[int]:
        """The columns that are 1 in a row."""
        return [i for i in hot if i < len(cells) and _flag(cells[i]) in _YES]

    def say(self, options: TablesOptions) -> None:
        """Say what was guessed; nothing of columns that are called as they should be."""
        columns, guessed = self.columns, []
        if columns.names[columns.path].casefold() != "path" and options.path is None:
            columns.said.append(f"the image is {_column(columns.names[columns.path])}.")
        if columns.hot:
            hot = listed([columns.names[i] for i in columns.hot])
            guessed.append(f"the label is the one of {hot} that is 1")
            used = {i for _, cells in columns.rows for i in self.hot_of(cells, columns.hot)}
            if never := [columns.names[i] for i in columns.hot if i not in used]:
                columns.guessed.append(f"There is no image of class {listed(never)}.")
        for what in ("label", "split", "group"):
            column = getattr(columns, what)
            if column is None or column < 0 or getattr(options, what) is not None:
                continue
            if columns.names[column].casefold() != what:
                guessed.append(f"the {what} is {_column(columns.names[column])}")
        if guessed:
            text = "; ".join(guessed)
            columns.guessed.append(
                f"{text[:1].upper()}{text[1:]}: --set tables.label=NAME and the like choose others."
            )
        self._say_unused(options)

    def _say_unused(self, options: TablesOptions) -> None:
        """Say which columns are not used; a run says it of those that may be meant."""
        columns = self.columns
        used = {columns.path, columns.label, columns.split, columns.group, *columns.hot}
        left = [i for i, name in enumerate(columns.names) if name and i not in used]
        for what, known in (("label", _LABELS), ("split", _SPLITS), ("group", _GROUPS)):
            rivals = [i for i in self._named(known) if i in left]
            if not rivals or getattr(options, what) is not None:
                continue
            left = [i for i in left if i not in rivals]
            columns.guessed.append(
                f"Not used: column {listed([columns.names[i] for i in rivals])}, since "
                f"{self._instead(what, rivals[0])}. --set tables.{what}=NAME chooses another."
            )
        if left:
            columns.said.append(f"not used: {listed([_column(columns.names[i]) for i in left])}.")

    def _instead(self, what: str, rival: int) -> str:
        """Why a column of a known name is not the label, the split or the group."""
        own = getattr(self.columns, what)
        if own is not None:
            return f"the {what} is {_column(self.columns.names[own]) if own >= 0 else 'in others'}"
        cells = listed(list(dict.fromkeys(self.columns.cells(rival))), 3)
        return f"its cells, such as {cells}, are no parts of a split"


def _column(name: str) -> str:
    return name if name.startswith("column ") else f"column {name}"


def hot_label(columns: Columns, cells: Sequence[str]) -> str:
    """The class of a row whose classes are columns; empty if none is 1."""
    found = _Finder.hot_of(cells, columns.hot)
    return columns.names[found[0]] if found else ""


def split_of(value: str, values: set[str]) -> SplitName | None:
    """The part of a split that a cell says, beside the other values of its column."""
    part = part_in_name(value)
    if part == "eval":
        return "val" if any(part_in_name(other) == "test" for other in values) else "test"
    return part if part in get_args(SplitName) else None  # type: ignore[return-value]
