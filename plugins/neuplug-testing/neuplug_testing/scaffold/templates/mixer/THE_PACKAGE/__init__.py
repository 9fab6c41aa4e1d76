"""What the plugin offers. Nothing heavy is imported here: the class loads when it is chosen."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters() -> Iterable[Component]:
    """Offer ``THE_NAME``; mixers are offered among augmenters, and say so."""
    yield Component(
        "THE_NAME",
        "THE_PACKAGE.mixer:TheNameMixer",
        "THE_SUMMARY",
        mixes=True,
    )
