"""A third party's plugin, and small images that a small network can tell apart."""

from neuplug_tests.alone import the_core_is_alone
from neuplug_tests.upright import *  # noqa: F403 - pytest finds the fixtures here

__all__ = ["the_core_is_alone"]
