"""What loading a plugin does, found out in a process that has loaded none. Loads without torch."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from neuplug_testing.watch import watching

# Packages that no hook module may import, by their names on import. pydantic is none of them, so
# that a plugin may be one file.
HEAVY = frozenset(
    "PIL albumentations cv2 diffusers jax jinja2 keras lightning matplotlib numpy onnxruntime "
    "openTSNE pandas pyarrow safetensors scipy skimage sklearn tensorflow tifffile timm "
    "torch torch_fidelity torchaudio torchmetrics torchvision transformers umap".split()
)


@dataclass(frozen=True)
class Traces:
    """What loading a plugin does besides.

    Attributes:
        heavy: What discovery and ``neuplug plugins`` import because of it.
        connections: What it tries to reach.
        files: What it changes, as :class:`neuplug_testing.watch.Watch` tells.
        moved: The global random generators that it moves.
    """

    heavy: list[str]
    connections: list[str]
    files: list[str]
    moved: list[str]


def traces(name: str, others: Sequence[str], modules: Sequence[str]) -> Traces:
    """Discover a plugin and import its components, here and now.

    Args:
        name: The plugin's distribution.
        others: The other distributions, which are left out.
        modules: Its own: of its entry points, and of its components.
    """
    with watching(Path.cwd()) as watch, mock.patch.dict(os.environ):
        heavy = _heavy(name, others)
        moved = _moved(modules, seed=0)
        if moved:  # by a library perhaps, which is imported by now
            moved = _moved(modules, seed=1)
    return Traces(heavy, watch.connections, watch.files, moved)


def _heavy(name: str, others: Sequence[str]) -> list[str]:
    from neuplug.cli import main as neuplug

    with contextlib.redirect_stdout(io.StringIO()):
        _discover([*others, name])
        before = set(sys.modules)
        _discover(others)
        neuplug(["plugins"])
    return sorted(HEAVY & (sys.modules.keys() - before))


def _moved(modules: Sequence[str], seed: int) -> list[str]:
    """Import the plugin's modules anew; which global generators that moves."""
    from neuplug_testing.probes import global_random_states

    own = {module.partition(".")[0] for module in modules}
    for name in [name for name in sys.modules if name.partition(".")[0] in own]:
        del sys.modules[name]
    with global_random_states(seed) as moved:
        for module in modules:
            with contextlib.suppress(Exception, SystemExit):  # other laws tell of it
                importlib.import_module(module)
    return moved


def _discover(blocked: Sequence[str]) -> None:
    from neuplug.plugins.registry import discover

    os.environ["NEUPLUG_BLOCK"] = ",".join(blocked)
    os.environ.pop("NEUPLUG_STRICT", None)
    discover()
