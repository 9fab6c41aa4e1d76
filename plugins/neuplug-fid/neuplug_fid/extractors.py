"""torch-fidelity's feature extractors: checked early, built from local files, run on tensors.

Nothing is fetched: weights that are missing are named.
"""

from __future__ import annotations

import functools
import hashlib
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.feature_extractor_clip import MODEL_METADATA as CLIP
from torch_fidelity.feature_extractor_clip import MODEL_URLS, FeatureExtractorCLIP, build_model
from torch_fidelity.feature_extractor_dinov2 import MODEL_METADATA as DINOV2
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY as REGISTRY
from torch_fidelity.utils import create_feature_extractor
from torchvision.models import VGG16_Weights

from neuplug import InputError, seeded
from neuplug.errors import did_you_mean
from neuplug_fid.options import INCEPTION
from neuplug_torchvision.reading import load_weights


@dataclass(frozen=True)
class Source:
    """The weights that belong to an extractor.

    Attributes:
        url: Where their authors offer them.
        name: Of the file in torch's hub folder.
        sha256: The hash or its first digits.
    """

    url: str
    name: str
    sha256: str

    @property
    def file(self) -> Path:
        """Where torch keeps it, there or not."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.name


def source(extractor: str) -> Source | None:
    """The weights of one of torch-fidelity's extractors; ``None`` for one registered by others."""
    if extractor in MODEL_URLS:
        digest = CLIP[extractor]["hash"]
        return Source(MODEL_URLS[extractor], f"{extractor}-{digest}.pt", digest)
    urls = {INCEPTION: URL_INCEPTION_V3, "vgg16": VGG16_Weights.IMAGENET1K_V1.url}
    if (url := urls.get(extractor)) is None:
        return None
    file = Path(url)
    return Source(url, file.name, file.stem.rpartition("-")[2])


def locate(extractor: str, given: Path | None) -> Path | None:
    """The file of an extractor's weights, ``None`` for an extractor that has none known.

    Args:
        extractor: Its name.
        given: The user's own file, which may hold other weights than the published ones.

    Raises:
        InputError: If the file is not there, or the one in the hub folder is damaged.
    """
    if given is not None:
        file = given.expanduser()
        if not file.is_file():
            raise InputError(f"fid.weights = {given}: there is no file of that name.")
        return file
    known = source(extractor)
    if known is None:
        return None
    if not known.file.is_file():
        raise InputError(
            f"fid.extractor = {extractor}: its weights {known.file} are not there, and nothing is "
            f"downloaded. Fetch {known.url}, whose SHA-256 begins with {known.sha256}, and put it "
            "at that place, or say where it is with --set fid.weights=PATH."
        )
    if not is_published(extractor, known.file):
        raise InputError(
            f"{known.file} is damaged: its SHA-256 does not begin with {known.sha256}. "
            f"Fetch it again from {known.url}."
        )
    return known.file


def is_published(extractor: str, file: Path) -> bool:
    """Whether a file is the one that the extractor's authors offer, as its hash says."""
    known = source(extractor)
    return known is None or digest(file).startswith(known.sha256)


def digest(file: Path) -> str:
    """SHA-256 of a file's content."""
    about = file.stat()
    return _digest(file, about.st_mtime_ns, about.st_size)


@functools.cache
def _digest(file: Path, changed: int, size: int) -> str:
    del changed, size  # they tell versions of the file apart
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def check(extractor: str, given: Path | None, layer: str | None) -> None:
    """Make sure that an extractor can be built.

    Args:
        extractor: Its name.
        given: The user's own weights file.
        layer: The user's own choice of a feature layer.

    Raises:
        InputError: If there is no such extractor or layer, or its weights are missing or unfit.
    """
    offered = _registered(extractor).get_provided_features_list()
    if layer is not None and layer not in offered:
        raise InputError(f"fid.layer = {layer!r}: {extractor} has the layers {', '.join(offered)}.")
    file = locate(extractor, given)
    if given is not None:  # the published ones are known by their hash
        build(extractor, offered[:1], file)


def _registered(extractor: str) -> Any:
    """The class of an extractor.

    DINOv2 is none: torch-fidelity has no network of it, and would fetch and run its authors' code.
    """
    usable = [name for name in REGISTRY if name not in DINOV2]
    if extractor not in usable:
        raise InputError(
            f"fid.extractor = {extractor!r}: there is no such extractor."
            f"{did_you_mean(extractor, [*usable, 'classifier'])} "
            f"There are: classifier, {', '.join(usable)}."
        )
    return REGISTRY[extractor]


def default_layer(extractor: str, measure: str) -> str:
    """The layer that torch-fidelity takes for ``fid``, ``kid`` or ``prc``."""
    layer: str = _registered(extractor).get_default_feature_layer_for_metric(measure)
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
    # networks draw weights before they load theirs
    with seeded(0, torch.device("cpu")), tempfile.TemporaryDirectory() as folder:
        if file is None:
            return create_feature_extractor(extractor, list(layers), cuda=False, verbose=False)
        tensors = _tensors(extractor, file)
        try:
            if extractor in CLIP:
                return LocalCLIP(extractor, list(layers), tensors)
            # torch-fidelity would unpickle whatever is in the file: it is given one of our making
            own = Path(folder) / "weights.pth"
            torch.save(tensors, own)
            return create_feature_extractor(
                extractor,
                list(layers),
                cuda=False,
                verbose=False,
                feature_extractor_weights_path=str(own),
            )
        except Exception:  # whatever is in the file, it is the user's
            raise InputError(
                f"{file} does not hold the weights of {extractor}: its tensors have other names or "
                "shapes. Name another file with --set fid.weights=PATH."
            ) from None


def _tensors(extractor: str, file: Path) -> dict[str, Tensor]:
    """The weights in a file.

    CLIP's authors offer theirs as TorchScript, which is code: of that no other file is read.
    """
    if extractor in CLIP:
        with file.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() == CLIP[extractor]["hash"]:
                opened.seek(0)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # of torch, on a format that it will drop
                    return dict(torch.jit.load(opened, map_location="cpu").state_dict())
    return load_weights(file)


class LocalCLIP(FeatureExtractorCLIP):  # type: ignore[misc]  # torch-fidelity is untyped
    """torch-fidelity's CLIP extractor from tensors: its own constructor runs a file as TorchScript.

    Args:
        name: Such as ``clip-vit-b-32``.
        layers: The features to return.
        tensors: The state dict of the whole of CLIP.
    """

    def __init__(self, name: str, layers: list[str], tensors: dict[str, Tensor]) -> None:
        FeatureExtractorBase.__init__(self, name, layers)
        self.feature_extractor_internal_dtype = torch.float32
        self.model = build_model(tensors, self.feature_extractor_internal_dtype)
        self.resolution = self.model.visual.input_resolution
        self.requires_grad_(False)
        self.eval()


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
