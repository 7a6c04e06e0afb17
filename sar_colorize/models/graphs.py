"""Each network as a graph of its weights, without torch: what its module computes, each BatchNorm folded."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import namespace
from ..color import AB_MAX
from ..planes import enlarge, join, mix
from ..raster import Float32

Tensors = Mapping[str, NDArray[Any]]
TEMPERATURE = 0.38
"""Of the mean over ColorSAR's colour classes, as Zhang et al. chose it: 1 is the mean, 0 the likeliest class."""
SIDE_PX = 256
"""pix2pix's eight halvings: other sides are filled up to a multiple of it with middle grey, and cut off again."""


class Layers:
    """Convolutions by the names of their weights.

    Args:
        tensors: by name, as torch names them.
        with_edge: 3 x 3 convolutions repeat the edge, as in training; else they pad with zeros, which is faster and
            the same inside the halo.
    """

    def __init__(self, tensors: Tensors, *, with_edge: bool = False) -> None:
        self._tensors, self._with_edge = tensors, with_edge

    def numbers(self, name: str) -> Float32:
        """A tensor, float32."""
        return np.asarray(self._tensors[name], np.float32)

    def convolved(self, x: Any, name: str) -> Any:
        """A 3 x 3 convolution with its bias."""
        return self._three(x, self.numbers(f"{name}.weight"), self.numbers(f"{name}.bias"), 1)

    def block(self, x: Any, name: str, stride: int = 1) -> Any:
        """`blocks.ConvBlock`."""
        weight, bias = self.folded(f"{name}.0", f"{name}.1", 1e-5)
        return namespace(x).relu(self._three(x, weight, bias, stride))

    def stage(self, x: Any, name: str) -> Any:
        """Half the size, then as it is."""
        return self.block(self.block(x, f"{name}.0", 2), f"{name}.1")

    def folded(self, conv: str, norm: str, epsilon: float, axis: int = 0) -> tuple[Float32, Float32]:
        """Weight and bias of a convolution without bias and the BatchNorm behind it. axis: of its output channels."""
        weight = self.numbers(f"{conv}.weight").astype(np.float64)
        names = ("weight", "bias", "running_mean", "running_var")
        gain, shift, mean, variance = (self.numbers(f"{norm}.{name}").astype(np.float64) for name in names)
        scale = gain / np.sqrt(variance + epsilon)
        shape = [1] * weight.ndim
        shape[axis] = -1
        return (weight * scale.reshape(shape)).astype(np.float32), (shift - mean * scale).astype(np.float32)

    def _three(self, x: Any, weight: Float32, bias: Float32, stride: int) -> Any:
        xp = namespace(x)
        if self._with_edge:
            return xp.convolved(xp.padded(x, (1, 1, 1, 1), with_edge=True), weight, bias, stride=stride)
        return xp.convolved(x, weight, bias, stride=stride, pad_px=1)


