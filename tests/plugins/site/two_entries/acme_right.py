"""The other entry point."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-right", "acme_good_parts:Dim", "a summary")
