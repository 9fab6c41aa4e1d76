"""A variational autoencoder (Kingma and Welling 2014) for neuplug."""

from __future__ import annotations

from collections.abc import Iterable

from neuplug import Component, hookimpl


@hookimpl
def neuplug_generators() -> Iterable[Component]:
    """Offer ``vae``."""
    yield Component(
        "vae",
        "neuplug_vae.generator:VAE",
        "variational autoencoder, any size from 28 to 256, grey or RGB",
    )
