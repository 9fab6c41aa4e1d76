"""What loading a plugin does, found out in a process of its own. Loads without torch."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

from neuplug.testing.watch import watching

HEAVY = frozenset(
    "PIL albumentations cv2 diffusers jax jinja2 keras lightning matplotlib numpy onnxruntime "
    "openTSNE pandas pyarrow pydantic safetensors scipy skimage sklearn tensorflow tifffile timm "
    "torch torch_fidelity torchaudio torchmetrics torchvision transformers umap".split()
)
"""Packages that no hook module may import, by their names on import."""


def main() -> None:
    """Print what discovery and ``neuplug plugins`` import because of a plugin, as a line of JSON.

    It is asked on standard input, in JSON: the ``distribution``, ``others`` to be left out, and the
    ``path`` to find them on.
    """
    asked = json.load(sys.stdin)
    sys.path[:] = asked["path"]
    with watching(Path.cwd()), contextlib.redirect_stdout(io.StringIO()):
        _discover([*asked["others"], asked["distribution"]])
        before = set(sys.modules)
        _discover(asked["others"])
        from neuplug.cli import main as neuplug

        neuplug(["plugins"])
        heavy = sorted(HEAVY & ({*sys.modules} - before))
    print(json.dumps(heavy))


def connections(others: Sequence[str], targets: Sequence[str]) -> list[str]:
    """What discovering a plugin and importing its components tries to reach, here and now.

    Args:
        others: The other distributions, which are left out.
        targets: Of its components.
    """
    with watching(Path.cwd()) as watch, mock.patch.dict(os.environ):
        _discover(others)
        for target in targets:
            with contextlib.suppress(Exception, SystemExit):  # other laws tell of it
                importlib.import_module(target.partition(":")[0])
    return watch.connections


def _discover(blocked: Sequence[str]) -> None:
    from neuplug.registry import discover

    os.environ["NEUPLUG_BLOCK"] = ",".join(blocked)
    os.environ.pop("NEUPLUG_STRICT", None)
    discover()
