"""Recordings of a device's work, which repeat the work without its Python code. Knows nothing about training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch

Work = Callable[[], None]


class Recorder(ABC):
    """Records work on a device as a function that repeats it.

    Lifecycle: `warm_up` at least once with work of the same kind, then `record` any number of times. A recording reads
    and writes the tensors that the recorded work used, and keeps `work` alive, so that tensors that only `work` holds
    stay. If tensors are replaced, a new recorder is needed. Recordings of one recorder must be called one after
    another.
    """

    @abstractmethod
    def warm_up(self, work: Work) -> None:
        """Run `work` once, under the conditions of a recording."""

    @abstractmethod
    def record(self, work: Work) -> Work:
        """Return a function that does the work each time it is called. The recording itself must not do it.

        Raises:
            RuntimeError: the device cannot record this work. The work was not done.
        """


class Rerun(Recorder):
    """Records nothing, and repeats work by running its code again."""

    def warm_up(self, work: Work) -> None:
        work()

    def record(self, work: Work) -> Work:
        return work


class CudaGraphs(Recorder):
    """Records with CUDA graphs, which launch all kernels of the recorded work at once.

    See "CUDA Graphs" in PyTorch's manual (notes/cuda): work is warmed up and recorded on a separate stream, new tensors
    are in the memory pool of the graphs, and random generators must be registered, so that each call draws new numbers.

    Args:
        device: where all tensors of the work are.
        generators: the only sources of random numbers of the work, on `device`.
    """

    def __init__(self, device: torch.device, *generators: torch.Generator) -> None:
        self._device = device
        self._generators = generators
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    def warm_up(self, work: Work) -> None:
        current = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            work()
        current.wait_stream(self._stream)

    def record(self, work: Work) -> Work:
        graph = torch.cuda.CUDAGraph()
        try:
            self._capture(graph, work)
        except RuntimeError:
            # After a failed capture a generator may refuse to draw. A copy of its state does not.
            for generator in self._generators:
                generator.graphsafe_set_state(generator.clone_state())
            _BROKEN.append(graph)
            raise
        return partial(_replay, graph, work)

    def _capture(self, graph: torch.cuda.CUDAGraph, work: Work) -> None:
        # The outer context restores the stream: after a failed capture, the context of the graph does not.
        with torch.cuda.device(self._device), torch.cuda.stream(torch.cuda.current_stream(self._device)):
            for generator in self._generators:
                graph.register_generator_state(generator)
            # With this mode, work of other threads on the device cannot make the capture fail.
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                work()


def _replay(graph: torch.cuda.CUDAGraph, _work: Work) -> None:
    graph.replay()


# Kept alive, because PyTorch's allocator may still use a graph after its capture has failed.
_BROKEN: list[torch.cuda.CUDAGraph] = []
