"""Classical augmenters for neuplug, on albumentations: what the plugin offers."""

from __future__ import annotations

from collections.abc import Iterator

from neuplug import Component, hookimpl


@hookimpl
def neuplug_augmenters() -> Iterator[Component]:
    """Operations, the four of them that the literature calls classical, and policies."""
    home = "neuplug_classical.augmenters"
    yield Component("flip", f"{home}:Flip", "mirror left-right, top-bottom")
    yield Component("rotate", f"{home}:Rotate", "rotate about the centre")
    yield Component("zoom", f"{home}:Zoom", "enlarge or shrink about the centre")
    yield Component("translate", f"{home}:Translate", "shift by whole pixels")
    yield Component("shear", f"{home}:Shear", "slant along x and y")
    yield Component("crop", f"{home}:Crop", "enlarge a random part of the image to its size")
    yield Component("elastic", f"{home}:Elastic", "deform by a smooth random displacement field")
    yield Component("noise", f"{home}:Noise", "add Gaussian noise")
    yield Component("color", f"{home}:Color", "vary brightness, contrast, saturation, hue")
    yield Component("blur", f"{home}:Blur", "Gaussian filter")
    yield Component("sharpen", f"{home}:Sharpen", "enhance edges")
    yield Component("erasing", f"{home}:Erasing", "erase a rectangle of random size and place")
    yield Component("trivial", f"{home}:Trivial", "TrivialAugment: one operation of any strength")
    yield Component("randaugment", f"{home}:RandAugment", "RandAugment: two operations of a chain")
    yield Component("augmix", f"{home}:AugMix", "AugMix: mix an image with chains of operations")
    yield Component("classical", f"{home}:Classical", "flip, zoom, rotate, translate in one warp")
