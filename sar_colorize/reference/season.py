"""What the season does to colours between two dates, by kind of ground, climate and what the radar shows.

Small networks, each learned without one of the regions, say how L, a and b of a pixel change from the month of a
picture to the month of a scene. Where they disagree, ground is unlike what they know, and the change is made smaller:
of a mean m and a variance v among them, m max(0, 1 - CAUTION v / m^2) is left (after James and Stein 1961). So the
picture that was given is the start, and it moves only as far as all agree, and not at all between equal months: there
the networks would only pull it towards what is usual. `tools/make_memory.py` makes the weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..raster import Float32
from ..weights import check_sum, read_whole
from .climate import climate_at

WEIGHTS = Path(__file__).parent / "weights" / "season.safetensors"
CAUTION = 3.0
"""How much disagreement takes away; chosen on places left out."""
REACH = 4.0
"""Standard deviations beyond which a value counts as one at that distance."""
CHANNELS = 8
"""Of a pixel: L, a, b; VV, VH, VH - VV; and how much VV and VH have changed since the picture."""
FAR_MONTHS = 2
"""From so many months between the two on, colours change by all of what is said; within one month they do not."""
_UNIT = 10.0
_LAND = {"VV": 0, "HH": 0, "VH": 1, "HV": 1}


@dataclass(frozen=True)
class Season:
    """The change between two months at a place, all that holds for the scene settled."""

    bands: tuple[str, ...]
    """Polarisations of the radar with an absolute level; none where its level is not known."""
    has_before: bool
    """Whether the radar of the picture's date is known."""
    centre: Float32
    unit: Float32
    """(CHANNELS,), of the pixel's values."""
    layers: tuple[tuple[tuple[Float32, Float32], ...], ...]
    """By network, weight and bias of each layer; the first bias holds all that is the same in the whole scene."""
    strength: float = 1.0
    """How far the months are apart, 0..1."""
    rendering: tuple[float, ...] = (0.0, 0.0, 0.0)
    """What is taken off the change of L, a and b: how the reference is rendered otherwise than the networks know."""

    def drift(self, lab: Float32, db: Float32, before: Float32 | None) -> tuple[Float32, Float32]:
        """How colours change: (3, N) Lab units, and (N,) how far the networks disagree on a and b.

        Args:
            lab: (3, N) CIE Lab of the picture, smooth. db: (C, N) decibels of the scene's bands.
            before: (C, N), of the picture's date; NaN where not known.
        """
        x = pixel_values(lab, db if self.bands else db[:0], before if self.has_before else None, self.bands)
        x = np.clip((x - self.centre) / self.unit, -REACH, REACH).astype(np.float32)
        made = []
        for network in self.layers:
            h = x
            for i, (weight, bias) in enumerate(network):
                h = h @ weight + bias
                if i < len(network) - 1:
                    h = np.maximum(h, np.float32(0.0), out=h)
            made.append(h * np.float32(_UNIT))
        change, spread = agreed(np.stack(made))
        change = (change - np.array(self.rendering, np.float32)) * np.float32(self.strength)
        return np.ascontiguousarray(change.T), np.ascontiguousarray(spread[:, 1:].mean(1))


def agreed(made: Float32) -> tuple[Float32, Float32]:
    """What several predictions (M, N, 3) agree on, and their standard deviation, (N, 3) each."""
    mean, variance = made.mean(0), made.var(0, ddof=1)
    left = np.clip(1.0 - np.float32(CAUTION) * variance / (mean * mean + np.float32(1e-6)), 0.0, 1.0)
    return (mean * left).astype(np.float32), np.sqrt(variance).astype(np.float32)


def pixel_values(lab: Float32, db: Float32, before: Float32 | None, bands: Sequence[str]) -> Float32:
    """(N, CHANNELS) float32 of (3, N) CIE Lab and (C, N) decibels; what is not known is 0."""
    out = np.zeros((lab.shape[1], CHANNELS), np.float32)
    out[:, :3] = lab.T
    for band, values in zip(bands, db, strict=False):
        out[:, 3 + _LAND[band]] = values - _USUAL_DB[_LAND[band]]
    if len(db) == 2 and len(bands) == 2:
        out[:, 5] = out[:, 4] - out[:, 3]
    if before is not None:
        for band, values, old in zip(bands, db, before, strict=False):
            out[:, 6 + _LAND[band]] = np.nan_to_num(values - old)
    return out


_USUAL_DB = (-11.0, -18.0)


def scene_values(
    months: tuple[int, int], longitude: float, latitude: float, bands: Sequence[str], has_before: bool
) -> Float32:
    """(K,) float32, what the networks are told of a whole scene.

    Args:
        months: 1..12 of the picture and of the scene. longitude, latitude: degrees east and north.
        bands: polarisations with an absolute level. has_before: whether the radar of the picture's date is known.
    """
    at = [2.0 * np.pi * (month - 0.5) / 12.0 for month in months]
    old, new = (np.array([np.sin(t), np.cos(t), np.sin(2.0 * t), np.cos(2.0 * t)]) for t in at)
    kinds = {_LAND[band] for band in bands}
    flags = np.array([0 in kinds, 1 in kinds, has_before], float)
    return np.concatenate([old, new, new - old, flags, climate_at(longitude, latitude, months)]).astype(np.float32)


def settle(
    months: tuple[int, int], longitude: float, latitude: float, bands: Sequence[str], has_before: bool
) -> Season:
    """The change between two months at a place; arguments as those of `scene_values`."""
    weights = _weights()
    given = scene_values(months, longitude, latitude, bands, has_before)
    centre, unit = weights["centre"], weights["unit"]
    given = np.clip((given - centre[CHANNELS:]) / unit[CHANNELS:], -REACH, REACH)
    networks = []
    for number in range(len([key for key in weights if key.endswith(".0.weight")])):
        layers = []
        for i in range(3):
            weight, bias = weights[f"{number}.{i}.weight"].T, weights[f"{number}.{i}.bias"]
            if i == 0:
                weight, bias = weight[:CHANNELS], bias + given @ weight[CHANNELS:]
            layers.append((np.ascontiguousarray(weight, np.float32), np.ascontiguousarray(bias, np.float32)))
        networks.append(tuple(layers))
    strength = strength_of(*months)
    return Season(tuple(bands), has_before, centre[:CHANNELS], unit[:CHANNELS], tuple(networks), strength)


def strength_of(old: int, new: int) -> float:
    """How far two months are apart, 0 where they are equal, 1 from FAR_MONTHS on."""
    gap = abs(old - new)
    return min(1.0, min(gap, 12 - gap) / FAR_MONTHS)


@cache
def _weights() -> Mapping[str, NDArray[np.float32]]:
    from safetensors.numpy import load

    check_sum(WEIGHTS)
    return {key: value.astype(np.float32) for key, value in load(read_whole(WEIGHTS)).items()}
