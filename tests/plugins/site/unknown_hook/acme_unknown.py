"""A hook that is nobody's, beside a good one."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-known", "acme_good_parts:Dim", "a summary")


@hookimpl
def neuplug_butterflies():
    yield Component("acme-lost", "acme_good_parts:Dim", "a summary")
