"""Yields a plain name."""

from neuplug import hookimpl


@hookimpl
def neuplug_augmenters():
    yield "acme-plain"
