"""Nothing but the core."""

from neuplug_tests.alone import the_core_is_alone

__all__ = ["the_core_is_alone"]
