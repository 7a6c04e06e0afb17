"""Graphs for OpenVINO: a function is run once on symbols, which write down what is to be computed.

The functions of this module are to a `Symbol` what those of torch are to a tensor, as far as networks and the composing
of a picture need them; `arrays.namespace` finds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .record import noted
from .runtime import opset as op
from .runtime import ov

uint8 = ov.Type.u8
MANY_CHANNELS = 16
"""From so many on OpenVINO enlarges a picture quickly itself."""


class Symbol:
    """What stands for a float32 array of a known shape while a graph is written down."""

    __array_ufunc__ = None  # numpy leaves arithmetic with its arrays to this class

    def __init__(self, output: Any, parts: Sequence[Symbol] = (), axis: int = 0) -> None:
        self.output = output.output(0) if isinstance(output, ov.Node) else output
        self._parts, self._axis = parts, axis  # that it was put together of: what is taken of one needs no copy

    @property
    def namespace(self) -> Any:
        """The module whose functions take a symbol."""
        import sys

        return sys.modules[__name__]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return tuple(self.output.shape)

    def __getitem__(self, key: Any) -> Symbol:
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            taken = sum(each is not None for each in keys) - 1
            keys[at : at + 1] = [slice(None)] * (len(self.shape) - taken)
        if self._parts and None not in keys and len(keys) > self._axis:
            each, first = keys[self._axis], 0
            start, stop, _ = _span(each, self.shape[self._axis])
            for part in self._parts:
                count = part.shape[self._axis]
                if first <= start and stop <= first + count:
                    within = start - first if isinstance(each, int) else slice(start - first, stop - first)
                    return part[(*keys[: self._axis], within, *keys[self._axis + 1 :])]
                first += count
        starts: list[int] = []
        stops: list[int] = []
        axes: list[int] = []
        dropped, added = [], []
        axis = place = 0
        for each in keys:
            if each is None:
                added.append(place)
                place += 1
                continue
            start, stop, _ = _span(each, self.shape[axis])
            if (start, stop) != (0, self.shape[axis]):
                starts, stops, axes = [*starts, start], [*stops, stop], [*axes, axis]
            if isinstance(each, int):
                dropped.append(axis)
            else:
                place += 1
            axis += 1
        made = self.output
        if axes:
            made = op.slice(made, _whole(starts), _whole(stops), _whole([1] * len(axes)), _whole(axes))
        if dropped:
            made = op.squeeze(made, _whole(dropped))
        return Symbol(op.unsqueeze(made, _whole(added)) if added else made)

    def __add__(self, other: Any) -> Symbol:
        return Symbol(op.add(self.output, _output(other)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Symbol:
        return Symbol(op.subtract(self.output, _output(other)))

    def __rsub__(self, other: Any) -> Symbol:
        return Symbol(op.subtract(_output(other), self.output))

    def __mul__(self, other: Any) -> Symbol:
        return Symbol(op.multiply(self.output, _output(other)))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Symbol:
        return Symbol(op.divide(self.output, _output(other)))

    def __pow__(self, other: Any) -> Symbol:
        return Symbol(op.power(self.output, _output(other)))

    def __gt__(self, other: Any) -> Symbol:
        return Symbol(op.greater(self.output, _output(other)))

    @property
    def dtype(self) -> Any:
        """Of the array."""
        return self.output.get_element_type()

    def __rtruediv__(self, other: Any) -> Symbol:
        return Symbol(op.divide(_output(other), self.output))

    def to(self, kind: Any) -> Symbol:
        """In another type of number; what is behind the point is cut off."""
        return Symbol(op.convert(self.output, kind))


def _span(key: int | slice, length: int) -> tuple[int, int, int]:
    """First, one behind the last, and step."""
    return (slice(key, key + 1) if isinstance(key, int) else key).indices(length)


def _output(value: Any) -> Any:
    """The output of a symbol, or of a constant that holds a number or an array."""
    if isinstance(value, Symbol):
        return value.output
    return op.constant(np.asarray(value, np.float32)).output(0)


def _whole(values: Sequence[int] | int) -> Any:
    return op.constant(np.asarray(values, np.int64))


def clip(x: Symbol, low: float | None, high: float | None) -> Symbol:
    """Within bounds; None is no bound."""
    made = x.output
    if low is not None and high is not None:
        return Symbol(op.clamp(made, float(low), float(high)))
    made = made if low is None else op.maximum(made, _output(low))
    return Symbol(made if high is None else op.minimum(made, _output(high)))


def where(condition: Symbol, yes: Any, no: Any) -> Symbol:
    """`yes` where the condition holds, `no` elsewhere."""
    return Symbol(op.select(condition.output, _output(yes), _output(no)))


def concatenate(parts: Sequence[Symbol], axis: int) -> Symbol:
    """Side by side along an axis."""
    return parts[0] if len(parts) == 1 else Symbol(op.concat([part.output for part in parts], axis), parts, axis)


def stack(parts: Sequence[Symbol], axis: int) -> Symbol:
    """Along a new axis; a negative one counts from behind."""
    rank = len(parts[0].shape) + 1
    return concatenate([Symbol(op.unsqueeze(part.output, _whole(axis % rank))) for part in parts], axis % rank)


def sqrt(x: Symbol) -> Symbol:
    """Square roots."""
    return Symbol(op.sqrt(x.output))


def exp(x: Symbol) -> Symbol:
    """Powers of e."""
    return Symbol(op.exp(x.output))


def log(x: Symbol) -> Symbol:
    """Natural logarithms."""
    return Symbol(op.log(x.output))


def log1p(x: Symbol) -> Symbol:
    """Natural logarithms of 1 + x."""
    return Symbol(op.log((x + 1.0).output))


def tanh(x: Symbol) -> Symbol:
    """Hyperbolic tangents."""
    return Symbol(op.tanh(x.output))


def sigmoid(x: Symbol) -> Symbol:
    """1 / (1 + exp(-x))."""
    return Symbol(op.sigmoid(x.output))


def relu(x: Symbol) -> Symbol:
    """At least 0."""
    return Symbol(op.relu(x.output))


def leaky_relu(x: Symbol, slope: float) -> Symbol:
    """`slope` x below 0."""
    return Symbol(op.prelu(x.output, _output([slope])))


def round(x: Symbol) -> Symbol:  # numpy's and torch's name
    """Whole numbers, halves to the even one."""
    return Symbol(op.round(x.output, "half_to_even"))


def softmax(x: Symbol, axis: int) -> Symbol:
    """Shares that add up to 1 along an axis."""
    return Symbol(op.softmax(x.output, axis))


def mean(x: Symbol, axis: int) -> Symbol:
    """Along an axis, which stays."""
    return Symbol(op.reduce_mean(x.output, _whole(axis), keep_dims=True))


def total(x: Symbol, axis: int | Sequence[int]) -> Symbol:
    """The sum along one axis or several, which stay."""
    return Symbol(op.reduce_sum(x.output, _whole(axis), keep_dims=True))


def greatest(x: Symbol, axis: int) -> tuple[Symbol, Symbol]:
    """The greatest along an axis, which stays, and its index, as a float."""
    best = op.topk(x.output, _whole(1), axis, "max", "value", index_element_type="i32")
    return Symbol(best.output(0)), Symbol(op.convert(best.output(1), ov.Type.f32))


def convolved(
    x: Symbol, weight: NDArray[Any], bias: NDArray[Any] | None = None, *,
    stride: int = 1, pad_px: int = 0, dilation: int = 1, groups: int = 1,
) -> Symbol:  # fmt: skip
    """(B, out, h, w) of x (B, in, H, W) and weight (out, in / groups, k, k), padded with zeros."""
    pads = [pad_px, pad_px]
    if groups == 1:
        made = op.convolution(x.output, _output(weight), [stride] * 2, pads, pads, [dilation] * 2)
    else:
        kernels = weight.reshape(groups, -1, *weight.shape[1:])
        made = op.group_convolution(x.output, _output(kernels), [stride] * 2, pads, pads, [dilation] * 2)
    return noted(Symbol(made) if bias is None else Symbol(made) + bias[:, None, None])


def convolved_back(x: Symbol, weight: NDArray[Any], bias: NDArray[Any], *, stride: int, pad_px: int) -> Symbol:
    """Torch's transposed convolution, weight (in, out, k, k)."""
    pads = [pad_px, pad_px]
    made = op.convolution_backprop_data(
        x.output, _output(weight), [stride] * 2, pads_begin=pads, pads_end=pads, dilations=[1, 1]
    )
    return noted(Symbol(made) + bias[:, None, None])


