"""Where an extractor's weights are. Nothing is fetched: what is missing is named."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch_fidelity import feature_extractor_clip as clip
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torchvision.models import VGG16_Weights

from neuplug import InputError


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
    if extractor in clip.MODEL_URLS:
        digest = clip.MODEL_METADATA[extractor]["hash"]
        return Source(clip.MODEL_URLS[extractor], f"{extractor}-{digest}.pt", digest)
    if extractor == "inception-v3-compat":
        url = URL_INCEPTION_V3
    elif extractor == "vgg16":
        url = VGG16_Weights.IMAGENET1K_V1.url
    else:
        return None
    name = url.rpartition("/")[2]
    return Source(url, name, name.removesuffix(".pth").rpartition("-")[2])


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
