"""ResNet (He et al. 2016) for neuplug, from torchvision: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_classifiers() -> Iterable[Component]:
    """Offer ``resnet18``, ``resnet34``, ``resnet50``."""
    for depth in (18, 34, 50):
        yield Component(
            f"resnet{depth}",
            f"neuplug_resnet.classifier:ResNet{depth}",
            f"ResNet-{depth} from scratch or pretrained, any size, grey or RGB",
        )
