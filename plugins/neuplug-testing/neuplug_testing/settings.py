"""What holds for the whole process: a component must leave it as it finds it."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch.backends import cudnn

# Seconds that a thread which is about to end is given to do so
GRACE = 0.3


@contextlib.contextmanager
def kept_settings() -> Iterator[list[str]]:
    """Put the settings of the process back after the block, all but the working folder.

    Yields:
        A list that tells, after the block, what changed in it, such as ``changes sys.stdout``.
    """
    before = _settings()
    changed: list[str] = []
    with (
        warnings.catch_warnings(),
        contextlib.redirect_stdout(sys.stdout),
        contextlib.redirect_stderr(sys.stderr),
        mock.patch.dict(os.environ),
    ):
        try:
            yield changed
        finally:
            after = _settings()
            names = [name for name in before if before[name] != after[name]]
            changed += [_told(name, before[name], after[name]) for name in names]
            for name in names:
                if name in TORCH:
                    TORCH[name][1](before[name])


@contextlib.contextmanager
def left_threads() -> Iterator[list[str]]:
    """Yield a list that tells, after the block, of threads that were started in it and go on."""
    before = set(threading.enumerate())
    left: list[str] = []
    try:
        yield left
    finally:
        end = time.monotonic() + GRACE
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith("Dummy-"):  # of compiled code, and not to be joined
                continue
            thread.join(max(0.0, end - time.monotonic()))
            left += [f"leaves the thread {thread.name} behind"] if thread.is_alive() else []


def _determinism() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


def _set_determinism(value: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _cudnn(name: str) -> tuple[Callable[[], Any], Callable[[Any], object]]:
    return (lambda: getattr(cudnn, name)), (lambda value: setattr(cudnn, name, value))


# Names to how each is read and set
TORCH: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "torch's grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's number of threads": (torch.get_num_threads, torch.set_num_threads),
    "torch's deterministic algorithms": (_determinism, _set_determinism),
    "torch's anomaly detection": (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    "torch's float32 matmul precision": (
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    ),
    "torch.backends.cudnn.enabled": _cudnn("enabled"),
    "torch.backends.cudnn.benchmark": _cudnn("benchmark"),
    "torch.backends.cudnn.deterministic": _cudnn("deterministic"),
}


def _settings() -> dict[str, Any]:
    return {
        **{name: read() for name, (read, _) in TORCH.items()},
        "os.environ": dict(os.environ),
        "the working folder": _working_folder(),
        "warnings.filters": list(warnings.filters),
        "sys.stdout": sys.stdout,
        "sys.stderr": sys.stderr,
    }


def _working_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - what is gone is no path
    except OSError:
        return "a folder that is gone"


def _told(name: str, before: Any, after: Any) -> str:
    if name in TORCH:
        return f"changes {name} from {before} to {after}"
    if isinstance(before, dict):
        keys = sorted(k for k in before | after if before.get(k) != after.get(k))
        return f"changes {name} ({', '.join(keys)})"
    return f"changes {name}"
