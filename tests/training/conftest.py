"""A third party's plugin, installed for these tests, and small data."""

from neuplug_tests.lab import *  # noqa: F403 - pytest finds the fixtures here
