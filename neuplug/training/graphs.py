"""Training steps replayed as CUDA graphs: one launch on the GPU in place of hundreds."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import torch
from torch import Tensor

Outputs = TypeVar("Outputs")

# Calls that run as written first: libraries choose their kernels, optimisers make their state
WARM_UP = 3


def captured(
    step: Callable[..., Outputs],
    device: torch.device,
    generators: Sequence[torch.Generator] = (),
) -> Callable[..., Outputs]:
    """The same step, replayed as one CUDA graph from its fourth call on; elsewhere as it is.

    Args:
        step: Takes tensors of the device, always of the same shapes, and launches the same kernels
            each time: what Python decides or counts in it is done once. Its optimisers are
            ``capturable``; autocast is without its cache.
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
    return step if device.type != "cuda" else _Captured(step, device, generators)


class _Captured(Generic[Outputs]):
    def __init__(
        self,
        step: Callable[..., Outputs],
        device: torch.device,
        generators: Sequence[torch.Generator],
    ) -> None:
        self.step, self.generators = step, generators
        self.stream = torch.cuda.Stream(device)
        self.left = WARM_UP
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: tuple[Tensor, ...] = ()
        self.outputs: Outputs

    def __call__(self, *given: Tensor) -> Outputs:
        if self.left == 0:
            self._capture(given)
        if self.graph is None:
            return self._run(given)
        for kept, new in zip(self.inputs, given, strict=True):
            kept.copy_(new, non_blocking=True)
        self.graph.replay()
        return self.outputs

    def _run(self, given: tuple[Tensor, ...]) -> Outputs:
        """As written, on the stream of the capture, which autograd remembers."""
        self.left -= 1
        here = torch.cuda.current_stream(self.stream.device)
        self.stream.wait_stream(here)
        with torch.cuda.stream(self.stream):
            outputs = self.step(*given)
        here.wait_stream(self.stream)
        return outputs

    def _capture(self, given: tuple[Tensor, ...]) -> None:
        self.inputs = tuple(torch.empty_like(new) for new in given)
        graph = torch.cuda.CUDAGraph()
        for generator in self.generators:
            graph.register_generator_state(generator)
        own = torch.cuda.default_generators[self.stream.device.index]
        before = [(drawn, drawn.clone_state()) for drawn in (own, *self.generators)]
        try:
            # other threads may go on: they prepare batches, or train something else
            with torch.cuda.graph(graph, stream=self.stream, capture_error_mode="thread_local"):
                self.outputs = self.step(*self.inputs)
        except RuntimeError as error:
            for generator, state in before:  # which a capture that failed leaves unusable
                generator.graphsafe_set_state(state)
            reason = str(error).splitlines()[0]
            warnings.warn(f"training steps run without a CUDA graph: {reason}", stacklevel=2)
        else:
            self.graph = graph
