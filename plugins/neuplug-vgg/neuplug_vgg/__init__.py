"""VGG (Simonyan and Zisserman 2015) for neuplug, from torchvision: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_classifiers() -> Iterable[Component]:
    """Offer ``vgg11``, ``vgg16``."""
    yield Component(
        "vgg11",
        "neuplug_vgg.classifier:VGG11",
        "VGG-11 from scratch or pretrained, from 32 pixels, grey or RGB",
    )
    yield Component(
        "vgg16",
        "neuplug_vgg.classifier:VGG16",
        "VGG-16 from scratch or pretrained, from 32 pixels, grey or RGB",
    )
