"""Shares its names with acme_first."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-twin", "acme_good_parts:Dim", "a summary")


@hookimpl
def neuplug_generators():
    yield Component("acme-either", "acme_good_parts:Mean", "a summary")
