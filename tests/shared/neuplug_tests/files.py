"""Files without content, by their names."""

from __future__ import annotations

from pathlib import Path


def touch(root: Path, *names: str) -> Path:
    """Make files; their content does not matter, for none is opened."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def numbered(pattern: str, count: int = 3) -> list[str]:
    return [pattern.format(number + 1) for number in range(count)]
