"""Small convolutional classifiers for neuplug: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_classifiers() -> Iterable[Component]:
    """Offer ``smallcnn``."""
    yield Component(
        "smallcnn",
        "neuplug_smallcnn.classifier:SmallCNN",
        "small CNN for few images, ours or that of a paper, grey or RGB",
    )
