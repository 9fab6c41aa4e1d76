"""Fixtures that all tests share."""

from neuplug_tests.fixtures import *  # noqa: F403 - pytest finds them here
