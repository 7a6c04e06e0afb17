"""The land that a simulated scene shows: its cover, and how each pixel differs from the mean of its cover."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Float32

PIXEL_M = 10.0

MEAN_DB: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "sea": (-18.0, -26.0),  # roughened by wind
        "water": (-20.0, -27.0),
        "grass": (-13.0, -19.5),
        "cereal": (-11.0, -17.0),
        "maize": (-9.5, -15.5),
        "bare": (-14.5, -22.0),
        "forest": (-8.5, -14.0),
        "town": (-4.0, -11.0),
        "road": (-17.0, -24.0),
    }
)
"""Land cover -> mean backscatter in decibels, VV and VH."""

COVER = {name: index for index, name in enumerate(MEAN_DB)}
_CROPS = ("grass", "cereal", "maize", "bare")


def landscape(height: int, width: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Float32]:
    """(H, W) cover, and (H, W) decibels to add to its mean: crops, relief, buildings, wind."""
    shape = (height, width)
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    x, y = cols / width, rows / height
    scale = min(height, width) / 1024
    cover, gain_db = _fields(rows, cols, rng)

    hilly = np.clip(3.2 * (x * 0.8 + (1 - y) * 0.75 - 0.95) + 0.25 * _fractal(shape, 3.0, rng), 0, 1)
    # Folded noise: valleys are sharp, as water cuts them.
    folds = np.abs(_fractal(shape, 4.0, rng)) + 0.3 * np.abs(_fractal(shape, 3.4, rng))
    relief = folds * hilly * 420 * scale
    rough = _fractal(shape, 2.6, rng)
    forest = rough + 2.4 * hilly > 1.25
    cover[forest] = COVER["forest"]
    gain_db[forest] = 0.5 * _fractal(shape, 2.0, rng)[forest]

    centre = (0.56 * height, 0.47 * width)
    density = np.hypot(rows - centre[0], (cols - centre[1]) * 0.85) / (0.105 * min(shape))
    density = 1.25 - density + 0.45 * _fractal(shape, 2.8, rng)
    villages = rng.uniform((0.05, 0.3), (0.95, 0.95), (14, 2)) * shape
    for row, col in villages:
        radius = rng.uniform(9, 22) * max(scale, 0.3)
        density = np.maximum(density, 0.8 - np.hypot(rows - row, cols - col) / radius + 0.2 * rough)
    _roads(cover, gain_db, [centre, *map(tuple, villages)])
    highways = cover == COVER["road"]
    _town(cover, gain_db, density, rows, cols, rng)

    sea = x * 0.95 + (1 - y) * 0.42 - 0.40 + 0.05 * _fractal(shape, 3.2, rng) < 0
    rivers = _rivers(shape, centre, rng) & ~sea
    bridges = rivers & highways
    cover[rivers], gain_db[rivers] = COVER["water"], 0.0
    gain_db[bridges] = 14.0
    cover[sea] = COVER["sea"]
    gain_db[sea] = (1.5 * _fractal(shape, 2.2, rng, stretch=5.0))[sea]

    canopy = np.where(cover == COVER["forest"], 9.0, 0.0).astype(np.float32)
    # A slope that faces the sensor (here in the west) is bright, its back is dark.
    slope = np.gradient(relief + canopy, axis=1) / PIXEL_M
    land = ~(sea | rivers)
    gain_db[land] += np.clip(6.0 * slope[land], -6.0, 5.0)
    for index in range(len(MEAN_DB)):  # so that MEAN_DB is the mean, in power
        own = cover == index
        if own.any():
            gain_db[own] -= 10 * np.log10(np.mean(10 ** (gain_db[own] / 10)))
    return cover, gain_db


def _fields(rows: Float32, cols: Float32, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Float32]:
    """A patchwork: districts, each with its own direction and size of fields, each field with its own crop."""
    height, width = rows.shape
    bend = [6.0 * _fractal((height, width), 3.4, rng) for _ in range(2)]
    r, c = rows + bend[0], cols + bend[1]
    count = max(4, round(height * width / 26_000))
    seeds = rng.uniform((0, 0), (height, width), (count, 2))
    nearest = np.full((height, width), np.inf, np.float32)
    district = np.zeros((height, width), np.int16)
    for index, (row, col) in enumerate(seeds):
        distance = (r - np.float32(row)) ** 2 + (c - np.float32(col)) ** 2
        closer = distance < nearest
        nearest[closer], district[closer] = distance[closer], index
    angle = rng.uniform(0, math.pi, count).astype(np.float32)[district]
    across = rng.uniform(9, 22, count).astype(np.float32)[district]
    along = rng.uniform(24, 60, count).astype(np.float32)[district]
    u = (np.cos(angle) * c + np.sin(angle) * r) / along
    strip = np.floor(u).astype(np.int64)
    v = (np.cos(angle) * r - np.sin(angle) * c) / across + 7.3 * _hash(district, strip)
    # Two neighbours in a strip are often one field.
    pair = np.floor(v).astype(np.int64)
    pair -= (_hash(district, strip, pair // 2) < 0.4) & (pair % 2 == 1)
    kind = _hash(district, strip, pair, 1)
    crops = np.array([COVER[name] for name in _CROPS], np.uint8)
    cover = crops[np.searchsorted((0.28, 0.66, 0.82), kind)]
    gain_db = (3.6 * (_hash(district, strip, pair, 2) - 0.5)).astype(np.float32)
    edge = np.minimum(np.abs(u - np.round(u)) * along, np.abs(v - np.round(v)) * across) < 0.7
    hedge = edge & (_hash(district, strip, 3) < 0.2)
    cover[hedge], gain_db[hedge] = COVER["forest"], -1.5
    return cover, gain_db


def _roads(cover: NDArray[np.uint8], gain_db: Float32, places: list[tuple[float, ...]]) -> None:
    """Dark lines from each place to the nearest one before it in the list, the first being the town."""
    height, width = cover.shape
    for index, (row, col) in enumerate(places[1:], start=1):
        to_row, to_col = min(places[:index], key=lambda p: math.hypot(p[0] - row, p[1] - col))
        rr, cc = _line(int(row), int(col), int(to_row), int(to_col))
        wobble = np.rint(5 * np.sin(np.linspace(0, 3 * math.pi, len(rr)))).astype(int)
        rr, cc = np.clip(rr + wobble, 0, height - 2), np.clip(cc + wobble, 0, width - 2)
        for dr, dc in ((0, 0), (1, 0), (0, 1)):
            cover[rr + dr, cc + dc], gain_db[rr + dr, cc + dc] = COVER["road"], 0.0


def _town(
    cover: NDArray[np.uint8], gain_db: Float32, density: Float32, rows: Float32, cols: Float32, rng: np.random.Generator
) -> None:
    """Blocks of houses between streets; walls and ground reflect the radar back twice, so some are very bright."""
    angle = rng.uniform(0.2, 0.6)
    bend = 9 * _fractal(rows.shape, 4.0, rng)
    u = math.cos(angle) * cols + math.sin(angle) * rows + bend
    v = math.cos(angle) * rows - math.sin(angle) * cols + bend
    wide = (u % 52 < 2.2) | (v % 41 < 2.0)
    streets = wide | (u % 13 < 1.1) & (_hash(np.floor(v / 41).astype(np.int64), 5) < 0.8) | (v % 10.25 < 1.0)
    house = _hash(np.floor(u / 2.6).astype(np.int64), np.floor(v / 2.2).astype(np.int64))
    built = density > 0.45 + 0.3 * house
    # Exponential brightness, mean 1: few houses face the radar.
    bright = -np.log(np.maximum(_hash(np.floor(u / 2.6).astype(np.int64), np.floor(v / 2.2).astype(np.int64), 4), 1e-3))
    bright = 0.15 + 0.85 * bright**1.5 / math.gamma(2.5)
    houses = built & ~streets
    cover[houses] = COVER["town"]
    gain_db[houses] = 10 * np.log10(bright[houses]) + 5.0 * np.clip(density[houses] - 0.9, -0.6, 0.6)
    ways = built & streets
    cover[ways], gain_db[ways] = COVER["road"], 3.0


def _rivers(shape: tuple[int, int], town: tuple[float, float], rng: np.random.Generator) -> Bool:
    """A river through the town to the sea, a tributary, and oxbows that it left behind.

    Meanders are sine-generated curves: direction = omega sin(s).

    Source: Langbein and Leopold, USGS Professional Paper 422-H (1966).
    """
    height, width = shape
    scale = min(shape) / 1024
    water = np.zeros(shape, bool)
    source, mouth = (-0.02 * height, 0.80 * width), (0.98 * height, 0.16 * width)
    upper = _meander(source, (town[0] + 0.03 * height, town[1]), 1.75, 130 * scale, rng)
    lower = _meander(tuple(upper[-1]), mouth, 1.55, 190 * scale, rng)
    river = np.concatenate([upper, lower])
    _stamp(water, river, np.linspace(3.5, 8.0, len(river)) * max(scale, 0.35))
    join = upper[len(upper) // 2]
    side = _meander((0.30 * height, -0.01 * width + 0.42 * width), tuple(join), 1.6, 60 * scale, rng)
    _stamp(water, side, np.linspace(1.2, 2.4, len(side)) * max(scale, 0.5))
    for _ in range(5):
        row, col = lower[rng.integers(len(lower) // 3, len(lower))] + rng.uniform(-45, 45, 2) * scale
        turn = rng.uniform(0, 2 * math.pi) + np.linspace(0, 3.6, 120)
        radius = rng.uniform(14, 26) * scale
        arc = np.stack([row + radius * np.sin(turn), col + 1.3 * radius * np.cos(turn)], axis=1)
        _stamp(water, arc, np.full(len(arc), 3.0 * max(scale, 0.35)))
    return water


def _meander(
    start: tuple[float, ...], end: tuple[float, ...], omega: float, wave_px: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """(N, 2) rows and columns, one point a pixel, of a meandering course from `start` to `end`."""
    ahead = complex(end[1] - start[1], end[0] - start[0])
    count = max(8, int(abs(ahead) * 1.9))
    knots = max(4, int(count / wave_px) + 2)
    steps = np.linspace(0, knots - 1, count)
    phase = np.cumsum(np.interp(steps, range(knots), rng.uniform(0.5, 1.8, knots))) * 2 * math.pi / wave_px
    strength = np.interp(steps, range(knots), rng.uniform(0.35, 1.0, knots)) * omega
    drift = np.interp(steps, range(knots), rng.normal(0.0, 0.35, knots))
    course = np.cumsum(np.exp(1j * (strength * np.sin(phase) + drift)))
    # Turned and scaled so that it ends where it should.
    course *= ahead / course[-1]
    return np.stack([start[0] + course.imag, start[1] + course.real], axis=1)


def _stamp(water: Bool, course: NDArray[np.float64], radius_px: NDArray[np.float64]) -> None:
    """Discs along a course."""
    for (row, col), radius in zip(course, radius_px, strict=True):
        ends = zip((row, col), water.shape, strict=True)
        rows, cols = (np.arange(max(0, math.ceil(at - radius)), min(size, math.floor(at + radius) + 1))
                      for at, size in ends)  # fmt: skip
        inside = ((rows[:, None] - row) / radius) ** 2 + ((cols[None] - col) / radius) ** 2 < 1.0
        if inside.size:
            water[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] |= inside


def _line(row: int, col: int, to_row: int, to_col: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the pixels between two, both with them (Bresenham, IBM Systems Journal 4, 1965)."""
    across, down = abs(to_col - col), abs(to_row - row)
    steps = np.arange(max(across, down) + 1)
    along, aside = (across, down) if across >= down else (down, across)
    moved = (2 * aside * steps + along) // max(1, 2 * along)  # halves are rounded up
    rows, cols = (moved, steps) if across >= down else (steps, moved)
    return row + np.sign(to_row - row) * rows, col + np.sign(to_col - col) * cols


def _fractal(shape: tuple[int, int], slope: float, rng: np.random.Generator, stretch: float = 1.0) -> Float32:
    """(H, W) noise of mean 0 and deviation 1 whose power falls as frequency**-slope; `stretch` makes streaks."""
    spectrum = np.fft.rfft2(rng.standard_normal(shape, np.float32))
    rate = np.hypot(np.fft.fftfreq(shape[0])[:, None] * stretch, np.fft.rfftfreq(shape[1])[None, :])
    rate[0, 0] = np.inf
    noise = np.fft.irfft2(spectrum * (rate ** (-slope / 2)).astype(np.float32), shape)
    scaled: Float32 = (noise / noise.std()).astype(np.float32)
    return scaled


def _hash(*keys: NDArray[np.integer] | int) -> NDArray[np.float64]:
    """A number in 0..1 for each combination of integers, like drawn by lot but always the same."""
    state: NDArray[np.uint64] = np.uint64(0x9E3779B97F4A7C15)  # type: ignore[assignment]
    with np.errstate(over="ignore"):
        for key in keys:
            state = (state ^ np.asarray(key).astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
            state = state ^ (state >> np.uint64(29))
    return (state >> np.uint64(11)) / 2.0**53
