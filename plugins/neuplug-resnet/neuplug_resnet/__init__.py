"""ResNet (He et al. 2016) for neuplug, from torchvision: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_classifiers() -> Iterable[Component]:
    """Offer ``resnet18``, ``resnet34``, ``resnet50``."""
    yield Component(
        "resnet18",
        "neuplug_resnet.classifier:ResNet18",
        "ResNet-18 from scratch or pretrained, any size, grey or RGB",
    )
    yield Component(
        "resnet34",
        "neuplug_resnet.classifier:ResNet34",
        "ResNet-34 from scratch or pretrained, any size, grey or RGB",
    )
    yield Component(
        "resnet50",
        "neuplug_resnet.classifier:ResNet50",
        "ResNet-50 from scratch or pretrained, any size, grey or RGB",
    )
