"""One hook fails halfway; the other is fine."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-before", "acme_good_parts:Dim", "a summary")
    raise RuntimeError("out of luck")


@hookimpl
def neuplug_generators():
    yield Component("acme-survivor", "acme_good_parts:Mean", "a summary")
