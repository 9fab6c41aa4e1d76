"""From the bytes of a table to its rows, whatever program has written it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
        padded: (number of the first line, column) to the cell as it is written, where blanks around
            it were left out.
        comments: Lines before the header that begin with ``#``.
    """

    path: Path
    rows: list[tuple[int, list[str]]]
    encoding: str = ""
    delimiter: str | None = ","
    padded: Mapping[tuple[int, int], str] = field(default_factory=dict)
    comments: int = 0


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
    found, padded = [], {}
    rows = _split(path, text, delimiter, begin, strict=most is None)
    for line, written in itertools.islice(rows, most):
        cells = [cell.strip() for cell in written]
        if any(cells):
            found.append((line, cells))
        pairs = enumerate(zip(written, cells, strict=True))
        padded.update({(line, i): raw for i, (raw, cell) in pairs if raw != cell})
    if not found:
        raise InputError(f"{path} is empty: write a header, and a line for each image.")
    comments = _comments(found)
    return Table(path, found[comments:], encoding, delimiter, padded, comments)


def _comments(rows: list[tuple[int, list[str]]]) -> int:
    """How many rows at the beginning are comments: a header may begin with ``#name``."""
    width = Counter(len(cells) for _, cells in rows).most_common(1)[0][0]
    begin = itertools.takewhile(lambda row: row[1][0].startswith("#"), rows)
    return sum(len(cells) != width or cells[0][1:2] in ("", " ") for _, cells in begin)


def _decoded(path: Path, content: bytes, whole: bool) -> tuple[str, str]:
    """The text, and what its encoding was taken for if that is not UTF-8."""
    errors = "strict" if whole else "ignore"  # the beginning may end within a character
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ["utf-16"]
    elif b"\0" in content[:200]:
        odd, even = content[1:400:2].count(0), content[0:400:2].count(0)
        names = ["utf-16-le" if odd > even else "utf-16-be"] if max(odd, even) > 20 else ["utf-8"]
    else:
        names = ["utf-8-sig", "cp1252"]  # what is neither is no Latin-1, but of Asia, for example
    for name in names:
        try:
            return content.decode(name, errors), "" if name.startswith("utf-8") else name
        except UnicodeDecodeError:
            continue
    raise InputError(
        f"{path} is no text in UTF-8, UTF-16 or Windows-1252: save it as CSV in UTF-8, as "
        "spreadsheets offer it."
    )


def _delimiter(text: str) -> str | None:
    """What separates cells; ``None`` for blanks, of which the last in a line counts."""
    lines = [line for line in re.split(r"\r\n|\r|\n", text[: 1 << 16])[:_PROBED] if line.strip()]
    lines = list(itertools.dropwhile(lambda line: line.startswith("#"), lines)) or lines
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


def _split(
    path: Path, text: str, delimiter: str | None, begin: int, strict: bool
) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, cells with the blanks around them).

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
            yield first, row
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
