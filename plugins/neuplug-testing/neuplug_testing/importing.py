"""What loading a plugin does, found out in a process that has loaded none. Loads without torch."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from neuplug.plugins.isolation import Fault, isolated
from neuplug_testing.settings import kept_settings
from neuplug_testing.watch import watching

# Packages that no hook module may import, by their names on import. pydantic is none of them, so
# that a plugin may be one file.
HEAVY = frozenset(
    "PIL albumentations cv2 diffusers jax jinja2 keras lightning matplotlib numpy onnxruntime "
    "openTSNE pandas pyarrow safetensors scipy skimage sklearn tensorflow tifffile timm "
    "torch torch_fidelity torchaudio torchmetrics torchvision transformers umap".split()
)

# What the variables begin with that Python and its libraries may need
NEEDED = tuple(
    "CUDA HOME LANG LC_ LD_ MPL NEUPLUG_ NUMBER OMP_ PATH PYTHON SYSTEM TEMP TMP USER WINDIR "
    "XDG_".split()
)
# Signals that Python itself ignores
IGNORED = [getattr(signal, name, None) for name in ("SIGPIPE", "SIGXFZ", "SIGXFSZ")]


@dataclass(frozen=True)
class Traces:
    """What loading a plugin does besides.

    Attributes:
        heavy: What discovery and ``neuplug plugins`` import because of it.
        connections: What it tries to reach.
        files: What it changes, as :class:`neuplug_testing.watch.Watch` tells.
        moved: The global random generators that it moves.
        changed: What it leaves changed in the process, and threads.
        printed: The lines that it prints.
    """

    heavy: list[str]
    connections: list[str]
    files: list[str]
    moved: list[str]
    changed: list[str]
    printed: list[str]


def traces(name: str, others: Sequence[str], modules: Sequence[str]) -> Traces:
    """Discover a plugin and import its components, here and now.

    Args:
        name: The plugin's distribution.
        others: The other distributions, which are left out.
        modules: Its own: of its entry points, and of its components.
    """
    with watching(Path.cwd()) as watch, mock.patch.dict(os.environ):
        _be_new()
        with kept_settings():  # of the first import; the next one is looked at
            heavy = _heavy(name, others)
        left = _left(name, modules, seed=0)
        if any(left):  # by a library perhaps, which is imported by now
            left = _left(name, modules, seed=1)
    return Traces(heavy, watch.connections, watch.files, *left)


def _be_new() -> None:
    """Undo what the process that started this one has left it, which may have loaded the plugin."""
    for name in [name for name in os.environ if not name.startswith(NEEDED)]:
        del os.environ[name]
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN and number not in IGNORED:
            with contextlib.suppress(OSError):
                signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(0o022)


def _heavy(name: str, others: Sequence[str]) -> list[str]:
    from neuplug.cli import main as neuplug

    with contextlib.redirect_stdout(io.StringIO()):
        _discover([*others, name])
        before = set(sys.modules)
        _discover(others)
        neuplug(["plugins"])
    return sorted(HEAVY & (sys.modules.keys() - before))


def _left(name: str, modules: Sequence[str], seed: int) -> tuple[list[str], list[str], list[str]]:
    """Import the plugin's modules anew; generators that moves, what it changes, what it prints."""
    from neuplug_testing.probes import global_random_states, hearing, left_threads

    own = {module.partition(".")[0] for module in modules}
    for known in [known for known in sys.modules if known.partition(".")[0] in own]:
        del sys.modules[known]
    with (
        hearing() as printed,
        isolated(name),
        global_random_states(seed) as moved,
        left_threads() as threads,
        kept_settings() as changed,
    ):
        for module in modules:
            with contextlib.suppress(Fault), isolated(name):  # other laws tell of it
                importlib.import_module(module)
    return moved, [*changed, *threads], printed


def _discover(blocked: Sequence[str]) -> None:
    from neuplug.plugins.registry import discover

    os.environ["NEUPLUG_BLOCK"] = ",".join(blocked)
    os.environ.pop("NEUPLUG_STRICT", None)
    discover()
