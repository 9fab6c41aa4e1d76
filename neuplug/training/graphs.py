"""Training steps replayed as CUDA graphs: one launch on the GPU in place of hundreds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

# Calls that run as written first: libraries choose their kernels, optimisers make their state
WARM_UP = 3


def captured(
    step: Callable[..., Any],
    device: torch.device,
    generators: Sequence[torch.Generator] = (),
) -> Callable[..., Any]:
    """The same step, replayed as one CUDA graph from its fourth call on; elsewhere as it is.

    If it cannot be captured, a warning says so, and it goes on as written.

    Args:
        step: Takes tensors of the device, always of the same shapes, and launches the same kernels
            each time: what Python decides or counts in it is done once. Optimisers that step in it
            are ``capturable``; autocast is without its cache.
        device: Where it computes.
        generators: What it draws from besides torch's own generator of the device.

    Returns:
        The step. What it returns is overwritten by the next call: clone what is kept.

    Example:
        >>> total = torch.zeros(2)
        >>> add = neuplug.captured(lambda numbers: total.add_(numbers), torch.device("cpu"))
        >>> add(torch.ones(2)), add(torch.ones(2)), total
        (tensor([2., 2.]), tensor([2., 2.]), tensor([2., 2.]))
    """
    if device.type != "cuda":
        return step
    return _Captured(step, generators, torch.cuda.Stream(device))


@dataclass
class _Captured:
    step: Callable[..., Any]
    generators: Sequence[torch.Generator]
    # of the capture; autograd remembers where a step ran first, so that all run there
    stream: torch.cuda.Stream
    left: int = WARM_UP
    graph: torch.cuda.CUDAGraph | None = None
    inputs: tuple[Tensor, ...] = ()
    outputs: Any = None

    def __call__(self, *given: Tensor) -> Any:
        if self.left == 0:
            self._capture(given)
        if self.graph is None:
            self.left -= 1
            here = torch.cuda.current_stream(self.stream.device)
            self.stream.wait_stream(here)
            with torch.cuda.stream(self.stream):
                outputs = self.step(*given)
            here.wait_stream(self.stream)
            return outputs
        for kept, new in zip(self.inputs, given, strict=True):
            kept.copy_(new, non_blocking=True)
        self.graph.replay()
        return self.outputs

    def _capture(self, given: tuple[Tensor, ...]) -> None:
        self.inputs = tuple(torch.empty_like(new) for new in given)
        graph = torch.cuda.CUDAGraph()
        for generator in self.generators:
            graph.register_generator_state(generator)
        own = torch.cuda.default_generators[self.stream.device.index]
        before = [(drawn, drawn.clone_state()) for drawn in (own, *self.generators)]
        self.left -= 1
        try:
            # other threads may go on: they prepare batches, or train something else
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.outputs = self.step(*self.inputs)
            self.graph = graph
        except RuntimeError as error:
            for generator, state in before:  # which a capture that fails leaves unusable
                generator.graphsafe_set_state(state)
            reason = str(error).splitlines()[0]
            warnings.warn(f"training steps run without a CUDA graph: {reason}", stacklevel=3)
