"""From the bytes of a table to its rows, whatever program has written it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from neuplug import InputError

ENDINGS = {".csv", ".tsv", ".tab", ".txt", ".lst", ".list"}
SHEETS = {".xlsx", ".xls", ".xlsm", ".ods", ".parquet", ".numbers"}

_MOST = 512 * 1024**2  # bytes
_PROBED = 50  # rows that decide on the delimiter
_DELIMITERS = ",;\t|"
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    r"""The rows of a table, of stripped cells.

    Attributes:
        rows: (number of the first line, cells), the header among them if there is one. A quoted
            cell may have line breaks in it, as ``\n``.
        encoding: ``""`` for UTF-8, else what the bytes were taken for.
        delimiter: What separates cells; ``None`` for blanks.
    """

    path: Path
    rows: list[tuple[int, list[str]]]
    encoding: str = ""
    delimiter: str | None = ","


def read_table(path: Path, most: int | None = None) -> Table:
    """Read a table.

    Args:
        path: A text file.
        most: Rows that are wanted; by default all.

    Raises:
        InputError: If it is no text, has no rows, or a cell or line that no table has.
        OSError: If it cannot be read.
    """
    if path.stat().st_size > _MOST:
        raise InputError(f"{path} is larger than {_MOST >> 20} MiB, which no table of images is.")
    with path.open("rb") as file:
        content = file.read() if most is None else file.read(1 << 16)
    text, encoding = _decoded(path, content, whole=most is None)
    if "\0" in text:
        line = len(re.findall(r"\r\n|\r|\n", text[: text.index("\0")])) + 1
        raise InputError(f"{path}, line {line}: there is a NUL byte, which no table of text has.")
    begin, separator = 0, _SEPARATOR_LINE.match(text)
    if separator:
        text, begin = text[separator.end() :], 1
    delimiter = separator[1] if separator else _delimiter(text)
    rows = _split(path, text, delimiter, begin, strict=most is None)
    found = [(line, cells) for line, cells in itertools.islice(rows, most) if any(cells)]
    if not found:
        raise InputError(f"{path} is empty: write a header, and a line for each image.")
    return Table(path, found, encoding, delimiter)


def _decoded(path: Path, content: bytes, whole: bool) -> tuple[str, str]:
    """The text, and what its encoding was taken for if that is not UTF-8."""
    errors = "strict" if whole else "ignore"  # the beginning may end within a character
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ["utf-16"]
    elif b"\0" in content[:200]:
        odd, even = content[1:400:2].count(0), content[0:400:2].count(0)
        names = ["utf-16-le" if odd > even else "utf-16-be"] if max(odd, even) > 20 else ["utf-8"]
    else:
        names = ["utf-8-sig", "cp1252", "latin-1"]
    for name in names:
        try:
            return content.decode(name, errors), "" if name.startswith("utf-8") else name
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path} is no text in UTF-8, UTF-16 or Latin-1: save it as CSV in UTF-8.")


def _delimiter(text: str) -> str | None:
    """What separates cells; ``None`` for blanks, of which the last in a line counts."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text[: 1 << 16])[:_PROBED] if line.strip()]
    best, score = None, (0.0, 1)
    for delimiter in _DELIMITERS:
        try:
            rows = [row for row in _reader(lines, delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows) / max(1, len(rows))
        if width > 1 and (round(alike, 1), width) > score:
            best, score = delimiter, (round(alike, 1), width)
    return best


def _reader(lines: Iterable[str], delimiter: str, strict: bool = False):  # type: ignore[no-untyped-def]
    # a blank before a quote would make the quote a part of the cell
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


def _split(path: Path, text: str, delimiter: str | None, begin: int, strict: bool):  # type: ignore[no-untyped-def]
    """Yield (number of the first line, stripped cells).

    Raises:
        InputError: If ``strict`` is set and a quote is not closed, or text follows one that is.
    """
    if delimiter is None:
        for line, content in enumerate(re.split(r"\r\n|\r|\n", text), 1 + begin):
            cells = content.strip().rsplit(None, 1) if " " in content.strip() else [content.strip()]
            yield line, [cell.strip(" \"'") for cell in cells]
        return
    reader = _reader(io.StringIO(text, newline=""), delimiter, strict)
    first = begin + 1
    try:
        for row in reader:
            yield first, [cell.strip() for cell in row]
            first = reader.line_num + begin + 1
    except csv.Error as error:
        last = reader.line_num + begin
        said = str(error)
        if "end of data" in said or ("expected after" in said and last > first):
            raise InputError(f"{path}: the quote opened in line {first} is not closed.") from None
        if "expected after" in said:
            raise InputError(
                f"{path}, line {last}: text follows a closed quote: write quotes within a cell "
                "twice, and the whole cell in quotes."
            ) from None
        raise InputError(
            f"{path}, line {last}: {error}. Is it a table, and are its quotes closed?"
        ) from None
