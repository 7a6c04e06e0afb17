"""The colours and kinds of ground to be expected at a place, in a month: what is known before any picture is seen.

    conditions      Blue Marble colours of the month, temperature, rain; shares of land cover
    shares          of water, wood, field, bare ground, town and snow, from land cover; how much of the open ground is
                    green, from the conditions
    colours         of each kind: its usual colour + slopes . conditions, the mean of MEMBERS, each learned without one
                    region; where they disagree the colours are in doubt
    nearness        around places that were learned from, what they differ by is added
    familiarity     slopes are believed in full where conditions are like those learned from, and less the more they
                    differ: then the usual colours of each kind are left

`world.npz` is made by tools/world.py (MODIS land cover, NASA's Blue Marble by month), `ground.npz` by
tools/make_ground.py (pixels of Sentinel-1 and Sentinel-2 with place and month). Sea and snow were not among these
pixels: their colours, and what share of each land cover is which kind, are assumptions (`_SEA`, `_SNOW`, `_KIND_OF`).
"""

from __future__ import annotations

import calendar
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..position import in_words
from ..reference.climate import weather_at
from .palette import GUESSED, Palette

Array = NDArray[np.float64]
TABLE, GROUND = Path(__file__).parent / "world.npz", Path(__file__).parent / "ground.npz"
KINDS = ("water", "wood", "field", "bare", "town", "snow")
"""Kinds of ground. Field: open ground that is green, grass among it; bare: open ground that is not."""
LEARNED = 5
"""The first kinds, whose colours and backscatter are learned."""
FIELD, BARE = KINDS.index("field"), KINDS.index("bare")
REACH = 2.5
"""Standard deviations beyond which a condition counts as one at that distance."""
_KIND_OF = np.array(
    # water wood open town snow
    [
        [0.01, 0.90, 0.08, 0.01, 0.0],  # forest
        [0.01, 0.10, 0.88, 0.01, 0.0],  # shrub
        [0.02, 0.35, 0.61, 0.02, 0.0],  # savanna
        [0.02, 0.07, 0.88, 0.03, 0.0],  # grass
        [0.25, 0.25, 0.49, 0.01, 0.0],  # wetland
        [0.02, 0.12, 0.82, 0.04, 0.0],  # crop
        [0.03, 0.12, 0.25, 0.60, 0.0],  # urban
        [0.01, 0.00, 0.09, 0.00, 0.9],  # snow
        [0.02, 0.01, 0.96, 0.01, 0.0],  # bare
        [0.94, 0.02, 0.03, 0.01, 0.0],  # water
    ]
)
"""Land cover of half a kilometre, of which only the majority is known -> what it holds."""
_SEA, _SNOW = np.array([9.0, -2.0, -9.0]), np.array([85.0, 0.0, -2.0])
_SNOW_SPREAD = np.array([8.0, 3.0, 3.0])
_LIGHTNESS = (4.0, 90.0)
_SEA_SHARES, _CLEAR = (0.1, 0.7), 0.4
"""Shares of water from which, and to which, it is more and more the sea's; and how much so it is everywhere, for the
lakes that were learned from were chosen for their blooms of algae."""
_GREEN = (0.05, 0.95)
_FAR = 1.5
"""Standard deviations from all that was learned from, at which slopes are believed by half."""
_NEAR_KM, _NEAR_LEAST = 600.0, 0.2
"""How far ground that was learned from counts beyond its conditions."""
_OFF, _OFF_FAR = 1.15, 0.39
"""Real over expected error of a and b, and what is added where nothing near by was learned from: what is the same for
all of a place (its rendering, its season) is not in spread and doubt. From 14 places and regions, each foretold by the
others; see docs/by_place.md."""
_LAND_WATER = 0.3
"""Most water of a place that counts as land."""
_WHITE, _WHITE_SPAN, _COLD = 45.0, 30.0, 3.0
"""Lightness of the Blue Marble at which there is snow, and what more makes all white, under so many degrees."""


@dataclass(frozen=True)
class Expectation:
    """What is to be expected at a place.

    shares: (6,) of KINDS, they add up to 1. colours: (6, 3) CIE Lab of each. spread: (6, 3) standard deviation within a
    kind. doubt: (6, 3) standard deviation of what the members say. db: (5, 2) mean VV and VH of all kinds but snow,
    decibels, with db_covariance (5, 2, 2). off: real error of a and b over what spread and doubt say.
    """

    shares: Array
    colours: Array
    spread: Array
    doubt: Array
    db: Array
    db_covariance: Array
    off: float = 1.0

    @property
    def mean(self) -> Array:
        """(3,) CIE Lab of all ground."""
        found: Array = self.shares @ self.colours
        return found

    @property
    def deviation(self) -> Array:
        """(3,) standard deviation of the colours of all ground, doubt included."""
        among = (self.colours - self.mean) ** 2 + self.spread**2 + self.doubt**2
        found: Array = np.sqrt(self.shares @ among)
        return found


