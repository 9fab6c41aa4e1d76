"""Fixtures that all tests share, and which laws are slow tests."""

import pytest
from neuplug_tests.fixtures import *  # noqa: F403 - pytest finds them here

ELSEWHERE = ("imports-", "pickles", "same-result-in-another-process", "workers-differ")
"""What laws begin with that need a process started anew: ten seconds for each plugin."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the fast tests, only those of neuplug-smallcnn see to such laws."""
    for item in items:
        case = getattr(item, "callspec", None) and item.callspec.params.get("neuplug_law")
        if case and case.law.name.startswith(ELSEWHERE) and "smallcnn" not in item.nodeid:
            item.add_marker(pytest.mark.slow)
