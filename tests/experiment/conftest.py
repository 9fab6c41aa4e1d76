"""A third party's plugin, commands that go on, and small data."""

from neuplug_tests.alone import the_core_is_alone
from neuplug_tests.lab import *  # noqa: F403 - pytest finds the fixtures here
from neuplug_tests.terminals import run, terminal

from .leaking import leaky

__all__ = ["leaky", "run", "terminal", "the_core_is_alone"]
