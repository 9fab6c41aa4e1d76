"""The first entry point of a distribution."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-left", "acme_good_parts:Dim", "a summary")