def combined(x: Symbol, matrix: Symbol) -> Symbol:
    """(B, M, H, W): each pixel's K channels times a matrix (M, K) that is given with x; a constant one is convolved."""
    flat = op.matmul(matrix[None].output, reshaped(x, (*x.shape[:2], -1)).output, False, False)
    return reshaped(Symbol(flat), (x.shape[0], matrix.shape[0], *x.shape[2:]))


def reshaped(x: Symbol, shape: Sequence[int]) -> Symbol:
    """The same numbers in another shape."""
    return Symbol(op.reshape(x.output, _whole(tuple(shape)), special_zero=False))


def pooled(x: Symbol, side: int) -> Symbol:
    """(B, C, H / side, W / side) means of blocks."""
    return Symbol(op.avg_pool(x.output, [side] * 2, [0, 0], [0, 0], [side] * 2, exclude_pad=False))


def highest(x: Symbol, reach: int) -> Symbol:
    """The greatest within so many rows and columns."""
    for across in (True, False):
        side, pads = ([1, 2 * reach + 1], [0, reach]) if across else ([2 * reach + 1, 1], [reach, 0])
        x = Symbol(op.max_pool(x.output, [1, 1], [1, 1], pads, pads, side).output(0))
    return x


def enlarged(x: Symbol, factor: int, mode: str) -> Symbol:
    """(B, C, factor H, factor W), "bilinear" or "nearest"."""
    if mode == "bilinear" and x.shape[1] < MANY_CHANNELS:
        return _enlarged_along(_enlarged_along(x, factor, 2), factor, 3)
    height, width = x.shape[2:]
    smooth = mode == "bilinear"
    made = op.interpolate(
        x.output, _whole([height * factor, width * factor]), "linear_onnx" if smooth else "nearest", "sizes",
        coordinate_transformation_mode="half_pixel" if smooth else "asymmetric", nearest_mode="floor",
        axes=_whole([2, 3]),
    )  # fmt: skip
    return Symbol(made)


