"""DINOv2 from files that are here: torch-fidelity's own constructor asks GitHub and its user."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch_fidelity.feature_extractor_base import FeatureExtractorBase
from torch_fidelity.feature_extractor_dinov2 import MODEL_METADATA, FeatureExtractorDinoV2

from neuplug import InputError

CODE = "https://github.com/facebookresearch/dinov2"


def code_folder() -> Path:
    """The network's code in torch's hub folder.

    Raises:
        InputError: If it is not there.
    """
    hub = Path(torch.hub.get_dir())
    folders = [hub / f"facebookresearch_dinov2_{branch}" for branch in ("main", "master")]
    for folder in folders:
        if (folder / "hubconf.py").is_file():
            return folder
    raise InputError(
        f"the DINOv2 extractors run code that is not in {folders[0]}, and nothing is downloaded. "
        f"Clone {CODE} to that place."
    )


class LocalDinoV2(FeatureExtractorDinoV2):  # type: ignore[misc]  # torch-fidelity is untyped
    """torch-fidelity's DINOv2 extractor with code and weights from the disk.

    Args:
        name: Such as ``dinov2-vit-s-14``.
        layers: The features to return.
        file: A state dict of the network.
    """

    def __init__(self, name: str, layers: list[str], file: Path) -> None:
        FeatureExtractorBase.__init__(self, name, layers)
        self.feature_extractor_internal_dtype = torch.float32
        os.environ["XFORMERS_DISABLED"] = "1"  # as torch-fidelity does: another attention
        self.model = torch.hub.load(
            str(code_folder()), MODEL_METADATA[name], source="local", pretrained=False
        )
        self.model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
        self.requires_grad_(False)
        self.eval()
