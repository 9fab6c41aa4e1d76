"""Names of distributions. Loads nothing."""

from __future__ import annotations

import re


def canonical(name: str) -> str:
    """A distribution's name as the packaging rules compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_blocked(blocklist: str, distribution: str, entry: str) -> bool:
    """Whether ``NEUPLUG_BLOCK`` names a distribution, or ``distribution:entry``."""
    for item in filter(None, map(str.strip, blocklist.split(","))):
        name, _, only = item.partition(":")
        if canonical(name) == canonical(distribution) and only in ("", entry):
            return True
    return False
