"""Text from outside, such as the name of a file, for people and for spreadsheets. Light.

Nobody has to escape what is printed: messages of errors, consoles, events and tables do it.
"""

from __future__ import annotations

import re

# What shows nothing though Unicode counts it as a letter or a mark
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# A spreadsheet takes a cell for a formula that begins so; the quotes are those of guarded cells
_FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_LONG = re.compile(r"[^\s/\\]{300,}\b")  # longer than a name of a file can be
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)


def printable(text: str) -> str:
    r"""The text with whatever does not show as itself escaped, as in ``\x1b`` or ``\u202e``.

    A name can then move no cursor, begin no line, turn no direction of reading and hide nothing.

    Args:
        text: Of any kind, with lone surrogates, too.

    Returns:
        Text of one line. What was escaped once stays as it is.

    Example:
        >>> neuplug.printable("dent\rneuplug: error: \x1b[31mforged")
        'dent\\rneuplug: error: \\x1b[31mforged'
    """
    if text.isprintable() and _INVISIBLE.isdisjoint(text):
        return text
    return "".join(
        c if c.isprintable() and c not in _INVISIBLE else c.encode("unicode_escape").decode()
        for c in text
    )


def printable_lines(text: str) -> str:
    """The same of text whose line breaks are its author's own."""
    return "\n".join(map(printable, text.split("\n")))


def clipped(text: str) -> str:
    """A sentence without what is too long for one; a name of a file, or a path of some, is not."""
    text = _LONG.sub(lambda word: f"{word[0][:60]}… ({len(word[0])} characters)", text)
    return text if len(text) <= 8000 else f"{text[:8000]}… ({len(text)} characters)."


def guarded(cell: object) -> object:
    """A cell of a table as a spreadsheet may have it: text is printable, and no formula.

    Text that would be taken for one gets a single quote before it; numbers stay as they are.
    """
    if not isinstance(cell, str):
        return cell
    cell = printable(cell)
    formula = _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if formula else cell


def unguarded(cell: str) -> str:
    """The text of a cell without the quote that :func:`guarded` has put before it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
