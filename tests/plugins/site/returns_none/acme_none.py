"""Forgets to yield."""

from neuplug import hookimpl


@hookimpl
def neuplug_augmenters():
    return None
