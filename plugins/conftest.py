"""Fixtures that the plugins' tests share with the core's."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "neuplug_test_sharing", Path(__file__).parents[1] / "tests" / "sharing.py"
)
assert _SPEC is not None and _SPEC.loader is not None
_sharing = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_sharing)

own_store = _sharing.own_store
pytest_collection_modifyitems = _sharing.pytest_collection_modifyitems
shared_folder = _sharing.shared_folder
shared_store = _sharing.shared_store
