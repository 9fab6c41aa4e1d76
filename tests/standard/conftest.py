"""A third party's plugin, installed beside the packages of this repository, and small data."""

from neuplug_tests.lab import *  # noqa: F403 - pytest finds the fixtures here
