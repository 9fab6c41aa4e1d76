"""What loading a plugin does, found out in a process of its own. Loads without torch."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from pathlib import Path

from neuplug.testing.watch import watching

HEAVY = frozenset(
    "PIL albumentations cv2 diffusers jax jinja2 keras lightning matplotlib numpy onnxruntime "
    "openTSNE pandas pyarrow pydantic safetensors scipy skimage sklearn tensorflow tifffile timm "
    "torch torch_fidelity torchaudio torchmetrics torchvision transformers umap".split()
)
"""Packages that no hook module may import, by their names on import."""


def main() -> None:
    """Read what is asked from standard input, and print what was found as one line of JSON.

    Asked are ``distribution``, ``others`` to be left out, ``targets`` to be imported and ``path``,
    all but the first as lists. Found are ``heavy``, what discovery and ``neuplug plugins`` import
    because of the plugin, and ``connections``, what importing any of it tries to reach.
    """
    asked = json.load(sys.stdin)
    sys.path[:] = asked["path"]
    with watching(Path.cwd()) as watch, contextlib.redirect_stdout(io.StringIO()):
        _discover([*asked["others"], asked["distribution"]])
        before = set(sys.modules)
        _discover(asked["others"])
        from neuplug.cli import main as neuplug

        neuplug(["plugins"])
        heavy = sorted(HEAVY & ({*sys.modules} - before))
        for target in asked["targets"]:
            with contextlib.suppress(Exception, SystemExit):  # other laws tell of it
                importlib.import_module(target.partition(":")[0])
    print(json.dumps({"heavy": heavy, "connections": watch.connections}))


def _discover(blocked: list[str]) -> None:
    from neuplug.registry import discover

    os.environ["NEUPLUG_BLOCK"] = ",".join(blocked)
    os.environ.pop("NEUPLUG_STRICT", None)
    discover()
