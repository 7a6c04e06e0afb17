"""One code for numpy arrays, torch tensors and symbols of a graph: the module whose functions take an array."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray


def namespace(array: Any) -> Any:
    """Torch for a tensor, `engine.graph` for a symbol, else numpy; nothing is imported here."""
    if hasattr(array, "namespace"):
        return array.namespace
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(array, torch.Tensor) else np


def as_float(flags: Any, like: Any) -> Any:
    """True and false as 1 and 0 in the floating type of `like`."""
    return flags.astype(like.dtype) if namespace(like) is np else flags.to(like.dtype)


def zeros(shape: tuple[int, ...], like: Any, *, codes: bool = False) -> Any:
    """Zeros of the kind of `like`, numpy's or torch's, and where it is: float32, or uint8 for codes."""
    xp = namespace(like)
    dtype = xp.uint8 if codes else xp.float32
    return np.zeros(shape, dtype) if xp is np else like.new_zeros(shape, dtype=dtype)


def beside(values: NDArray[Any], like: Any) -> Any:
    """An array of numpy as the kind of `like`, where that is."""
    xp = namespace(like)
    return values if xp is np else xp.from_numpy(values).to(like.device)


def to_numpy(values: Any) -> NDArray[Any]:
    """A tensor, or what is an array already, as an array of numpy."""
    made: NDArray[Any] = values if namespace(values) is np else values.cpu().numpy()
    return made