def _enlarged_along(x: Symbol, factor: int, axis: int) -> Symbol:
    """Bilinear along one axis: each of `factor` phases is a sum of three neighbours.

    OpenVINO's own, measured on one channel and a factor of 4, takes 18 times as long (1.0 and 18.3 ms for 1152 x 1152).
    """
    at = (np.arange(factor) + 0.5) / factor - 0.5
    before, after = np.maximum(-at, 0.0), np.maximum(at, 0.0)
    weights = np.stack([before, 1.0 - before - after, after]).astype(np.float32)
    margins = (0, 0, 1, 1) if axis == 2 else (1, 1, 0, 0)
    around, length = padded(x, margins, with_edge=True), x.shape[axis]
    shape = [1] * 5
    shape[axis + 1] = factor
    parts = []
    for start, weight in enumerate(weights):
        taken = around[(slice(None),) * axis + (slice(start, start + length),)]
        parts.append(Symbol(op.unsqueeze(taken.output, _whole(axis + 1))) * weight.reshape(shape))
    sizes = list(x.shape)
    sizes[axis] *= factor
    return Symbol(op.reshape((parts[0] + parts[1] + parts[2]).output, _whole(sizes), special_zero=False))


def padded(x: Symbol, margins: tuple[int, int, int, int], *, with_edge: bool) -> Symbol:
    """Wider by left, right, top and bottom: repeating the edge, or with zeros."""
    left, right, top, bottom = margins
    begin, end = _whole([0, 0, top, left]), _whole([0, 0, bottom, right])
    mode = "edge" if with_edge else "constant"
    return Symbol(op.pad(x.output, begin, end, mode, None if with_edge else _output(0.0)))
