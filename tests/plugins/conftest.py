"""Fake distributions, and a third party's plugin."""

from neuplug_tests.alone import the_core_is_alone
from neuplug_tests.lab import *  # noqa: F403 - pytest finds the fixtures here

from .fakes import install

__all__ = ["install", "the_core_is_alone"]
