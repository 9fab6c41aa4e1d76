"""Made for a later neuplug: it would fail on import, if anybody imported it."""

from neuplug import hookimpl, a_name_of_the_future  # noqa: F401, I001
