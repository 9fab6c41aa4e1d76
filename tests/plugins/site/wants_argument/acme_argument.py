"""A hook that asks for more than it is given."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters(config):
    yield Component("acme-lost", "acme_good_parts:Dim", "a summary")
