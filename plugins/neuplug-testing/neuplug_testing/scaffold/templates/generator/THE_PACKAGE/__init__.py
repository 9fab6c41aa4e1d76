"""What the plugin offers. Nothing heavy is imported here: the class loads when it is chosen."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_generators() -> Iterable[Component]:
    """Offer ``THE_NAME``."""
    yield Component(
        "THE_NAME",
        "THE_PACKAGE.generator:TheNameGenerator",
        "THE_SUMMARY",
    )
