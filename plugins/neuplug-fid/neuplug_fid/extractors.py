"""torch-fidelity's feature extractors: checked early, built from local files, run on tensors."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_clip import MODEL_URLS as CLIP
from torch_fidelity.feature_extractor_dinov2 import MODEL_METADATA as DINOV2
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY as REGISTRY
from torch_fidelity.utils import create_feature_extractor

from neuplug import InputError, seeded
from neuplug.errors import did_you_mean
from neuplug_fid.dinov2 import LocalDinoV2, code_folder
from neuplug_fid.weights import digest, locate


def check(extractor: str, given: Path | None, layer: str | None) -> None:
    """Make sure that an extractor can be built.

    Args:
        extractor: Its name.
        given: The user's own weights file.
        layer: The user's own choice of a feature layer.

    Raises:
        InputError: If there is no such extractor or layer, or its weights are missing or unfit.
    """
    if extractor not in REGISTRY:
        raise InputError(
            f"fid.extractor = {extractor!r}: there is no such extractor."
            f"{did_you_mean(extractor, [*REGISTRY, 'classifier'])} "
            f"There are: classifier, {', '.join(REGISTRY)}."
        )
    offered = REGISTRY[extractor].get_provided_features_list()
    if layer is not None and layer not in offered:
        raise InputError(f"fid.layer = {layer!r}: {extractor} has the layers {', '.join(offered)}.")
    if extractor in DINOV2:
        code_folder()
    file = locate(extractor, given)
    if given is not None and file is not None:  # the published ones are known by their hash
        _check_fit(extractor, offered[0], file, digest(file))


@functools.cache
def _check_fit(extractor: str, layer: str, file: Path, content: str) -> None:
    del content  # tells versions of the file apart
    build(extractor, [layer], file)


def default_layer(extractor: str, measure: str) -> str:
    """The layer that torch-fidelity takes for ``fid``, ``kid``, ``prc`` or ``isc``."""
    layer: str = REGISTRY[extractor].get_default_feature_layer_for_metric(measure)
    return layer


def build(extractor: str, layers: Sequence[str], file: Path | None) -> Any:
    """A ready extractor, torch-fidelity's module: uint8 (N, 3, H, W) to a tuple of features.

    Args:
        extractor: Its name.
        layers: The features to return.
        file: Its weights; ``None`` for an extractor registered by others, which brings its own.

    Raises:
        InputError: If the file holds anything but the extractor's weights.
    """
    options = {} if file is None else {"feature_extractor_weights_path": str(file)}
    try:
        # networks draw weights before they load theirs
        with seeded(0, torch.device("cpu")), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch on file formats, of DINOv2 on attention
            if file is not None and extractor not in CLIP:
                # torch-fidelity itself would execute what the file says; a CLIP file is
                # TorchScript, of which nothing is executed when it is read
                torch.load(file, map_location="cpu", weights_only=True)
            if extractor in DINOV2 and file is not None:
                return LocalDinoV2(extractor, list(layers), file)
            return create_feature_extractor(
                extractor, list(layers), cuda=False, verbose=False, **options
            )
    except InputError:
        raise
    except Exception as error:  # whatever is in the file, it is the user's
        if file is None:
            raise
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(":. ")
        raise InputError(
            f"{file} does not hold the weights of {extractor} ({reason}). "
            "Name another file with --set fid.weights=PATH."
        ) from None


@torch.inference_mode()
def extract(
    network: Any, images: Tensor, batch_size: int, device: torch.device
) -> dict[str, Tensor]:
    """Features of images.

    Args:
        network: What :func:`build` returned; moved to ``device``.
        images: uint8 (N, C, H, W); grey is repeated, the network itself resizes.
        batch_size: Images at once.
        device: Where to compute.

    Returns:
        Layer to float32 (N, F), on the CPU.
    """
    network.to(device)
    parts = []
    for batch in images.split(batch_size):
        rgb = batch.to(device).expand(-1, 3, -1, -1).contiguous()
        features = network.convert_features_tuple_to_dict(network(rgb))
        parts.append({layer: found.float().cpu() for layer, found in features.items()})
    return {layer: torch.cat([part[layer] for part in parts]) for layer in parts[0]}
