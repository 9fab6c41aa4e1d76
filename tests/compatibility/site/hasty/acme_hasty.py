"""Made for a later neuplug, and does not say so: it passes fields that there are not yet."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_generators():
    yield Component("acme-early", "acme_hasty_parts:Early", "its record has a new field")


@hookimpl
def neuplug_evaluators():
    yield Component("acme-table", "acme_hasty_parts:Table", "its evaluation has a new field")


@hookimpl
def neuplug_classifiers():
    yield Component("acme-tagged", "acme_hasty_parts:Early", "has tags", tags=["new"])
