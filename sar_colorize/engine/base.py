"""What every engine does: tiles of lightness through a network and what is composed of it, to arrays."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from ..errors import ModelError
from ..raster import Float32

Compose = Callable[..., Any]
"""From what the network gave and L (1, C, H, W) of one tile, in the engine's own arrays, to what is wanted of it; what
is beside it, and numbers, by these names where they are given."""


class Engine(Protocol):
    """A network on a device, in a precision."""

    name: str
    """"torch" or "openvino"."""
    device: str
    """"cpu" or "cuda"."""
    precision: str
    """"fp32" or "bf16"; what is composed is float32."""

    def place(self, array: NDArray[Any]) -> Any:
        """An array where tiles are computed: a tensor on a GPU, elsewhere the array itself."""
        ...

    def run(
        self,
        tiles: Any,
        compose: Compose,
        beside: Float32 | None = None,
        numbers: Float32 | None = None,
        structure: Hashable | None = None,
    ) -> Iterator[Any]:
        """What is composed of each tile, of the kind of `tiles`, to be used before the next is asked for.

        Args:
            tiles: (B, C, H, W) L in 0..100, numpy or as `place` gives. compose: the same one each time, by ==.
            beside: (B, P, h, w), what else it takes of each tile.
            numbers: (1, N), what it takes of the scene where it is a graph; torch runs `compose`, which knows them.
            structure: what is equal of functions that compose alike, but for their numbers; None of one that is alone.

        Raises:
            ModelError: the network gives no finite numbers.
        """
        ...


MOST = 1e9
"""What a network gives is less: more has overflowed elsewhere, or will."""


def not_finite(model: str) -> ModelError:
    """The error for a network whose numbers are none."""
    return ModelError(f"model must give finite colours, got others from {model}; take its weights anew")
