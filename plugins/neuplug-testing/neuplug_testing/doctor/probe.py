"""A process of its own that loads what a run loads, and tells how far it got.

It prints one line of JSON before each step and one after it, so that the step that hangs or kills
it is known. It is started as worker processes are, so it meets what they would meet.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from neuplug.plugins.registry import discover
from neuplug_testing.doctor.finding import COMPONENT, told
from neuplug_testing.doctor.weights import weight_options

Step = tuple[str, Callable[[], Any]]


def main() -> None:
    """Do each step; after the first ones have failed the others would say the same again."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what plugins print must not get in between

    def say(**entry: Any) -> None:
        out.write(json.dumps(entry) + "\n")
        out.flush()

    def do(name: str, step: Callable[[], Any]) -> bool:
        say(step=name)
        try:
            found = step()
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            say(step=name, error=told(error))
            return False
        say(step=name, found=found)
        return True

    if all(do(*step) for step in BASE):
        for provided in discover(strict=False).components:
            step = f"{COMPONENT}{provided.distribution}:{provided.name}"
            do(step, partial(weight_options, provided))


def _origin() -> dict[str, str | None]:
    """Where torch would be taken from, and where it was installed."""
    spec = importlib.util.find_spec("torch")
    origin = str(Path(spec.origin).resolve()) if spec and spec.origin else None
    try:
        file = distribution("torch").locate_file("torch/__init__.py")
    except PackageNotFoundError:
        return {"origin": origin, "installed": None}
    return {"origin": origin, "installed": str(Path(str(file)).resolve())}


def _torch() -> dict[str, Any]:
    import torch

    from neuplug.training.devices import has_bf16

    return {
        "version": torch.__version__,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "bf16": has_bf16(torch.device("cpu")),
        "weights": str(Path(torch.hub.get_dir()) / "checkpoints"),
    }


def _gpu() -> dict[str, Any]:
    """The GPUs that torch sees, each tried out; ``reason`` if it sees none."""
    import torch

    built = torch.version.cuda or torch.version.hip
    mps = torch.backends.mps.is_available()
    found: dict[str, Any] = {"built": built, "mps": mps, "reason": "", "devices": []}
    if built is not None:
        try:
            torch.cuda.init()
        except (RuntimeError, AssertionError) as error:
            return {**found, "reason": " ".join(str(error).split())}
        found["devices"] = [_device(i) for i in range(torch.cuda.device_count())]
    return found


def _device(index: int) -> dict[str, Any]:
    import torch
    from torch.nn import functional

    from neuplug.training.devices import has_bf16

    device = torch.device("cuda", index)
    about = torch.cuda.get_device_properties(device)
    found: dict[str, Any] = {
        "name": about.name,
        "memory": about.total_memory,
        "capability": f"{about.major}.{about.minor}",
        "bf16": has_bf16(device),
        "error": "",
    }
    try:  # a GPU that is too new or too old for this torch is listed all the same
        images, kernel = torch.ones(1, 1, 8, 8, device=device), torch.ones(1, 1, 3, 3)
        if float(functional.conv2d(images, kernel.to(device)).sum()) != 9 * 36:
            found["error"] = "it computes a wrong convolution"
        found["free"] = torch.cuda.mem_get_info(device)[0]
    except RuntimeError as error:
        found["error"] = " ".join(str(error).split())
    return found


def _run() -> dict[str, Any]:
    """Load what a run loads besides torch; how it would share out its work."""
    from neuplug.experiment import compose, results
    from neuplug.experiment.executors.local import choose_workers
    from neuplug.training.devices import pick_device

    del compose, results
    workers = choose_workers(pick_device("auto"))
    return {"workers": workers, "bytes": _peak()}


def _peak() -> int | None:
    """The most memory that this process has held."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _plugins() -> int:
    return len(discover(strict=False).components)


BASE: tuple[Step, ...] = (
    *(("origin", _origin), ("torch", _torch), ("gpu", _gpu), ("run", _run)),
    ("plugins", _plugins),
)


if __name__ == "__main__":
    main()
