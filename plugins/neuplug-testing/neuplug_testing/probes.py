"""Instruments: global random states, a fast clock, held-out images under guard, live memory."""

from __future__ import annotations

import contextlib
import gc
import random
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import torch

from neuplug.data.imageset import HeldOutSet

# Less than one of the batches that are handed over; building a large network leaves 3000
LEAST_BYTES = 8192

# Code that seeds a global generator should not hit on the seed that it has here
UNLIKELY = 746_151_313


@contextlib.contextmanager
def global_random_states(seed: int) -> Iterator[list[str]]:
    """Seed the global generators, which are put back after the block.

    Yields:
        A list that names, after the block, the generators that were moved in it.
    """
    kept = _states()
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
        random.setstate(kept["random"])
        name, keys, *rest = kept["numpy.random"]
        np.random.set_state((name, np.frombuffer(keys, dtype=np.uint32), *rest))
        torch.set_rng_state(torch.frombuffer(bytearray(kept["torch"]), dtype=torch.uint8))


def _states() -> dict[str, Any]:
    """Each global generator's state as something that can be compared."""
    name, keys, *rest = np.random.get_state()
    return {
        "random": random.getstate(),
        "numpy.random": (name, np.asarray(keys).tobytes(), *rest),
        "torch": torch.get_rng_state().numpy().tobytes(),
    }


@contextlib.contextmanager
def fast_clock() -> Iterator[None]:
    """Within, every look at the clock is a minute after the one before."""
    looks = 0
    real = {name: getattr(time, name) for name in ("monotonic", "time", "perf_counter")}

    def looked(name: str) -> float:
        nonlocal looks
        looks += 1
        return float(real[name]() + 60 * looks)

    with contextlib.ExitStack() as stack:
        for name in real:
            clock = mock.Mock(side_effect=lambda name=name: looked(name))
            stack.enter_context(mock.patch.object(time, name, clock))
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

    Tensors are counted, and their bytes. Python's memory, NumPy's in it, is measured; below 8 kB a
    call it does not count. A single call that leaves nothing settles it, and most often the second
    does; the others are for caches that fill slowly, such as a plotting library's.
    """
    least = {"tensors": 1, "bytes of tensors": 1, "bytes": LEAST_BYTES}
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
    tensors = [o for o in gc.get_objects() if issubclass(type(o), torch.Tensor)]
    held = {
        "tensors": len(tensors),
        "bytes of tensors": sum(t.numel() * t.element_size() for t in tensors),
    }
    del tensors
    return {**held, "bytes": tracemalloc.get_traced_memory()[0]}
