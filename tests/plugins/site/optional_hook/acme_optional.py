"""A hook of some later neuplug, marked as optional."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-today", "acme_good_parts:Dim", "a summary")


@hookimpl(optionalhook=True)
def neuplug_butterflies():
    yield Component("acme-tomorrow", "acme_good_parts:Dim", "a summary")
