"""A plugin of the first days: nothing in it is younger than neuplug 0.1's first interfaces."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-mirror", "acme_veteran_parts:Mirror", "left becomes right")


@hookimpl
def neuplug_generators():
    yield Component("acme-echo", "acme_veteran_parts:Echo", "training images again")
    yield Component("acme-mute", "acme_veteran_parts:Mute", "the same, without a record")


@hookimpl
def neuplug_classifiers():
    yield Component("acme-line", "acme_veteran_parts:Line", "one linear layer")


@hookimpl
def neuplug_evaluators():
    yield Component("acme-grey", "acme_veteran_parts:Grey", "mean grey level")
