"""MobileNetV2 (Sandler et al. 2018) for neuplug, from torchvision: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_classifiers() -> Iterable[Component]:
    """Offer ``mobilenetv2``."""
    yield Component(
        "mobilenetv2",
        "neuplug_mobilenetv2.classifier:MobileNetV2",
        "MobileNetV2 from scratch or pretrained, any size, grey or RGB",
    )
