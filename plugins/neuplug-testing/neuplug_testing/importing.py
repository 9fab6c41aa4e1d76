"""What loading a plugin does, found out in a process of its own. Loads without torch."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
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


@dataclass(frozen=True)
class Traces:
    """What importing a plugin does besides.

    Attributes:
        connections: What it tries to reach.
        files: What it changes, as :class:`neuplug_testing.watch.Watch` tells.
        moved: The global random generators that it moves.
    """

    connections: list[str]
    files: list[str]
    moved: list[str]


def traces(others: Sequence[str], modules: Sequence[str]) -> Traces:
    """Discover a plugin and import its components, here and now.

    Args:
        others: The other distributions, which are left out.
        modules: Its own: of its entry points, and of its components.
    """
    from neuplug_testing.probes import global_random_states

    with watching(Path.cwd()) as watch:
        with global_random_states(0) as moved:
            _import(others, modules)
        if moved:  # by a library perhaps, which is imported by now
            own = {module.partition(".")[0] for module in modules}
            for name in [name for name in sys.modules if name.partition(".")[0] in own]:
                del sys.modules[name]
            with global_random_states(1) as moved:
                _import(others, modules)
    return Traces(watch.connections, watch.files, moved)


def _import(others: Sequence[str], modules: Sequence[str]) -> None:
    with mock.patch.dict(os.environ):
        _discover(others)
        for module in modules:
            with contextlib.suppress(Exception, SystemExit):  # other laws tell of it
                importlib.import_module(module)


def _discover(blocked: Sequence[str]) -> None:
    from neuplug.plugins.registry import discover

    os.environ["NEUPLUG_BLOCK"] = ",".join(blocked)
    os.environ.pop("NEUPLUG_STRICT", None)
    discover()
