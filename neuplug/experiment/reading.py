"""A run's results as they are read from its folder. Light."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from neuplug.errors import InputError, expect
from neuplug.experiment.results import FORMAT, Curves, RunResults
from neuplug.records import Record

RESULTS = "results.json"
CURVES = "curves.json"
_AGAIN = "compose the run again with --fresh."

# Complaints that say what was given, or that what was given would not help to know
_WHOLE = ("missing", "value_error", "extra_forbidden", "too_short", "too_long")

_Kind = TypeVar("_Kind", bound=Record)


def read_results(folder: str | Path) -> RunResults:
    """The results of the run in ``folder``.

    Raises:
        InputError: If there is no ``results.json``, or none that this version can read: the
            sentence names the place in the file that is wrong.
    """
    expect(folder, str | Path, "a run's folder", "a path")
    if not (Path(folder) / RESULTS).is_file():
        raise InputError(f"{folder} has no results.json: give the folder of a finished run.")
    return _read(Path(folder) / RESULTS, RunResults)


def read_curves(folder: str | Path) -> Curves:
    """The curves of the run in ``folder``.

    Raises:
        InputError: If their file is not there, or this version cannot read it.
    """
    return _read(Path(folder) / CURVES, Curves)


def _read(path: Path, kind: type[_Kind]) -> _Kind:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}): {_AGAIN}") from None
    number = content.get("format") if isinstance(content, dict) else None
    if type(number) is not int or number != FORMAT:
        found = "no format" if number is None else f"the format {number!r}"
        raise InputError(
            f"{path} has {found}, and this neuplug reads the format {FORMAT}: use the neuplug that "
            f"wrote it, or {_AGAIN}"
        )
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path} is damaged: {_first(error)}; {_AGAIN}") from None


def _first(error: ValidationError) -> str:
    """The first complaint with its place, such as ``cells[3].test.accuracy``."""
    first = error.errors(include_url=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if not place:
        return message
    given = "" if first["type"] in _WHOLE else f", not {first['input']!r:.60}"
    return f"{place.removeprefix('.')}: {message[:1].lower()}{message[1:]}{given}"
