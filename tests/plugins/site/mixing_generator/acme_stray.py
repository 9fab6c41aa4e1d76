"""A mixer among generators."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_generators():
    yield Component("acme-apart", "acme_good_parts:Mean", "the mean image")
    yield Component("acme-astray", "acme_swirl:Swirl", "two images at once", mixes=True)
