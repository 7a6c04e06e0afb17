"""A function of arrays, computed by OpenVINO where there is one and else by torch, once for each shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..raster import Float32
from .choose import is_installed

if TYPE_CHECKING:
    from .openvino import Compiled


def has_graphs() -> bool:
    """Whether OpenVINO is installed."""
    return is_installed("openvino")


class Computed:
    """A function of float32 arrays, in float32 on the CPU.

    Args:
        function: of symbols or tensors. on_torch: of tensors, where the other takes none or there is no OpenVINO.
    """

    def __init__(self, function: Callable[..., Any] | None, on_torch: Callable[..., Any] | None = None) -> None:
        self._function, self._on_torch = function, on_torch if on_torch is not None else function
        self._compiled: dict[tuple[tuple[int, ...], ...], Compiled] = {}

    def __call__(self, *arrays: Float32) -> Float32:
        """What the function gives, a new array."""
        if self._function is not None and has_graphs():
            from .openvino import Compiled

            shapes = tuple(array.shape for array in arrays)
            if shapes not in self._compiled:
                self._compiled[shapes] = Compiled(self._function, shapes, "fp32")
            return np.array(self._compiled[shapes](*arrays))
        import torch

        assert self._on_torch is not None
        with torch.inference_mode():
            made: Float32 = self._on_torch(*map(torch.from_numpy, arrays)).float().cpu().numpy()
            return made
