"""Instruments: output, threads, random states, clock and memory, held-out images.

A component must leave the process as it finds it.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import logging
import pickle
import random
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import torch

from neuplug.data.imageset import HeldOutSet
from neuplug.plugins.isolation import logger

# Less than one of the batches that are handed over; building a large network leaves 3000
LEAST_BYTES = 8192

# Code that seeds a global generator should not hit on the seed that it has here
UNLIKELY = 746_151_313

# Seconds that a thread which is about to end is given to do so
GRACE = 0.3


@contextlib.contextmanager
def global_random_states(seed: int) -> Iterator[list[str]]:
    """Seed the global generators, which are put back after the block.

    Yields:
        A list that names, after the block, the generators that were moved in it.
    """
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()
    moved: list[str] = []
    seed += UNLIKELY
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    start = _states()
    try:
        yield moved
    finally:
        moved += [name for name, state in _states().items() if state != start[name]]
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        torch.set_rng_state(kept[2])


def _states() -> dict[str, Any]:
    """Each global generator's state as something that can be compared."""
    return {
        "random": random.getstate(),
        "numpy.random": pickle.dumps(np.random.get_state()),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


@contextlib.contextmanager
def fast_clock() -> Iterator[None]:
    """Within, every look at the clock is a minute after the one before."""
    minutes = itertools.count(60, 60)

    def ahead(clock: Callable[[], float]) -> Callable[[], float]:
        return lambda: clock() + next(minutes)

    with mock.patch.multiple(
        time,
        monotonic=ahead(time.monotonic),
        time=ahead(time.time),
        perf_counter=ahead(time.perf_counter),
    ):
        yield


@contextlib.contextmanager
def guarded(held_out: HeldOutSet) -> Iterator[list[str]]:
    """Yield a list of the attributes of the held-out set that were asked for in the block."""
    seen: list[str] = []

    def spy(self: HeldOutSet, name: str) -> Any:
        if self is held_out and not name.startswith("__"):
            seen.append(name)
        return object.__getattribute__(self, name)

    with mock.patch.object(HeldOutSet, "__getattribute__", spy):
        yield seen


def growth(call: Callable[[int], object], calls: int = 6) -> str:
    """Call again and again; say what every call but the first left behind, or nothing.

    The bytes of tensors are counted. Python's memory, NumPy's in it, is measured; below 8 kB a call
    it does not count. A single call that leaves nothing settles it, and most often the second
    does; the others are for caches that fill slowly, such as a plotting library's.
    """
    least = {"bytes of tensors": 1, "bytes": LEAST_BYTES}
    steps: dict[str, list[int]] = {what: [] for what in least}
    gc.freeze()  # what was there before is not looked through again and again
    started = not tracemalloc.is_tracing()
    if started:
        tracemalloc.start()
    try:
        call(0)
        before = _held()
        for i in range(1, calls + 1):
            call(i)
            held = _held()
            for what in steps:
                steps[what].append(held[what] - before[what])
            steps = {what: found for what, found in steps.items() if found[-1] >= least[what]}
            if not steps:
                return ""
            before = held
    finally:
        if started:
            tracemalloc.stop()
        gc.unfreeze()
    what, found = next(iter(steps.items()))
    return f"each of {calls} calls left at least {min(found)} {what} behind"


def _held() -> dict[str, int]:
    gc.collect()
    tensors = (o for o in gc.get_objects() if issubclass(type(o), torch.Tensor))
    return {
        "bytes of tensors": sum(t.numel() * t.element_size() for t in tensors),
        "bytes": tracemalloc.get_traced_memory()[0],
    }


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


class _Ear(logging.Handler):
    """Keeps what plugins print; the logger's own handler prints it on the standard error."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.args and len(record.args) == 2:
            self.lines.append(str(record.args[1]))  # type: ignore[index]


@contextlib.contextmanager
def hearing() -> Iterator[list[str]]:
    """Yield a list of the lines that isolated code (:mod:`neuplug.plugins.isolation`) prints."""
    listener = _Ear()
    logger.addHandler(listener)
    try:
        yield listener.lines
    finally:
        logger.removeHandler(listener)
