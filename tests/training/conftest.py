"""A third party's plugin, installed for these tests, and small data."""

import pytest
from neuplug_tests.alone import the_core_is_alone
from neuplug_tests.lab import *  # noqa: F403 - pytest finds the fixtures here

__all__ = ["the_core_is_alone"]


@pytest.fixture(autouse=True)
def installed(lab: object) -> None:
    """Its components are known by their names."""
