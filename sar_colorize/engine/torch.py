"""Torch as the engine of a network: a copy of it on a device, in a precision, in the memory layout that is fastest."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Hashable, Iterator
from contextlib import nullcontext
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ..arrays import to_numpy
from ..color import L_MAX
from ..raster import Float32
from .base import MOST, Compose, not_finite
from .choose import choose_device, choose_precision


class TorchEngine:
    """A network ready to run; see `base.Engine`.

    Args:
        network: float32 on the CPU; it stays as it is.
        device: "auto", "cpu" or "cuda". precision: "auto", "fp32" or "bf16"; see `choose`.
        within_halo: the picture's part of what it is given is at least its receptive field away from the edge; then
            convolutions pad with zeros, which is faster, whatever they padded with in training.
        model: the name of its model.
    """

    name = "torch"

    def __init__(
        self,
        network: nn.Module,
        device: str = "auto",
        precision: str = "auto",
        *,
        within_halo: bool = False,
        model: str = "a network",
    ) -> None:
        self._model = model
        self.device = choose_device(device)
        self.precision = choose_precision(precision, self.device)
        self.dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
        # channels_last is what the matrix units of CPUs and GPUs want (measured: 5 times faster in bf16 on a CPU).
        network = _for_inference(network, within_halo).to(self.device, self.dtype)
        self._network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs

    def place(self, array: NDArray[Any]) -> Any:
        """A tensor on the GPU; on a CPU the array itself."""
        return array if self.device == "cpu" else torch.from_numpy(array).to(self.device)

    def run(
        self,
        tiles: Any,
        compose: Compose,
        beside: Float32 | None = None,
        numbers: Float32 | None = None,
        structure: Hashable | None = None,
    ) -> Iterator[Any]:
        """What is composed of each tile; see `base.Engine`.

        A GPU is waited for once for each batch, behind the composing of its first tile.
        """
        del numbers, structure  # `compose` knows its own
        stays = isinstance(tiles, Tensor)
        given = tiles if stays else torch.from_numpy(tiles).to(self.device)
        out = self.forward(given)
        with torch.inference_mode():
            is_finite = (out.abs() < MOST).all()
        if self.device == "cpu" and not bool(is_finite):
            raise not_finite(self._model)
        more = [] if beside is None else [torch.from_numpy(beside).to(self.device)]
        for i in range(len(tiles)):
            with torch.inference_mode(), _exact_convolutions(self.device):
                made = compose(*(each[i : i + 1] for each in (out, given, *more)))
            if i == 0 and not bool(is_finite):
                raise not_finite(self._model)
            if stays:
                yield made if isinstance(made, Tensor) else torch.from_numpy(made)
            else:
                yield to_numpy(made)

    def forward(self, lightness: Tensor) -> Tensor:
        """What the network gives for L (B, C, H, W) in 0..100, on the device, float32."""
        with torch.inference_mode(), _exact_convolutions(self.device):
            x = lightness * (2.0 / L_MAX) - 1.0
            out: Tensor = self._network(x.to(self.dtype).contiguous(memory_format=torch.channels_last))
            return out.float().contiguous()


def _for_inference(network: nn.Module, within_halo: bool) -> nn.Module:
    """A copy in evaluation mode, each BatchNorm folded into the convolution before it."""
    network = copy.deepcopy(network).eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for number, (conv, norm) in enumerate(itertools.pairwise(list(module))):
                if isinstance(conv, nn.Conv2d | nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d):
                    module[number] = fuse_conv_bn_eval(conv, norm, transpose=isinstance(conv, nn.ConvTranspose2d))
                    module[number + 1] = nn.Identity()
    if within_halo:
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.padding_mode = "zeros"
    return network


def _exact_convolutions(device: str) -> Any:
    """On a GPU, one convolution algorithm for one shape, so that a tile has the same bits each time, and no TF32.

    TF32, torch's default for convolutions, keeps 10 bits of a number: fp32 is what the CPU computes.
    """
    if device != "cuda":
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
