"""A hook with a slip of the pen."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmentors():
    yield Component("acme-lost", "acme_good_parts:Dim", "a summary")
