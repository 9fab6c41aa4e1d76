"""A name that cannot be typed in an arm."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("Acme+Dim", "acme_good_parts:Dim", "a summary")
