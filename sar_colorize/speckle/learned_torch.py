"""The learned filter by torch, tile by tile, on whatever device the values are."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from ..backscatter import FLOOR_POWER
from .base import MOST_POWER
from .contrast import CENTRE_PX, change_db
from .learned_weights import HALO_PX, TILE_PX, load_card, load_network

_VECTORS = 64
"""Numbers in whole vectors of any CPU, two at a time."""
_SHARE = 1 << 14
"""Numbers that torch does not divide among threads."""


def filtered(power: Tensor, valid: Tensor, looks_of_speckle: float, precision: str) -> Tensor:
    """(..., H, W) float32 on the device of `power`, NaN where invalid. precision: "fp32" or "bf16"."""
    halo, core = HALO_PX, TILE_PX - 2 * HALO_PX
    network, offset_db = _network(power.device.type, precision)
    height, width = valid.shape
    margins = (halo, halo + -width % core, halo, halo + -height % core)
    looks = torch.full((1, 1, 1, 1), float(looks_of_speckle), device=power.device)
    around = pad(valid, margins)
    out = torch.full_like(power, torch.nan)
    with torch.no_grad():
        for band, made in zip(power.reshape(-1, height, width), out.view(-1, height, width), strict=True):
            image = pad(torch.where(valid, band, 1.0), margins, value=1.0)
            for row in range(0, height, core):
                for col in range(0, width, core):
                    tile = (slice(row, row + TILE_PX), slice(col, col + TILE_PX))
                    wanted = valid[row : row + core, col : col + core]
                    if wanted.any():
                        change = change_db(network, to_db(image[tile]), around[tile][None, None], looks, offset_db)
                        factor = _in_whole_vectors(torch.exp, change[0, 0] * (np.log(10.0) / 10.0))
                        factor = factor[halo:-halo, halo:-halo][: wanted.shape[0], : wanted.shape[1]]
                        seen = band[row : row + core, col : col + core].clamp(FLOOR_POWER, MOST_POWER)
                        made[row : row + core, col : col + core] = seen * factor
    out[..., ~valid] = torch.nan
    return out


def to_db(power: Tensor) -> Tensor:
    """(1, 1, H, W) decibels of (H, W) power."""
    return 10.0 * _in_whole_vectors(torch.log10, power.clamp(FLOOR_POWER, MOST_POWER))[None, None]


def _in_whole_vectors(function: Callable[..., Tensor], values: Tensor) -> Tensor:
    """The exp or log10 of values, each number by the same routine.

    On a CPU torch computes what does not fill a vector by a scalar routine, whose last bit is another: at the end of
    the array, of each row where rows are not contiguous, and of each thread's part.
    """
    count = values.numel()
    padded = torch.ones(count + -count % _VECTORS, dtype=values.dtype, device=values.device)
    padded[:count] = values.reshape(-1)
    for part in padded.split(_SHARE if values.device.type == "cpu" else len(padded)):
        function(part, out=part)
    return padded[:count].view(values.shape)


@cache
def _network(device: str, precision: str) -> tuple[Any, float]:
    """The network as a function of its input, 0 within a halo of the edge; and its offset in dB.

    Args:
        device: "cpu" or "cuda". precision: "fp32" or "bf16".
    """
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    layout, edge = torch.channels_last, CENTRE_PX // 2  # beside the edge the window of the mean is not whole
    network: Any = load_network().to(device, dtype).to(memory_format=layout)  # type: ignore[call-overload]  # stubs

    def forward(x: Tensor) -> Tensor:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            inner: Tensor = network.inner(x[..., edge:-edge, edge:-edge].to(dtype).contiguous(memory_format=layout))
        return pad(inner, (network.reach_px + edge,) * 4)

    return forward, load_card().offset_db
