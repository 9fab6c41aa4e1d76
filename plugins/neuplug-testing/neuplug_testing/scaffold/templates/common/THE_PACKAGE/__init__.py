"""What the plugin offers. Nothing heavy is imported here: the class loads when it is chosen."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_THE_KINDs() -> Iterable[Component]:
    """Offer ``THE_NAME``."""
    yield Component(
        "THE_NAME",
        "THE_PACKAGE.THE_KIND:TheNameTheKind",
        "THE_SUMMARY",
    )