def expect(longitude: float, latitude: float, month: int | None = None) -> Expectation:
    """The ground at a place.

    Args:
        longitude, latitude: degrees east and north. month: 1..12; None for the whole year, with the snow of all months.
    """
    if month is None:
        months = [expect(longitude, latitude, each) for each in range(1, 13)]
        mean = mean_of(months, np.array([1.0 - 0.95 * each.shares[-1] for each in months]))
        shares = np.append(mean.shares[:-1], min(each.shares[-1] for each in months))
        return replace(mean, shares=shares / shares.sum())
    return expectation((longitude, latitude), *conditions(longitude, latitude, month), ground_model())


def expectation(place: tuple[float, float], values: Array, land: Array, model: Mapping[str, Array]) -> Expectation:
    """The ground under conditions.

    Args:
        place: longitude and latitude. values: (7,), land: (10,), as `conditions` gives them. model: see `ground_model`.
    """
    z = np.clip((values - model["centre"]) / model["unit"], -REACH, REACH)
    believed = familiarity(z, model["known"])
    near = _nearness(place, model["nodes"])
    green = (model["green"] + believed * (model["green_slopes"] @ z)).mean() + near @ model["node_green"]
    green = float(np.clip(green, *_GREEN))
    members = model["start"] + believed * np.einsum("mkcj,c->mkj", model["slopes"], z)  # (M, 5, 3)
    members = members + np.einsum("p,pkj->kj", near, model["node_colours"])
    db = model["db_mean"] + believed * np.einsum("kcj,c->kj", model["db_slopes"], z)
    colours = np.concatenate([members.mean(0), _SNOW[None]])
    water, wood, open_ground, town, snow = land @ _KIND_OF
    sea = float(np.clip((water - _SEA_SHARES[0]) / (_SEA_SHARES[1] - _SEA_SHARES[0]), 0.0, 1.0))
    colours[0] += max(sea, _CLEAR) * (_SEA - colours[0])
    colours[:, 0] = np.clip(colours[:, 0], *_LIGHTNESS)
    snow = max(snow, _snow(values)) * (1.0 - water)
    bare_of_snow = np.array([wood, open_ground * green, open_ground * (1.0 - green), town]) * (1.0 - snow)
    shares = np.concatenate([[water], bare_of_snow, [snow]])
    spread = np.concatenate([model["spread"], _SNOW_SPREAD[None]])
    doubt = np.concatenate([members.std(0, ddof=1), np.zeros((1, 3))])
    off = _OFF + _OFF_FAR * (1.0 - float(near.sum()))
    return Expectation(shares / shares.sum(), colours, spread, doubt, db, model["db_covariance"], off)


def conditions(longitude: float, latitude: float, month: int) -> tuple[Array, Array]:
    """What a place is like: (7,) Lab of the Blue Marble, temperature and rain of month and year; (10,) land shares.

    Temperature in degrees, rain as the logarithm of mm a month, that of the month with the two before it.
    """
    table = _table()
    row, col = (int(np.clip(2 * (90.0 - latitude), 0, 359)), int(2 * (longitude + 180.0)) % 720)
    colour = table["blue_marble"][:, row, col] + 2.0 * table["season"][month - 1, :, row, col]
    warm, rain = weather_at(longitude, latitude)
    lately = rain[[month - 1, month - 2, month - 3]].mean()
    land = _between_cells(table["land"], longitude, latitude) / 25.0
    weather = [warm[month - 1], np.log1p(lately), warm.mean(), np.log1p(rain.mean())]
    return np.concatenate([colour, weather]), land


def _between_cells(cells: NDArray[np.int16], longitude: float, latitude: float) -> Array:
    """(C,) of cells (C, H, W) of the whole world, bilinear between the middles of four."""
    _, height, width = cells.shape
    y = float(np.clip((90.0 - latitude) / 180.0 * height - 0.5, 0.0, height - 1.0))
    x = (longitude + 180.0) / 360.0 * width - 0.5
    row, col = math.floor(y), math.floor(x)
    (above, below), (left, right) = ((1.0 - share, share) for share in (y - row, x - col))
    four = cells[:, [row, min(row + 1, height - 1)]][:, :, [col % width, (col + 1) % width]]
    found: Array = (four * np.outer([above, below], [left, right])).sum((1, 2))
    return found


