"""A mixer beside an augmenter."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-mild", "acme_good_parts:Dim", "darker")
    yield Component("acme-swirl", "acme_swirl:Swirl", "two images at once", mixes=True)
