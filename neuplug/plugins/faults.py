"""Exceptions that plugins let escape, in one line. Loads no torch."""

from __future__ import annotations

import traceback
from pathlib import Path

# What a plugin may raise while it is imported or called; KeyboardInterrupt is the user's.
FAULTS = (Exception, SystemExit)
_CORE = Path(__file__).parents[1]


def told(error: BaseException) -> str:
    """An exception in one line, with where it was raised, unless that is in neuplug itself.

    The place is where a plugin called a library rather than within that, unless it is installed
    as one itself.

    Example:
        >>> from neuplug.plugins.faults import told
        >>> told(KeyError("q"))
        "KeyError: 'q'"
    """
    text = " ".join(f"{type(error).__name__}: {error}".split())
    frames = [(Path(f.filename), f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    others = [(path, line) for path, line in frames if not path.is_relative_to(_CORE)]
    near = [place for place in others if "site-packages" not in place[0].parts] or others
    if not near:
        return text
    path, line = near[-1]
    return f"{text.rstrip('.')} ({path.name}, line {line})"
