"""A third party's plugin, commands that go on, and small image files."""

from neuplug_tests.alone import the_core_is_alone
from neuplug_tests.drawing import class_folders, draw
from neuplug_tests.lab import *  # noqa: F403 - pytest finds the fixtures here
from neuplug_tests.terminals import run, terminal

__all__ = ["class_folders", "draw", "run", "terminal", "the_core_is_alone"]
