"""A name that means something else."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("none", "acme_good_parts:Dim", "a summary")
