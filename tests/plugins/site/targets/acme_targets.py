"""Components whose classes are not what they should be."""

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters():
    yield Component("acme-nowhere", "acme_targets_missing:Dim", "a summary")
    yield Component("acme-noclass", "acme_good_parts:Bright", "a summary")
    yield Component("acme-wrongkind", "acme_good_parts:Mean", "a summary")
    yield Component("acme-function", "acme_targets:neuplug_augmenters", "a summary")
    yield Component("acme-unfinished", "acme_good_parts:Unfinished", "a summary")
    yield Component("acme-exits", "acme_targets_exit:Dim", "a summary")
