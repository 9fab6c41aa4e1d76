"""A hook without its marker."""

from neuplug import Component


def neuplug_augmenters():
    yield Component("acme-lost", "acme_good_parts:Dim", "a summary")
