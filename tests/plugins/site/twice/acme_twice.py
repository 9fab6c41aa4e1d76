"""One name for an augmenter and a generator."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-same", "acme_good_parts:Dim", "a summary")


@hookimpl
def neuplug_generators():
    yield Component("acme-same", "acme_good_parts:Mean", "a summary")