def familiarity(z: Array, known: Array) -> float:
    """How like the conditions z (C,) are to those learned from, known (N, C), 0..1; both in standard deviations."""
    far = float(np.sqrt(((known - z) ** 2).mean(1)).min())
    return 1.0 / (1.0 + (far / _FAR) ** 4)


def _nearness(place: tuple[float, float], nodes: Array) -> Array:
    """(P,) how much what is known around nodes (P, 2), longitude and latitude, counts at a place; under 1 together."""
    (lon, lat), (lons, lats) = np.radians(place), np.radians(nodes.T)
    half = np.sin((lats - lat) / 2) ** 2 + np.cos(lats) * np.cos(lat) * np.sin((lons - lon) / 2) ** 2
    near = np.exp(-((2 * 6371.0 * np.arcsin(np.sqrt(half)) / _NEAR_KM) ** 2))
    counted: Array = near / (near.sum() + _NEAR_LEAST)
    return counted


def guess_palette(longitude: float, latitude: float, month: int | None = None) -> Palette:
    """The palette expected at a place, degrees east and north; month 1..12, None for the whole year."""
    found = expect(longitude, latitude, month)
    mean, spread = (tuple(round(float(x), 2) for x in values) for values in (found.mean, found.deviation))
    return Palette(
        (mean[0], mean[1], mean[2]), (spread[0], spread[1], spread[2]), (0.0, 0.0, 0.0), trust=GUESSED, source="auto",
        note=f"Palette expected at {in_words(longitude, latitude)} from land cover, climate and the Blue Marble"
        f"{_MONTHS[month]}; a picture of the place as palette gives better colours.",
    )  # fmt: skip


def _snow(values: Array) -> float:
    """Share of ground under snow, from lightness and temperature of the month."""
    white = float(np.clip((values[0] - _WHITE) / _WHITE_SPAN, 0.0, 1.0))
    return white * float(np.clip((_COLD - values[3]) / 5.0, 0.0, 1.0))


def mean_of(found: Sequence[Expectation], counts: Array) -> Expectation:
    """The mean of what is to be expected at several places or in several months, counts (N,) how much each counts.

    What a kind looks like counts where there is much of it; how its colours differ is part of the spread.
    """
    weights = np.stack([each.shares for each in found]) * counts[:, None] + 1e-9  # (N, 6)
    shares = weights.sum(0) / weights.sum()
    weights = weights / weights.sum(0)
    colours, variance, doubt = (
        np.einsum("nk,nkj->kj", weights, np.stack(each))
        for each in zip(*((one.colours, one.spread**2, one.doubt) for one in found), strict=True)
    )
    variance += np.einsum("nk,nkj->kj", weights, (np.stack([each.colours for each in found]) - colours) ** 2)
    db = np.einsum("nk,nkj->kj", weights[:, :LEARNED], np.stack([each.db for each in found]))
    off = float(np.average([each.off for each in found], weights=counts))
    return Expectation(shares, colours, np.sqrt(variance), doubt, db, found[0].db_covariance, off)


@cache
def anywhere() -> Expectation:
    """The ground of a place that is not known: the mean of land, every 15 degrees in four months, without snow."""
    found, counts = [], []
    for latitude, longitude in itertools.product(range(-45, 70, 15), range(-180, 180, 15)):
        for month in (1, 4, 7, 10):
            each = expect(longitude, latitude, month)
            if each.shares[0] < _LAND_WATER and each.shares[-1] < 0.5:
                found.append(each)
                counts.append(math.cos(math.radians(latitude)))
    mean = mean_of(found, np.array(counts))
    shares = np.append(mean.shares[:-1], 0.0)
    return replace(mean, shares=shares / shares.sum())


_MONTHS = {None: ", mean of the year"} | {month: f" in {calendar.month_name[month]}" for month in range(1, 13)}


@cache
def _table() -> dict[str, NDArray[np.int16]]:
    """Row 0 is the northernmost, column 0 begins at 180 W; see tools/world.py for the codes."""
    with np.load(TABLE) as file:
        return {name: file[name].astype(np.int16) for name in file.files}


@cache
def ground_model() -> dict[str, Array]:
    """What tools/make_ground.py learned: M members, K = 5 kinds, C conditions.

    centre, unit (C,); start (M, K, 3), slopes (M, K, C, 3); green (M,), green_slopes (M, C); known (N, C); spread
    (K, 3); nodes (P, 2), node_colours (P, K, 3), node_green (P,): what places near by differ by; db_mean (K, 2),
    db_slopes (K, C, 2), db_covariance (K, 2, 2) of VV and VH.
    """
    with np.load(GROUND) as file:
        return {name: file[name].astype(np.float64) for name in file.files}