class Core:
    """What of a tile is wanted, so that decoders compute no more of it than that depends on.

    Args:
        tile: (B, C, H, W) what the network is given. halo_px: around what is wanted; 0 where all of it is.
        beyond: by how many times coarser, pixels beyond what is wanted that are looked at there.
    """

    def __init__(self, tile: Any, halo_px: int, beyond: Mapping[int, int]) -> None:
        self._height = tile.shape[2]
        self._halo_px, self._beyond = halo_px if 2 * halo_px < min(tile.shape[2:]) else 0, beyond

    def of(self, x: Any, coarser: int) -> Any:
        """The inner part of (B, C, h, w), which may be without its edge already."""
        by = max(0, self._halo_px // coarser - self._beyond[coarser]) - self._without(x, coarser)
        return x[:, :, by : x.shape[2] - by, by : x.shape[3] - by] if by else x

    def around(self, x: Any, coarser: int) -> Any:
        """(B, C, h, w) of the whole tile, with zeros where nothing is wanted."""
        by = self._without(x, coarser)
        return namespace(x).padded(x, (by, by, by, by), with_edge=False) if by else x

    def _without(self, x: Any, coarser: int) -> int:
        return int(self._height // coarser - x.shape[2]) // 2


COLORSAR_BEYOND = {2: 3, 4: 3, 8: 3, 16: 3}
BY_PLACE_BEYOND = {4: 10, 8: 7, 16: 5}
"""See `Core`: of what each decoder is given."""


def by_place_features(layers: Layers, x: Any, channels: Sequence[int], palette: Float32, halo_px: int = 0) -> Any:
    """`ByPlace.look` of L / 50 - 1 (B, C, H, W) of the input channels that are there, under a palette (10,).

    Without what lies more than BY_PLACE_BEYOND outside what is wanted, see `Core`.
    """
    hidden = layers.numbers("palette.0.weight") @ palette + layers.numbers("palette.0.bias")
    film = layers.numbers("palette.2.weight") @ np.maximum(hidden, 0.0) + layers.numbers("palette.2.bias")
    taken = 0

    def filmed(y: Any) -> Any:
        nonlocal taken
        count = y.shape[1]
        scale, shift = film[taken : taken + count], film[taken + count : taken + 2 * count]
        taken += 2 * count
        return y * (1.0 + scale)[:, None, None] + shift[:, None, None]

    stems = []
    for place, channel in enumerate(channels):
        stem = layers.block(x[:, place : place + 1], f"stems.{channel}.0", 2)
        stems.append(layers.block(stem, f"stems.{channel}.1", 2))
    stem = functools.reduce(operator.add, stems) * (1.0 / len(channels))
    at_4 = filmed(layers.block(stem, "encode_4"))  # (B, w, H/4, W/4)
    at_8 = filmed(layers.stage(at_4, "encode_8"))  # (B, 2w, H/8, W/8)
    at_16 = filmed(layers.block(layers.stage(at_8, "encode_16"), "encode_16.3"))  # (B, 4w, H/16, W/16)
    core = Core(x, halo_px, BY_PLACE_BEYOND)
    y = enlarge(layers.block(core.of(at_16, 16), "decode_16"), 2)
    y = join([core.of(y, 8), core.of(at_8, 8)])  # (B, 4w, H/8, W/8)
    y = filmed(layers.block(y, "decode_8"))  # (B, w, H/8, W/8)
    y = join([core.of(enlarge(y, 2), 4), core.of(at_4, 4)])  # (B, 2w, H/4, W/4)
    return filmed(layers.block(y, "decode_4"))  # (B, w, H/4, W/4)


def colorsar(layers: Layers, x: Any, classes: Sequence[Sequence[float]] | None, halo_px: int) -> Any:
    """`ColorSAR.forward`; zeros where nothing is wanted, see `Core`."""
    xp, core = namespace(x), Core(x, halo_px, COLORSAR_BEYOND)
    at_2 = layers.stage(x, "encode_2")  # (B, w, H/2, W/2)
    at_4 = layers.stage(at_2, "encode_4")  # (B, 2w, H/4, W/4)
    at_8 = layers.stage(at_4, "encode_8")  # (B, 4w, H/8, W/8)
    at_16 = layers.stage(at_8, "encode_16")  # (B, 8w, H/16, W/16)
    y = core.of(at_16, 16)
    for coarser, finer in ((8, at_8), (4, at_4), (2, at_2)):
        y = enlarge(layers.block(y, f"decode_{2 * coarser}"), 2)
        y = join([core.of(y, coarser), core.of(finer, coarser)])  # (B, 8w, H/8, W/8), (B, 4w, .), (B, 2w, H/2, W/2)
    y = layers.convolved(layers.block(y, "decode_2"), "head")  # (B, 2 or K, H/2, W/2)
    y = mix(xp.softmax(y * (1.0 / TEMPERATURE), 1), np.array(classes).T / AB_MAX) if classes else xp.tanh(y)
    return enlarge(core.around(y, 2), 2)  # (B, 2, H, W)


def pix2pix(layers: Layers, x: Any) -> Any:
    """`Generator.forward`."""
    xp = namespace(x)
    height, width = x.shape[2:]
    margins = (0, -width % SIDE_PX, 0, -height % SIDE_PX)
    y = xp.padded(x, margins, with_edge=False) if any(margins) else x
    skips = []
    for number in range(8):
        name = f"downs.{number}"
        if number:
            weight, bias = layers.folded(f"{name}.0", f"{name}.1", 1e-3)
            y = xp.convolved(y, weight, bias, stride=2, pad_px=1)
        else:
            y = xp.convolved(y, layers.numbers(f"{name}.0.weight"), stride=2, pad_px=1)
        y = xp.leaky_relu(y, 0.2)
        skips.append(y)
    skips.pop()
    for number in range(7):
        weight, bias = layers.folded(f"ups.{number}.0", f"ups.{number}.1", 1e-3, axis=1)
        y = join([xp.relu(xp.convolved_back(y, weight, bias, stride=2, pad_px=1)), skips.pop()])
    y = xp.convolved_back(y, layers.numbers("last.weight"), layers.numbers("last.bias"), stride=2, pad_px=1)
    return xp.tanh(y)[:, :, :height, :width]
