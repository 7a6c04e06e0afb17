"""One code for numpy arrays, torch tensors and symbols of a graph: the module whose functions take an array."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def namespace(array: Any) -> Any:
    """Torch for a tensor, `engine.graph` for a symbol, else numpy; nothing is imported here."""
    if hasattr(array, "namespace"):
        return array.namespace
    torch = sys.modules.get("torch")
    return torch if torch is not None and isinstance(array, torch.Tensor) else np


def as_float(flags: Any, like: Any) -> Any:
    """True and false as 1 and 0 in the floating type of `like`."""
    return flags.astype(like.dtype) if namespace(like) is np else flags.to(like.dtype)
