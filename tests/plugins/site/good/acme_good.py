"""One component of each kind."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-dim", "acme_good_parts:Dim", "darker")


@hookimpl
def neuplug_generators():
    yield Component("acme-mean", "acme_good_parts:Mean", "the mean image")


@hookimpl
def neuplug_classifiers():
    yield Component("acme-linear", "acme_good_parts:Linear", "one linear layer")


@hookimpl
def neuplug_evaluators():
    yield Component("acme-count", "acme_good_parts:Count", "how many images")
