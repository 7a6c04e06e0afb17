"""The learned filter by OpenVINO, tile by tile, without torch."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..backscatter import FLOOR_POWER
from ..engine import graph
from ..engine.openvino import Compiled
from ..raster import Bool, Float32
from .base import MOST_POWER
from .contrast import CENTRE_PX, SCALE_DB, contrast_of
from .learned_weights import HALO_PX, TILE_PX, load_card, load_weights

_CORE_PX = TILE_PX - 2 * HALO_PX
_TILE = (1, 1, TILE_PX, TILE_PX)


def filtered(power: Float32, valid: Bool, looks: float, precision: str) -> Float32:
    """(..., H, W), NaN where invalid. precision: "fp32" or "bf16"."""
    height, width = valid.shape
    margins = ((HALO_PX, HALO_PX + -height % _CORE_PX), (HALO_PX, HALO_PX + -width % _CORE_PX))
    around = np.pad(valid.astype(np.float32), margins)
    told = np.full((1, 1, 1, 1), looks, np.float32)
    out: Float32 = np.full(power.shape, np.nan, np.float32)
    for band, made in zip(power.reshape(-1, height, width), out.reshape(-1, height, width), strict=True):
        seen = np.clip(np.where(valid, band, np.float32(1.0)), np.float32(FLOOR_POWER), np.float32(MOST_POWER))
        image = np.pad(seen, margins, constant_values=1.0)
        for row in range(0, height, _CORE_PX):
            for col in range(0, width, _CORE_PX):
                wanted = valid[row : row + _CORE_PX, col : col + _CORE_PX]
                if wanted.any():
                    tile = (None, None, slice(row, row + TILE_PX), slice(col, col + TILE_PX))
                    factor = _factor(image[tile], around[tile], told, precision)
                    factor = factor[: wanted.shape[0], : wanted.shape[1]]
                    made[row : row + _CORE_PX, col : col + _CORE_PX] = (
                        seen[row : row + _CORE_PX, col : col + _CORE_PX] * factor
                    )
    out[..., ~valid] = np.nan
    return out


def _factor(power: Float32, valid: Float32, looks: Float32, precision: str) -> Float32:
    """What the power of the core of a tile is to be multiplied by."""
    before, network, after = _steps(precision)
    prepared = before(power, valid, looks)
    factor: Float32 = after(prepared, network(prepared))[0, 0]
    return factor


@cache
def _steps(precision: str) -> tuple[Compiled, Compiled, Compiled]:
    """Power, validity and looks to (1, 5, TILE, TILE); the network, in its precision; the factor of the core."""
    prepared_shape, answer_shape = (1, 5, TILE_PX, TILE_PX), (1, 1, _CORE_PX, _CORE_PX)
    weights, card = load_weights(), load_card()

    def before(power: Any, valid: Any, looks: Any) -> Any:
        seen, clipped, weight = contrast_of(graph.log(power) * (10.0 / np.log(10.0)), valid > 0.5, looks)
        return graph.concatenate([seen, clipped, weight], 1)

    def network(prepared: Any) -> Any:
        edge = CENTRE_PX // 2  # beside the edge the window of the mean is not whole
        x = prepared[:, :3, edge:-edge, edge:-edge]
        x = graph.relu(graph.convolved(x, weights["enter.weight"], weights["enter.bias"]))
        for number, d in enumerate(card.settings["dilations"]):
            name = f"blocks.{number}"
            change = graph.convolved(x, weights[f"{name}.weight"], weights[f"{name}.bias"], dilation=d)
            x = graph.relu(change) + x[..., d:-d, d:-d]
        return graph.convolved(x, weights["leave.weight"], weights["leave.bias"])

    def after(prepared: Any, answer: Any) -> Any:
        inner = prepared[..., HALO_PX:-HALO_PX, HALO_PX:-HALO_PX]
        change = inner[:, 3:4] + (answer * SCALE_DB + card.offset_db) * inner[:, 4:5]
        return graph.exp(change * (np.log(10.0) / 10.0))

    return (
        Compiled(before, [_TILE, _TILE, (1, 1, 1, 1)], "fp32"),
        Compiled(network, [prepared_shape], precision),
        Compiled(after, [prepared_shape, answer_shape], "fp32"),
    )
