"""A classifier's training step: a plain eager loop, ours as written, ours captured on a GPU.

    uv run python tests/benchmarks/gpu.py            # a minute on a GPU; small on a processor
    uv run python tests/benchmarks/gpu.py --profile  # and what the GPU computes in a step

Rounds of all three follow one another in one process; a time is that of a round with the device's
queue empty at both ends, by the wall on a GPU and by the processor's clock without one. The plain
loop is the usual one: float32, images resident as floats, Adam, no autocast, no ``.item()``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional as F

import neuplug
from neuplug import Augmenter, FitContext, TrainingOptions
from neuplug.training.loop import _Loop

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda", 0) if ON_GPU else torch.device("cpu")


def plain(name: str, images: neuplug.TrainingSet, batch: int) -> Callable[[], Any]:
    """What people write."""
    found: Any = neuplug.load(name)
    build = getattr(found, "network", found.build)  # with torchvision's own layers
    network = build(len(images.classes), 1, images.image_size).to(DEVICE)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    floats = images.images.to(DEVICE).float().div(127.5).sub(1)
    labels = images.labels.to(DEVICE)
    network.train()

    def step() -> None:
        index = torch.randint(len(labels), (batch,), device=DEVICE)
        optimizer.zero_grad()
        F.cross_entropy(network(floats[index]), labels[index]).backward()
        optimizer.step()

    return step


def ours(
    name: str, images: neuplug.TrainingSet, batch: int, graph: bool, augment: str | None = None
) -> Callable[[], Any]:
    """Our loop, without its evaluations."""
    found = neuplug.load(name)
    kind = type(type(found).__name__, (type(found),), {"capturable": graph})
    augmenter: Augmenter | None = neuplug.load(augment) if augment else None
    precision = "auto" if ON_GPU else "fp32"  # as on most processors
    options = TrainingOptions(batch=batch, steps=10_000, schedule="constant", precision=precision)
    place = FitContext(DEVICE, 0)
    loop = _Loop(kind(found.options), images, options, place, None, augmenter, None, None)
    return lambda: loop._step(*loop._batch())


def round_of(step: Callable[[], Any], count: int) -> float:
    """Milliseconds a step."""
    clock = time.perf_counter if ON_GPU else time.thread_time
    started = clock()
    for _ in range(count):
        step()
    if ON_GPU:
        torch.cuda.synchronize()
    return (clock() - started) / count * 1000


def busy(step: Callable[[], Any]) -> float:
    """Milliseconds of a step in which kernels run."""
    activity = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[activity.CUDA if ON_GPU else activity.CPU]) as found:
        round_of(step, 10)
    return sum(event.self_device_time_total for event in found.key_averages()) / 10_000


def measure(name: str, size: int, batch: int, rounds: int, profile: bool) -> None:
    """One line for each way."""
    pixels = torch.randint(0, 256, (600, 1, size, size), dtype=torch.uint8)
    images = neuplug.training_set(pixels, [str(i % 6) for i in range(600)])
    steps = {
        "plain loop": plain(name, images, batch),
        "ours, as written": ours(name, images, batch, graph=False),
        "ours, as written, with flip": ours(name, images, batch, graph=False, augment="flip"),
    }
    if ON_GPU:
        steps["ours, captured"] = ours(name, images, batch, graph=True)
        steps["ours, captured, with flip"] = ours(name, images, batch, graph=True, augment="flip")
    for step in steps.values():
        round_of(step, 10 if ON_GPU else 1)
    times: dict[str, list[float]] = {way: [] for way in steps}
    for _ in range(rounds):
        for way, step in steps.items():
            times[way].append(round_of(step, 50 if ON_GPU else 1))
    base = statistics.median(times["plain loop"])
    print(f"{name}, {size}x{size}, batch {batch}")
    for way, values in times.items():
        found = statistics.median(values)
        note = f"   kernels {busy(steps[way]):6.2f} ms" if profile and ON_GPU else ""
        print(f"  {way:28}{found:8.2f} ms a step   {base / found:.2f}x{note}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    if ON_GPU:
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
        for size, batch in ((48, 16), (64, 64)):
            for name in ("mobilenetv2", "smallcnn", "resnet18"):
                measure(name, size, batch, args.rounds, args.profile)
    else:
        torch.set_num_threads(1)
        print(f"no GPU here: one thread of the processor, torch {torch.__version__}; nothing is "
              "captured")  # fmt: skip
        for name in ("smallcnn", "mobilenetv2"):
            measure(name, 48, 16, args.rounds, args.profile)
