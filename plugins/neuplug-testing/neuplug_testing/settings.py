"""What there is one of in a process, and every component must leave as it finds it.

Loads nothing heavy.
"""

from __future__ import annotations

import builtins
import contextlib
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from neuplug.plugins.isolation import SETTINGS, SIGNALS, Setting


def _put(held: dict[Any, Any], value: dict[Any, Any]) -> None:
    """Make a mapping that others hold what it was."""
    for key in held.keys() - value.keys():
        del held[key]
    held.update(value)


def _set_mask(mask: int) -> None:
    os.umask(mask)


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _set_logging(found: tuple[int, list[logging.Handler]]) -> None:
    logging.root.setLevel(found[0])
    logging.root.handlers[:] = found[1]


def _loaded(module: str, use: Callable[[Any], Any]) -> Any:
    """Use a module if it is loaded."""
    found = sys.modules.get(module)
    return None if found is None else use(found)


def _put_matplotlib(value: dict[str, Any]) -> None:
    def put(matplotlib: Any) -> None:
        # loaded since, it has what it had first; in the usual way a backend might be chosen
        for name, each in value.items() if value else dict.items(matplotlib.rcParamsOrig):
            dict.__setitem__(matplotlib.rcParams, name, each)

    _loaded("matplotlib", put)


def _handlers() -> dict[str, Any]:
    """Of the signals that the command itself does not listen to."""
    others = (found for found in signal.valid_signals() if isinstance(found, signal.Signals))
    return {found.name: signal.getsignal(found) for found in others if found.name not in SIGNALS}


def _set_handlers(handlers: dict[str, Any]) -> None:
    for name, handler in handlers.items():
        number = getattr(signal, name)
        if signal.getsignal(number) != handler:
            signal.signal(number, handler)


CUDNN = ("enabled", "benchmark", "deterministic")


def _set_cudnn(values: dict[str, bool]) -> None:
    cudnn = sys.modules["torch"].backends.cudnn
    for name, value in values.items():
        setattr(cudnn, name, value)


ALL = (
    *SETTINGS,
    Setting(
        "torch's cudnn",
        lambda: _loaded("torch", lambda t: {n: getattr(t.backends.cudnn, n) for n in CUDNN}),
        _set_cudnn,
    ),
    Setting(
        "torch's anomaly detection",
        lambda: _loaded("torch", lambda torch: torch.is_anomaly_enabled()),
        lambda on: _loaded("torch", lambda torch: torch.autograd.set_detect_anomaly(on)),
    ),
    Setting(
        "torch's default device",
        lambda: _loaded("torch", lambda torch: torch.get_default_device()),
        lambda device: _loaded("torch", lambda torch: torch.set_default_device(device)),
    ),
    Setting("os.environ", lambda: dict(os.environ), lambda v: _put(os.environ, v)),  # type: ignore[arg-type]
    Setting("sys.path", lambda: list(sys.path), partial(sys.path.__setitem__, slice(None))),
    Setting("sys.stdout", lambda: sys.stdout, partial(setattr, sys, "stdout")),
    Setting("sys.excepthook", lambda: sys.excepthook, partial(setattr, sys, "excepthook")),
    Setting("builtins", lambda: dict(vars(builtins)), lambda v: _put(vars(builtins), v)),
    Setting("the handlers of signals", _handlers, _set_handlers),
    Setting("the mask of new files", _mask, _set_mask),
    Setting("logging's root", lambda: (logging.root.level, [*logging.root.handlers]), _set_logging),
    Setting(
        "multiprocessing's start method",
        partial(multiprocessing.get_start_method, allow_none=True),
        partial(multiprocessing.set_start_method, force=True),
    ),
    Setting(
        "matplotlib's settings",
        lambda: _loaded(
            "matplotlib", lambda found: dict(dict.items(getattr(found, "rcParams", {})))
        ),
        _put_matplotlib,
    ),
)


@contextlib.contextmanager
def kept_settings() -> Iterator[list[str]]:
    """Put the settings of the process back after the block.

    Yields:
        A list that tells, after the block, what changed in it, such as ``changes sys.stdout``.
    """
    before = [(setting, setting.read()) for setting in ALL]
    changed: list[str] = []
    try:
        yield changed
    finally:
        for setting, value in before:
            after = setting.read()
            if after != value:
                changed.append(_told(setting.name, value, after))
                with contextlib.suppress(Exception):  # such as a folder that is gone
                    setting.write(value)


def _told(name: str, before: Any, after: Any) -> str:
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(k for k in before | after if before.get(k) != after.get(k))
        return f"changes {name} ({', '.join(map(str, keys))})"
    if isinstance(before, bool | int | float | str) or name.startswith("torch"):
        return f"changes {name} from {before} to {after}"
    return f"changes {name}"
