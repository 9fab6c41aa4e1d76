"""Where neuplug keeps what it can make again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The cache's folder: ``NEUPLUG_CACHE``, or the user's cache folder of the platform.

    It need not exist. Deleting it loses time, never results.
    """
    own = os.environ.get("NEUPLUG_CACHE")
    return Path(own).expanduser() if own else platformdirs.user_cache_path("neuplug")


def store_root() -> Path:
    """Where finished tasks are kept."""
    return cache_dir() / "store"
