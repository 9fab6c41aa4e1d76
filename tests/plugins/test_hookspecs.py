"""What a plugin says of its components."""

from __future__ import annotations

import pytest

from neuplug import Component


@pytest.mark.parametrize(
    ("name", "target", "summary"),
    [
        ("Dim", "a:B", "s"),
        ("dim+", "a:B", "s"),
        ("-dim", "a:B", "s"),
        ("", "a:B", "s"),
        ("none", "a:B", "s"),
        ("real", "a:B", "s"),
        ("training", "a:B", "s"),
        ("dim_", "a:B", "s"),
        ("dim-", "a:B", "s"),
        ("dim", "a.B", "s"),
        ("dim", "a:B.c", "s"),
        ("dim", "a:", "s"),
        ("dim", "a:B", ""),
        ("dim", "a:B", "two\nlines"),
        ("dim", "a:B", None),
        (3, "a:B", "s"),
    ],
)
def test_component_refuses(name: str, target: str, summary: str) -> None:
    with pytest.raises(ValueError, match="component"):
        Component(name, target, summary)
