"""Shares its names with acme_second."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-twin", "acme_good_parts:Dim", "a summary")
    yield Component("acme-either", "acme_good_parts:Dim", "a summary")
