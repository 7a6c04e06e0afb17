"""OpenVINO as the engine of a network, and of what is composed of it: on a CPU, tile by tile, without torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..color import L_MAX
from ..cores import threads_of
from ..raster import Float32
from .base import MOST, Compose, not_finite
from .graph import Symbol, concatenate, total
from .record import recorded
from .runtime import opset, ov
from .shared import shared

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


Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Of what a function is given, by name."""


class Runnable(Protocol):
    """A network as this engine needs it, see `models.painter.Runnable`."""

    @property
    def is_bounded(self) -> bool:
        """Whether its end has bounds."""
        ...

    @property
    def structure(self) -> Hashable | None:
        """What is equal of networks that compute the same."""
        ...

    def graph(self, x: Any) -> Any:
        """Of L / 50 - 1."""
        ...


class OpenVinoEngine:
    """A network ready to run on the CPU; see `base.Engine`.

    Every tile is computed by itself, so that its bits do not depend on how many come at a time.

    Args:
        network: what is run. precision: "fp32" or "bf16". model: its name.

    OpenVINO makes numbers again of what is none (a ReLU of it is 0), so that the end of a network that has bounds shows
    no overflow: its convolutions are looked at, once, with noise.
    """

    name, device = "openvino", "cpu"

    def __init__(self, network: Runnable, precision: str, model: str) -> None:
        self.precision, self._runnable, self._model = precision, network, model
        self._unchecked = network.is_bounded
        self._networks: dict[tuple[int, ...], Compiled] = {}
        self._composed: dict[tuple[Hashable, Shapes], Compiled] = {}
        self._lock = threading.Lock()

    def place(self, array: NDArray[Any]) -> NDArray[Any]:
        """The array itself."""
        return array

    def run(
        self,
        tiles: Float32,
        compose: Compose,
        beside: Float32 | None = None,
        numbers: Float32 | None = None,
        structure: Hashable | None = None,
    ) -> Iterator[NDArray[Any]]:
        """What is composed of each tile; see `base.Engine`."""
        if self._unchecked:
            self._check(tiles.shape[1])
        network = self._network((1, *tiles.shape[1:]))
        for number, tile in enumerate(tiles):
            lightness = tile[None]
            out = network(lightness)
            if not -MOST < out.min() <= out.max() < MOST:
                raise not_finite(self._model)
            given = {"out": out, "lightness": lightness}
            given |= {} if beside is None else {"beside": beside[number][None]}
            given |= {} if numbers is None else {"numbers": numbers}
            shapes = tuple((name, each.shape) for name, each in given.items())
            yield self._composer(compose, shapes, structure)(*given.values())

    def _network(self, shape: tuple[int, ...]) -> Compiled:
        with self._lock:
            if shape not in self._networks:
                self._networks[shape] = self._compiled(self._runnable.structure, self._of_lightness, [shape])
            return self._networks[shape]

    def _compiled(
        self, structure: Hashable | None, function: Callable[..., Symbol], shapes: Sequence[tuple[int, ...]]
    ) -> Compiled:
        """A function of lightness in the precision of the network, which may serve other scenes."""
        key = None if structure is None else (structure, function.__name__, *shapes, self.precision, threads_of())
        return shared(key, lambda: Compiled(function, shapes, self.precision))

    def _check(self, channels: int) -> None:
        """Refuses weights with which convolutions overflow."""
        shape = (1, channels, CHECK_PX, CHECK_PX)
        noise = np.random.default_rng(0).random(shape, np.float32) * np.float32(L_MAX)
        if not np.isfinite(self._compiled(self._runnable.structure, self._sums, [shape])(noise)).all():
            raise not_finite(self._model)
        self._unchecked = False

    def _sums(self, lightness: Symbol) -> Symbol:
        """Of what each convolution gives."""
        with recorded() as made:
            self._of_lightness(lightness)
        return concatenate([total(each, [1, 2, 3]) for each in made], 1)

    def _of_lightness(self, lightness: Symbol) -> Symbol:
        made: Symbol = self._runnable.graph(lightness * (2.0 / L_MAX) - 1.0)
        return made

    def _composer(self, compose: Compose, shapes: Shapes, structure: Hashable | None) -> Compiled:
        names = [name for name, _ in shapes]

        def function(*given: Symbol) -> Symbol:
            made: Symbol = compose(*given[:2], **dict(zip(names[2:], given[2:], strict=True)))
            return made

        with self._lock:
            known = (compose if structure is None else structure, shapes)
            if known not in self._composed:
                key = None if structure is None else (structure, shapes, threads_of())
                self._composed[known] = shared(key, lambda: Compiled(function, [shape for _, shape in shapes], "fp32"))
            return self._composed[known]
