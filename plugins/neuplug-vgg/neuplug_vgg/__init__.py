"""VGG (Simonyan and Zisserman 2015) for neuplug, from torchvision: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_classifiers() -> Iterable[Component]:
    """Offer ``vgg11``, ``vgg16``."""
    for depth in (11, 16):
        yield Component(
            f"vgg{depth}",
            f"neuplug_vgg.classifier:VGG{depth}",
            f"VGG-{depth} from scratch or pretrained, from 32 pixels, grey or RGB",
        )
