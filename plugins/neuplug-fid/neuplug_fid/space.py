"""The space in which images are compared: whose features, which layers, under which names."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor

from neuplug import Embedder, NeuplugError
from neuplug.errors import StorageError
from neuplug.storage.files import read_checked, write_checked
from neuplug.storage.store import cache_dir
from neuplug.storage.tensorfile import tree_bytes, tree_from
from neuplug_fid.options import CLASSIFIER, INCEPTION, FIDOptions

MEASURES = ("fid", "kid", "prc", "dc")

NAMES = {
    "fid": ("frechet",),
    "kid": ("kernel",),
    "prc": ("precision", "recall"),
    "dc": ("density", "coverage"),
}


@dataclass(frozen=True)
class Space:
    """Features, and how measures on them are called.

    Attributes:
        tag: Whose features, as in ``frechet[vgg16]``.
        inception: Whether FID and KID are defined on exactly these features.
        layers: ``fid``, ``kid``, ``prc`` and ``dc`` to the layer each is measured on.
        features: uint8 (N, C, H, W), and whether to keep the result for later runs, to layer to
            float32 (N, F).
        fixed: Whether the scale of the features means something: it does not where each run
            trains the network anew.
        warnings: Sentences on these features.
    """

    tag: str
    inception: bool
    layers: Mapping[str, str]
    features: Callable[[Tensor, bool], dict[str, Tensor]]
    fixed: bool = True
    warnings: tuple[str, ...] = ()

    def call(self, measure: str) -> tuple[str, ...]:
        """The names of a measure's numbers.

        FID and KID are named after the Inception network: on other features the same formulas give
        other numbers, and bear other names.
        """
        if self.inception and measure in ("fid", "kid"):
            return (measure,)
        return tuple(f"{name}[{self.tag}]" for name in NAMES[measure])


def choose_space(options: FIDOptions, embedder: Embedder | None, device: torch.device) -> Space:
    """The space that the options name.

    Raises:
        InputError: If the extractor's weights are missing or unfit.
        NeuplugError: If features are not finite.
    """
    if options.extractor != CLASSIFIER:
        return _fidelity_space(options, device)
    if embedder is None:
        raise NeuplugError(f"fid.extractor = {CLASSIFIER}: the run has no classifier to ask.")

    def features(images: Tensor, keep: bool) -> dict[str, Tensor]:
        del keep  # each run trains a classifier of its own
        return _checked({"embedding": embedder.embed(images).float().cpu()}, embedder.name)

    return Space(embedder.name, False, dict.fromkeys(MEASURES, "embedding"), features, fixed=False)


def _fidelity_space(options: FIDOptions, device: torch.device) -> Space:
    from neuplug_fid.extractors import build, default_layer, digest, extract, is_published, locate

    name = options.extractor
    layers = {measure: default_layer(name, measure) for measure in MEASURES if measure != "dc"}
    layers["dc"] = layers["prc"]  # torch-fidelity has none of its own
    usual = options.layer in (None, layers["fid"])
    if options.layer is not None:
        layers = dict.fromkeys(MEASURES, options.layer)
    wanted = sorted({layers[m] for m in MEASURES if getattr(options, m)})
    file = locate(name, options.weights)

    @functools.cache
    def network() -> Any:
        return build(name, wanted, file)

    def made(images: Tensor) -> dict[str, Tensor]:
        return _checked(extract(network(), images, options.batch_size, device), name)

    def features(images: Tensor, keep: bool) -> dict[str, Tensor]:
        if not keep or file is None:  # what a foreign extractor depends on is not known
            return made(images)
        about = [name, *wanted, digest(file), version("torch-fidelity"), device.type]
        key = hashlib.sha256("\x1f".join([*about, str(tuple(images.shape)), ""]).encode())
        for part in images.split(1024):
            key.update(part.contiguous().numpy().data)
        return _stored(key.hexdigest(), lambda: made(images))

    foreign = file is not None and not is_published(name, file)
    warning = (
        f"{file} does not hold the published weights of {name}: values can be compared with each "
        "other, not with those of papers."
    )
    return Space(
        name if usual else f"{name}:{options.layer}",
        name == INCEPTION and usual,
        layers,
        features,
        warnings=(warning,) if foreign else (),
    )


def _checked(features: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    for values in features.values():
        if not torch.isfinite(values).all():
            raise NeuplugError(f"fid: the features of {name} are not finite; nothing is measured.")
    return features


def _stored(key: str, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """Features of real images, kept: every arm and every later run compares with the same ones.

    Args:
        key: A name for all that the features depend on; as a file name.
        make: Layer to float32 (N, F).
    """
    path = cache_dir() / "features" / key
    if (content := read_checked(path)) is not None:
        features: dict[str, Tensor] = tree_from(content)
        return features
    made = make()
    with contextlib.suppress(StorageError):  # a full or locked disk costs time, not the result
        write_checked(path, tree_bytes(made))
    return made
