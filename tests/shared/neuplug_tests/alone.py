"""The core's own tests rest on components of their own: those of this repository are left out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .environments import PACKAGES

__all__ = ["the_core_is_alone"]


@pytest.fixture(scope="module", autouse=True)
def the_core_is_alone() -> Iterator[None]:
    """Block the plugins of this repository, as where the core alone is installed."""
    plugins = [folder.name for folder in PACKAGES if folder.parent.name == "plugins"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUPLUG_BLOCK", ",".join(plugins))
        yield
