"""Recording a device's work to repeat it without running the code that asked for it; knows nothing of training."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch

Work = Callable[[], None]


class Recorder(ABC):
    """Turns work on a device into something to call again and again.

    Lifecycle: `warm_up` with work of the same kind at least once, then `record` any number of times. What was
    recorded reads and writes the very tensors of the recording; where these are replaced, a new recorder is needed.
    Recordings of one recorder are to be called one after another.
    """

    @abstractmethod
    def warm_up(self, work: Work) -> None:
        """Run `work` now, where it will be recorded."""

    @abstractmethod
    def record(self, work: Work) -> Work:
        """Give what does the work each time it is called. The recording itself may not do it.

        Raises:
            RuntimeError: the device cannot record this work; nothing has been done.
        """


class Rerun(Recorder):
    """Records nothing: to repeat work is to run its code again."""

    def warm_up(self, work: Work) -> None:
        work()

    def record(self, work: Work) -> Work:
        return work


class CudaGraphs(Recorder):
    """CUDA graphs: one launch for all kernels of the recorded work.

    See "CUDA Graphs" in PyTorch's manual (notes/cuda): work is warmed up and recorded on a stream of its own, what it
    makes lies in a memory pool of the graphs', and a random generator must be registered to go on drawing.

    Args:
        device: of all tensors that the work touches.
        generator: all that the work draws from, on `device`.
    """

    def __init__(self, device: torch.device, generator: torch.Generator) -> None:
        self._device = device
        self._generator = generator
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
            # A generator whose capture was broken off may refuse to draw; a copy of its state does not know of it.
            self._generator.graphsafe_set_state(self._generator.clone_state())
            _BROKEN.append(graph)
            raise
        return graph.replay

    def _capture(self, graph: torch.cuda.CUDAGraph, work: Work) -> None:
        # The outer stream context: where a capture fails, that of the graph does not go back to the stream before.
        with torch.cuda.device(self._device), torch.cuda.stream(torch.cuda.current_stream(self._device)):
            graph.register_generator_state(self._generator)
            # Only what this thread does can spoil the capture: others may go on using the device.
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"):
                work()


# PyTorch's allocator may go on asking a graph whose capture failed whether it is being captured.
_BROKEN: list[torch.cuda.CUDAGraph] = []
