"""Every promise of docs/security.md names a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_promise_has_its_test() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for row in rows:
        file, _, name = row.split("`")[-2].partition("::")
        source = (ROOT / file).read_text("utf-8")
        assert re.search(rf"^def {name or 'test_'}", source, re.MULTILINE), row


def test_every_exit_code_is_listed() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    codes = re.findall(r"^\| ([\d N+]+) \|", text, re.MULTILINE)
    assert codes == ["0", "1", "2", "130", "128 + N"]
