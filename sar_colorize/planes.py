"""What composing a picture computes on (B, C, H, W) arrays, for torch's tensors and OpenVINO's symbols alike.

Neither is imported here before there is one of its arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import namespace


def _is_symbol(x: Any) -> bool:
    return hasattr(x, "namespace")


def wide(x: Any) -> Any:
    """In float32 at least: a picture has more levels than bfloat16."""
    if _is_symbol(x):
        return x
    import torch

    return x.to(torch.promote_types(x.dtype, torch.float32))


def like(x: Any, values: Any) -> Any:
    """Numbers to compute with beside x."""
    if _is_symbol(values):
        return values
    return np.asarray(values, np.float32) if _is_symbol(x) else x.new_tensor(values)


def join(parts: Sequence[Any]) -> Any:
    """Channels one after the other."""
    return namespace(parts[0]).concatenate(list(parts), 1)


def mean(x: Any) -> Any:
    """(B, 1, H, W) over the channels."""
    return namespace(x).mean(x, 1) if _is_symbol(x) else x.mean(1, keepdim=True)


def total(x: Any) -> Any:
    """(B, 1, H, W), the sum of the channels."""
    return namespace(x).total(x, 1) if _is_symbol(x) else x.sum(1, keepdim=True)


def greatest(x: Any) -> tuple[Any, Any]:
    """(B, 1, H, W) the greatest of the channels, and its number from 0, in the type of x."""
    if _is_symbol(x):
        return namespace(x).greatest(x, 1)  # type: ignore[no-any-return]  # a module by its symbol
    best, number = x.max(1, keepdim=True)
    return best, number.to(best.dtype)


def pool(x: Any, side: int) -> Any:
    """(B, C, H / side, W / side), means of blocks."""
    if _is_symbol(x):
        return namespace(x).pooled(x, side)
    from torch.nn import functional as F

    return F.avg_pool2d(x, side)


def enlarge(x: Any, factor: int, mode: str = "bilinear") -> Any:
    """(B, C, H, W) to (B, C, factor H, factor W), bilinear or nearest."""
    if _is_symbol(x):
        return namespace(x).enlarged(x, factor, mode)
    from torch.nn import functional as F

    return F.interpolate(x, scale_factor=factor, mode=mode, align_corners=False if mode == "bilinear" else None)


def mix(x: Any, matrix: Any, start: Any = None) -> Any:
    """(B, M, H, W): each pixel's K channels times a matrix (M, K), and start (M,) added.

    matrix: of numpy, or of symbols, which are given anew with each x; then there is no start.
    """
    if _is_symbol(matrix):
        return namespace(x).combined(x, matrix)
    if _is_symbol(x):
        weight: NDArray[np.float32] = np.asarray(matrix, np.float32)[:, :, None, None]
        return namespace(x).convolved(x, weight, None if start is None else np.asarray(start, np.float32))
    from torch.nn import functional as F

    weights = x.new_tensor(matrix)[:, :, None, None]
    return F.conv2d(x, weights, None if start is None else x.new_tensor(start))


def smooth(x: Any) -> Any:
    """Weights 1/4, 1/2, 1/4 along columns and rows; the edge is repeated."""
    for axis in (3, 2):
        margins = (1, 1, 0, 0) if axis == 3 else (0, 0, 1, 1)
        if _is_symbol(x):
            xp, kernel = namespace(x), np.array([0.25, 0.5, 0.25], np.float32)
            kernels = np.tile(kernel.reshape(1, 1, *((1, 3) if axis == 3 else (3, 1))), (x.shape[1], 1, 1, 1))
            x = xp.convolved(xp.padded(x, margins, with_edge=True), kernels, groups=x.shape[1])
            continue
        from torch.nn import functional as F

        wider, length = F.pad(x, margins, mode="replicate"), x.shape[axis]
        x = (wider.narrow(axis, 0, length) + wider.narrow(axis, 2, length)).mul_(0.25).add_(x, alpha=0.5)
    return x


def highest(x: Any, reach: int) -> Any:
    """The greatest of each channel within so many rows and columns of a pixel; nothing lies behind the edge."""
    if _is_symbol(x):
        return namespace(x).highest(x, reach)
    from torch.nn import functional as F

    side = 2 * reach + 1
    return F.max_pool2d(F.max_pool2d(x, (1, side), 1, (0, reach)), (side, 1), 1, (reach, 0))


def added(x: Any, coarse: Any) -> Any:
    """(B, C, h, w) and coarse (B, C, H, W), whose cells are squares of pixels of x."""
    fine, cells = _in_cells(x, coarse)
    return _shaped(fine + cells, x.shape)


def mixed(x: Any, coarse: Any) -> Any:
    """(B, M, h, w): each pixel's K channels times the matrix of its cell, coarse (B, M K, H, W), row by row."""
    fine, cells = _in_cells(x, coarse)
    count = x.shape[1]
    rows = [total(fine * cells[:, start : start + count]) for start in range(0, coarse.shape[1], count)]
    return _shaped(join(rows), (x.shape[0], len(rows), *x.shape[2:]))


def _in_cells(x: Any, coarse: Any) -> tuple[Any, Any]:
    """(B, C, H, h / H, W, w / W), and what is coarse beside it."""
    rows, columns = coarse.shape[2:]
    shape = (*x.shape[:2], rows, x.shape[2] // rows, columns, x.shape[3] // columns)
    return _shaped(x, shape), coarse[:, :, :, None, :, None]


def _shaped(x: Any, shape: Sequence[int]) -> Any:
    return namespace(x).reshaped(x, shape) if _is_symbol(x) else x.reshape(shape)


def spread(x: Any, like: Any) -> Any:
    """(B, 1, 1, 1) over the pixels of `like`."""
    return like * 0.0 + x if _is_symbol(x) else x.expand_as(like)


def bordered(x: Any, margin_px: int) -> Any:
    """With so many zeros on each side."""
    if _is_symbol(x):
        return namespace(x).padded(x, (margin_px,) * 4, with_edge=False)
    from torch.nn import functional as F

    return F.pad(x, (margin_px,) * 4)
