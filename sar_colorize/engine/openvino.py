"""OpenVINO as the engine of a network, and of what is composed of it: on a CPU, tile by tile, without torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..color import L_MAX
from ..cores import threads_of
from ..raster import Float32
from .base import Compose, not_finite
from .graph import Symbol, concatenate, total
from .record import recorded
from .runtime import opset, ov

CHECK_PX = 256
"""Side of the noise that a network is looked at with."""
_HINTS = {"fp32": "f32", "bf16": "bf16"}


@cache
def _core() -> Any:
    return ov.Core()


class Compiled:
    """A function of float32 arrays of fixed shapes, compiled for the CPU. It may be called by several threads.

    Args:
        function: of symbols, to one symbol. shapes: of its arguments. precision: "fp32" or "bf16".
    """

    def __init__(self, function: Callable[..., Symbol], shapes: Sequence[tuple[int, ...]], precision: str) -> None:
        given = [opset.parameter(list(shape), np.float32) for shape in shapes]
        model = ov.Model([opset.result(function(*map(Symbol, given)).output)], given)
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "ENABLE_CPU_PINNING": False,  # other processes may want the same cores
        }
        threads = threads_of()
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        self._model = _core().compile_model(model, "CPU", settings)
        self._of_thread = threading.local()

    def __call__(self, *arrays: Float32) -> NDArray[Any]:
        """What the function gives: a view, until this thread's next call."""
        request = getattr(self._of_thread, "request", None)
        if request is None:
            request = self._of_thread.request = self._model.create_infer_request()
        contiguous = [np.ascontiguousarray(array) for array in arrays]
        found: NDArray[Any] = request.infer(contiguous, share_inputs=True, share_outputs=True)[0]
        return found


class OpenVinoEngine:
    """A network ready to run on the CPU; see `base.Engine`.

    Every tile is computed by itself, so that its bits do not depend on how many come at a time.

    Args:
        graph: of the network, of L / 50 - 1. precision: "fp32" or "bf16". model: its name.
        bounded: whether its end has bounds. OpenVINO makes numbers again of what is none (a ReLU of it is 0), so that
            the end of such a network shows no overflow: its convolutions are looked at, once, with noise.
    """

    name, device = "openvino", "cpu"

    def __init__(self, graph: Callable[[Symbol], Symbol], precision: str, model: str, *, bounded: bool = False) -> None:
        self.precision, self._graph, self._model, self._unchecked = precision, graph, model, bounded
        self._networks: dict[tuple[int, ...], Compiled] = {}
        self._composed: dict[tuple[Compose, tuple[tuple[int, ...], ...]], Compiled] = {}
        self._lock = threading.Lock()

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        """The array itself."""
        return array

    def run(self, tiles: Float32, compose: Compose, beside: Float32 | None = None) -> Iterator[NDArray[Any]]:
        """What is composed of each tile; see `base.Engine`."""
        if self._unchecked:
            self._check(tiles.shape[1])
        network = self._network((1, *tiles.shape[1:]))
        for number, tile in enumerate(tiles):
            lightness = tile[None]
            out = network(lightness)
            if not np.isfinite(out).all():
                raise not_finite(self._model)
            given = (out, lightness) if beside is None else (out, lightness, beside[number][None])
            yield self._composer(compose, tuple(each.shape for each in given))(*given)

    def _network(self, shape: tuple[int, ...]) -> Compiled:
        with self._lock:
            if shape not in self._networks:
                self._networks[shape] = Compiled(self._of_lightness, [shape], self.precision)
            return self._networks[shape]

    def _check(self, channels: int) -> None:
        """Refuses weights with which convolutions overflow."""
        shape = (1, channels, CHECK_PX, CHECK_PX)
        noise = np.random.default_rng(0).random(shape, np.float32) * np.float32(L_MAX)
        if not np.isfinite(Compiled(self._sums, [shape], self.precision)(noise)).all():
            raise not_finite(self._model)
        self._unchecked = False

    def _sums(self, lightness: Symbol) -> Symbol:
        """Of what each convolution gives."""
        with recorded() as made:
            self._of_lightness(lightness)
        return concatenate([total(each, [1, 2, 3]) for each in made], 1)

    def _of_lightness(self, lightness: Symbol) -> Symbol:
        return self._graph(lightness * (2.0 / L_MAX) - 1.0)

    def _composer(self, compose: Compose, shapes: tuple[tuple[int, ...], ...]) -> Compiled:
        with self._lock:
            if (compose, shapes) not in self._composed:
                self._composed[compose, shapes] = Compiled(compose, shapes, "fp32")
            return self._composed[compose, shapes]
