"""Fake distributions, and what is found of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from neuplug import discover
from neuplug.plugins.registry import Registry

SITE = Path(__file__).parent / "site"
GOOD = {
    "acme-dim": "augmenter",
    "acme-mean": "generator",
    "acme-linear": "classifier",
    "acme-count": "evaluator",
}
STAGES = ("augmenter", "generator")
Install = Callable[..., Registry]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put fakes on the path, the last one first, and discover."""

    def put(*folders: str | Path) -> Registry:
        for folder in folders:
            monkeypatch.syspath_prepend(str(SITE / folder))
        return discover()

    monkeypatch.delenv("NEUPLUG_BLOCK", raising=False)
    monkeypatch.delenv("NEUPLUG_STRICT", raising=False)
    return put


def names_of(registry: Registry, distribution: str) -> dict[str, str]:
    return {p.name: p.kind for p in registry.components if p.distribution == distribution}


def problems_of(registry: Registry, distribution: str) -> list[str]:
    return [p.message for p in registry.problems if p.distribution == distribution]


def blocklist(keep: str) -> str:
    """All that is installed here anyway, so that a test sees its own plugin alone."""
    found = discover()
    others = {p.distribution for p in (*found.components, *found.problems)} - {keep}
    return ",".join(sorted(others))
