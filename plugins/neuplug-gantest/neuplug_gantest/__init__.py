"""GAN-test and GAN-train for neuplug: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_evaluators() -> Iterable[Component]:
    """Offer ``gantest``."""
    yield Component(
        "gantest",
        "neuplug_gantest.evaluator:GANTest",
        "GAN-test and GAN-train: classifiers from real to generated images and back",
    )
