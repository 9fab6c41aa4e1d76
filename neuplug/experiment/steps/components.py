"""The components that a task names, loaded and held to what they owe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from neuplug.experiment.identity import check_code
from neuplug.experiment.isolation import named_faults
from neuplug.experiment.tasks import ComponentRef
from neuplug.plugins.augmenter import Augmenter
from neuplug.plugins.registry import discover, local_name
from neuplug.plugins.spec import LOCAL


def load_component(reference: ComponentRef) -> Any:
    """The component that a task names, with its options.

    Raises:
        PluginError: If its code is not that which the task names, or it fails.
    """
    plain = reference.name
    if reference.distribution == LOCAL:
        plain = local_name(plain, reference.code)
    name = f"{reference.distribution}:{plain}"
    provided = discover().resolve(name, (reference.kind,))
    component = provided.load()
    check_code(provided, reference.code)
    with named_faults(reference):
        return component(component.options_class.parse(reference.options, reference.name))


def load_augmenters(references: Sequence[ComponentRef]) -> Augmenter | None:
    """One augmenter that does what all of them do in turn; ``None`` for none.

    Neighbours that know how to work as one (:meth:`neuplug.Augmenter.fuse`) do.
    """
    parts: list[tuple[Augmenter, ComponentRef]] = []
    for reference in references:
        augmenter = load_component(reference)
        if parts:
            with named_faults(parts[-1][1]):
                fused = parts[-1][0].fuse(augmenter)
            if fused is not None:
                parts[-1] = (fused, parts[-1][1])
                continue
        parts.append((augmenter, reference))
    return _Chain(parts) if parts else None


def check_images(images: Tensor, shape: tuple[int, ...]) -> None:
    """Hold a plugin to what it owes.

    Raises:
        TypeError: If it returned anything but uint8 images of this shape.
    """
    if not isinstance(images, Tensor) or images.dtype != torch.uint8:
        kind = images.dtype if isinstance(images, Tensor) else type(images).__name__
        raise TypeError(f"it returned {kind} instead of uint8 images")
    if tuple(images.shape) != shape:
        raise TypeError(f"it returned images of shape {tuple(images.shape)} instead of {shape}")


class _Chain(Augmenter):
    """Plugins' augmenters one after the other, whose faults are caught where they happen."""

    def __init__(self, parts: Sequence[tuple[Augmenter, ComponentRef]]) -> None:
        super().__init__()
        self.parts = parts

    def augment(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """The last one's images, each one's checked for type and shape."""
        shape = tuple(images.shape)
        for augmenter, reference in self.parts:
            with named_faults(reference):
                images = augmenter.augment(images, rng)
                check_images(images, shape)
        return images
