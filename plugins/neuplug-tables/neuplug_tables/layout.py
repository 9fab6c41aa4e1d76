"""List the images of a table, or say of a folder that a table names its images. Light."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from neuplug import Entry, InputError, Layout, Listing
from neuplug.data.layouts import is_image
from neuplug.data.listing import SPLIT_NAMES, SplitName, Unused, listed, natural_key
from neuplug.text import printable, unguarded
from neuplug_tables.columns import EMPTY, Columns, TablesOptions, find_columns, hot_label, split_of
from neuplug_tables.files import Files, images_below, is_file, parts_of, same_image
from neuplug_tables.reading import ENDINGS, SHEETS, Table, read_table

_LABEL = 300  # characters: more is no class, but a text
_TABLES = 20  # beside images, that are looked into
_ROWS = 20  # of each
_IMAGES = 20_000  # whose names are looked for in them


class Tables(Layout):
    """A table of images and labels, as text: CSV, tabs, semicolons, with or without a header."""

    options_class = TablesOptions

    def scan(self, path: Path) -> Listing | str | None:
        """List the images that a table names."""
        options = self.options
        assert isinstance(options, TablesOptions)
        if path.is_dir():
            if options != TablesOptions():
                raise InputError(f"{path} is a folder: --set tables.… is about a table.")
            return _tables_of(path)
        if path.suffix.lower() in SHEETS:
            raise InputError(f"{path} is a spreadsheet: save it as CSV, and give that.")
        if path.suffix.lower() not in ENDINGS:
            return None
        table = read_table(path)
        files = Files(path, self.follow)
        return _Reading(table, files, find_columns(table, files, options)).listing()


def _tables_of(folder: Path) -> str | None:
    """A sentence about tables in a folder or beside it that name its images."""
    names: dict[str, list[Path]] = defaultdict(list)
    for image in itertools.islice(images_below(folder), _IMAGES):
        for name in {image.name.casefold(), image.stem.casefold()}:
            names[name].append(image)
    found, sure = [], True
    places = [folder, *([folder.resolve().parent] if names else [])]
    tables = [p for place in places for p in sorted(place.iterdir()) if p.suffix.lower() in ENDINGS]
    for path in tables[:_TABLES]:
        try:
            rows = read_table(path, _ROWS).rows if path.is_file() else []
        except (InputError, OSError):
            continue
        own = [[cell for cell in cells if _names(cell, names, path, folder)] for _, cells in rows]
        if sum(map(bool, own)) * 2 >= len(rows) > 1:
            found.append(path)
            sure &= any(len(parts_of(cell)) > 1 for cells in own for cell in cells)
    if not found:
        return None
    what = "The table" if len(found) == 1 else "One of the tables"
    means = "names these images" if sure else "may name these images, whose file names are in it"
    return f"{what} {listed([str(path) for path in found], 3)} {means}: give it as --data."


def _names(cell: str, names: Mapping[str, list[Path]], table: Path, folder: Path) -> bool:
    """Whether a cell of a table means an image of a folder, given these by their names."""
    *_, name = parts_of(cell) or [""]
    own = table.parent / cell.replace("\\", "/")
    if len(parts_of(cell)) > 1 and is_file(own):
        return own.resolve().is_relative_to(folder.resolve())
    return any(same_image(cell, image, folder) for image in names.get(name, ()))


@dataclass
class _Reading:
    """Makes entries of rows, and gathers what is wrong with them by its kind.

    Attributes:
        wrong: What is wrong, to the lines, with the cells where these help.
        moved: Cells of images that were found elsewhere than they say.
        elsewhere: Those of other folders, with the images found for them.
    """

    table: Table
    files: Files
    columns: Columns
    wrong: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    moved: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def listing(self) -> Listing:
        """The images of all rows.

        Raises:
            InputError: About all that is wrong, if anything is.
        """
        columns, path = self.columns, self.table.path
        names = columns.cells(columns.path)
        labels = self._labels()
        self._refuse_several_labels(labels)
        splits, twice = self._splits(), 0
        groups = None if columns.group is None else columns.cells(columns.group)
        for number, (line, _) in enumerate(columns.rows):
            file = self._file(names[number], line)
            label = labels[number]
            given = (names[number], label, groups[number] if groups else "")
            if any(self._swallows(cell) for cell in given):
                self.wrong["go on in the next line (is a quote not closed?)"].append(f"line {line}")
                continue
            if len(label) > _LABEL:
                self.wrong[f"have a label of more than {_LABEL} characters"].append(f"line {line}")
                continue
            if not label:
                self.wrong["have no label"].append(f"line {line}")
            if file is None or not label:
                continue
            place = _place(file, path.parent)
            group = groups[number] or None if groups else None
            entry = Entry(file, place, label, splits[number], group)
            if (other := self.entries.get(place)) is not None:
                if other.label != entry.label:
                    self.wrong["name an image of another class again"].append(
                        f"line {line}: {place} is {entry.label}, in line {self.lines[place]} "
                        f"{other.label}"
                    )
                twice += 1
                continue
            self.entries[place], self.lines[place] = entry, line
        self._refuse()
        self._say(twice)
        entries = sorted(self.entries.values(), key=lambda entry: natural_key(entry.id))
        used = {os.path.normpath(entry.path) for entry in entries}
        beside = [p for f in sorted({e.path.parent for e in entries}) for p in sorted(f.iterdir())]
        left = [p for p in beside if is_image(p) and os.path.normpath(p) not in used]
        unused = Unused.of("images that the table does not name", left, path.parent, True)
        return Listing(
            path.parent,
            f"a CSV manifest ({listed(columns.used)})",
            tuple(entries),
            (unused,) if left else (),
            remarks=tuple(columns.said),
            cautions=tuple(self._cautions()),
        )

    def _swallows(self, cell: str) -> bool:
        """Whether a cell goes on in the next line with what looks like the cells of that."""
        _, *more = re.split(r"[\r\n]+", cell)
        return any((self.table.delimiter or " ") in line for line in more)

    def _labels(self) -> list[str]:
        columns = self.columns
        if columns.hot:
            return [hot_label(columns, cells) for _, cells in columns.rows]
        cells = map(unguarded, columns.cells(columns.label))
        labels = ["" if cell.casefold() in EMPTY else cell for cell in cells]
        if all(re.fullmatch(r"-?\d+\.0*|", label) for label in labels):  # as pandas writes integers
            return [label.partition(".")[0] for label in labels]
        return labels

    def _splits(self) -> list[SplitName | None]:
        if self.columns.split is None:
            return [None] * len(self.columns.rows)
        cells = self.columns.cells(self.columns.split)
        found: list[SplitName | None] = []
        for (line, _), cell in zip(self.columns.rows, cells, strict=True):
            found.append(split_of(cell, set(cells)) if cell else None)
            if cell and found[-1] is None:
                self.wrong["have a split that is none of train, val and test"].append(
                    f"line {line}: {cell!r}"
                )
        if blank := cells.count(""):
            self.columns.guessed.append(f"{blank} of {len(cells)} rows have no split.")
        pairs = {(cell, part) for cell, part in zip(cells, found, strict=True) if part}
        if odd := [
            f"{cell} is {part}" for cell, part in sorted(pairs) if cell.lower() not in SPLIT_NAMES
        ]:
            self.columns.guessed.append(f"Of the parts of the split, {listed(odd, 10)}.")
        return found

    def _file(self, cell: str, line: int) -> Path | None:
        if not cell:
            self.wrong["name no image"].append(f"line {line}")
            return None
        found = self.files.find(cell)
        if len(found) != 1:
            if found:
                places = listed([_place(path, self.table.path.parent) for path in found], 2)
                self.wrong["may mean several images"].append(f"line {line}: {cell} is {places}")
            else:
                self.wrong["name an image that is not there"].append(f"line {line}: {cell}")
            return None
        place = _place(found[0], self.table.path.parent)
        said = self.table.path.parent / cell.replace("\\", "/")
        if place == _place(said, self.table.path.parent):
            return found[0]
        if self.files.contradicts(cell, found[0]):
            if self.files.refutes(cell, found[0]):
                gone = f"line {line}: {cell}; {place} is another one"
                self.wrong["name an image that is not there"].append(gone)
                return None
            self.elsewhere.append(f"{cell} is {place}")
        self.moved.append(cell)
        return found[0]

    def _refuse_several_labels(self, labels: Sequence[str]) -> None:
        """Refuse cells with several classes, such as ``crack|rust`` beside ``rust``."""
        for separator in "|;,":
            within: dict[str, set[str]] = defaultdict(set)
            for label in set(labels):
                for piece in label.split(separator):
                    within[piece.strip()].add(label)
            often = [piece for piece, where in within.items() if piece and len(where) > 1]
            several = [label for label in labels if separator in label]
            if len(often) > 1 and several:
                raise InputError(
                    f"{self.table.path}: {len(several)} images have several classes, such as "
                    f"{listed(list(dict.fromkeys(several)), 3)}: neuplug trains classifiers of one "
                    "class for each image. Keep the images of one class, or choose one class."
                )

    def _refuse(self) -> None:
        again = self.wrong.get("name an image of another class again")
        rows = len(self.columns.rows)
        if self.wrong:
            parts = [
                f"{len(at)} of {rows} rows {what} ({_shown(at)})" for what, at in self.wrong.items()
            ]
            advice = ""
            if "name an image that is not there" in self.wrong:
                advice = " Names are relative to the table's folder; put it beside the images."
            if "have no label" in self.wrong:
                advice += " Fill the labels in, or take the rows out."
            if again:
                advice += " An image can have one class only."
            raise InputError(f"{self.table.path}: {'; '.join(parts)}.{advice}")

    def _say(self, twice: int) -> None:
        said = self.columns.said
        if self.table.encoding:
            said.append(f"the table is read as {self.table.encoding}.")
        if self.table.comments:
            lines = f"{self.table.comments} line(s) before the header"
            said.append(f"{lines} begin with # and are passed over as comments.")
        if self.moved:
            folders = Counter(
                _place(self.files.find(cell)[0].parent, self.table.path.parent)
                for cell in self.moved
            )
            places = [("its own folder" if f == "." else f"{f}/") for f in folders]
            said.append(
                f"{len(self.moved)} names are no paths of files, such as {self.moved[0]}, and are "
                f"found in {listed(places, 3)}."
            )
        if twice:
            said.append(f"{twice} row(s) name an image again, with the same class.")

    def _cautions(self) -> list[str]:
        labels: Mapping[str, int] = Counter(entry.label for entry in self.entries.values())
        formulas = [label for label in labels if label[0] in "=@"]
        said = [*self.columns.guessed, *self._blanks()]
        if self.elsewhere:
            said.append(
                f"{len(self.elsewhere)} images lie in other folders than the table says, and are "
                f"found by their file names alone: {_shown(self.elsewhere)}."
            )
        foreign = [label for label in labels if not label.isascii()]
        if self.table.encoding == "cp1252" and foreign:
            said.append(
                "The table is not in UTF-8 and is read as Windows-1252, so that there are labels "
                f"such as {foreign[0]!r}: if they are wrong, save the table as CSV in UTF-8."
            )
        if hidden := [label for label in labels if printable(label) != label]:
            said.append(
                f"{len(hidden)} label(s) have characters that do not show ({_shown(hidden)}): "
                "correct the table, or save it as CSV in UTF-8 if it is in another encoding."
            )
        if formulas:
            shown = listed(formulas, 3)
            said.append(f"Labels begin like formulas of a spreadsheet and are text: {shown}.")
        return said

    def _blanks(self) -> list[str]:
        """Labels of which some cells have blanks around them and others have not."""
        written: dict[str, set[str]] = defaultdict(set)
        for line, cells in self.columns.rows:
            cell = cells[self.columns.label] if 0 <= self.columns.label < len(cells) else ""
            written[cell].add(self.table.padded.get((line, self.columns.label), cell))
        alike = [sorted(spelled) for cell, spelled in written.items() if cell and spelled != {cell}]
        several = [" and ".join(map(repr, spelled)) for spelled in alike if len(spelled) > 1]
        one = "Labels differ in the blanks around them alone, and are one class"
        return [f"{one}: {'; '.join(several[:3])}."] if several else []


def _shown(items: Sequence[str]) -> str:
    return listed(items, 3)


def _place(file: Path, root: Path) -> str:
    """The path relative to ``root`` if it is within, or written relative to it; else absolute."""
    if file.is_relative_to(root):
        return Path(os.path.relpath(file, root)).as_posix()
    return file.as_posix()
