"""Listed files: their order, and what tells one listing from another."""

from __future__ import annotations

import os
from pathlib import Path

from neuplug.data.layouts import scan
from neuplug.data.listing import fingerprint, natural_key

from .files import numbered, touch


def test_natural_key_is_total() -> None:
    names = ["a", "A", "a1", "a01", "a10", "a2", "1", "10", "2", "", "1a", "a/2", "a/10"]
    assert [n for n in sorted(names, key=natural_key) if n.startswith("a/")] == ["a/2", "a/10"]
    assert sorted(names, key=natural_key) == sorted(reversed(names), key=natural_key)


def test_fingerprint_tells_every_change(tmp_path: Path) -> None:
    touch(tmp_path, *numbered("a/{}.png"), *numbered("b/{}.png"))
    seen = [fingerprint(scan(tmp_path))]
    assert fingerprint(scan(tmp_path)) == seen[0]
    first = tmp_path / "a" / "1.png"

    def changed() -> None:
        seen.append(fingerprint(scan(tmp_path)))

    os.utime(first, ns=(0, 1))
    changed()
    os.utime(first, ns=(0, 2))
    changed()
    first.write_bytes(b"more")
    os.utime(first, ns=(0, 2))
    changed()
    first.rename(tmp_path / "b" / "9.png")
    changed()
    (tmp_path / "b" / "9.png").unlink()
    changed()
    assert len(set(seen)) == len(seen)
