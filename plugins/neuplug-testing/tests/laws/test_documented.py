"""The README lists the laws."""

from __future__ import annotations

import re
from pathlib import Path

from neuplug.plugins.hookspecs import COMPONENTS
from neuplug_testing.laws import LAWS

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_lists_every_law_as_it_is() -> None:
    text = README.read_text("utf-8").partition("## Laws")[2]
    rows = [re.split(r" ?\| ?", line)[1:5] for line in text.splitlines() if line.startswith("| `")]
    expected = []
    for law in LAWS:
        kinds = [kind for kind in ("plugin", *COMPONENTS) if kind in law.kinds]
        whom = "every component" if len(kinds) == len(COMPONENTS) else ", ".join(kinds)
        statement = law.statement.replace("``", "`")
        expected.append([f"`{law.name}`", whom, statement, "yes" if law.fast else ""])
    assert rows == expected
