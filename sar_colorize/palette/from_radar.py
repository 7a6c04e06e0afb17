"""Colours of a scene without a picture: what its radar and its place lead to expect.

    windows spread over the scene -> what is to be expected there, in the mean -> `GroundKinds`, by which every pixel is
                                     told; a painter does it (`models.ground_kinds`)
                                  -> decibels of blocks of 4 x 4 pixels -> shares of kinds of ground, for the user

Once per scene. Radar of an unknown level but a known scale, such as amplitude, is first brought to the level at which
it goes best with what is expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from ..backscatter import DbRange
from ..color import L_MAX
from ..raster import Bool, Float32
from .difference import numbers_of
from .lattice import Lattice, Nodes
from .likelihood import SHARPNESS, evidence, kinds_of
from .palette import GroundKind, GroundKinds, Palette
from .world import KINDS, LEARNED, Array, Expectation, anywhere, expect, mean_of

BLOCK_PX = 4
"""Side of the blocks of which the mean power is looked at."""
_LEAST_SAMPLES = 16
_SHIFTS_DB, _SHIFT_DEVIATION_DB = np.arange(-6.0, 6.1, 0.5), 1.5
_DRAWN = 0.6
"""Of what kinds of ground differ by in a and b, how much is drawn where neither place nor level is known;
docs/experiments.md."""
_SURE, _MOST_SAMPLES = 10.0, 20_000
"""So many samples does a scene count as, for its ground is alike over long distances; and what are looked at."""


@dataclass
class RadarGround:
    """What the radar of a scene shows, window by window."""

    bands: tuple[str, ...]
    """Polarisations."""
    month: int | None
    """1..12; None for the whole year."""
    absolute: bool = True
    """Whether the level of the radar is known; one that is not is fitted to what is to be expected."""
    stretched: bool = False
    """Whether each band was stretched to a picture by itself: their ratio tells nothing then, and the first one tells
    the ground."""
    values: list[Array] = field(default_factory=list)
    expected: list[Expectation] = field(default_factory=list)
    is_placed: bool = True
    """Whether the place of every window is known."""

    def add(self, db: Float32, valid: Bool, place: tuple[float, float] | None) -> None:
        """A window.

        Args:
            db: (C, H, W) decibels. valid: (H, W). place: longitude and latitude, degrees; None where it is not known.
        """
        coarse, known = block_db(db, valid)
        if known.any():
            self.values.append(coarse[: len(self._telling), known].astype(np.float64))
            self.expected.append(anywhere() if place is None else expect(*place, self.month))
            self.is_placed = self.is_placed and place is not None

    @property
    def _telling(self) -> tuple[str, ...]:
        """The bands by which ground is told."""
        return self.bands[:1] if self.stretched else self.bands

    def palette(self, palette: Palette, ranges: Mapping[str, DbRange], nodes: Nodes | None = None) -> Palette:
        """A palette with the kinds of ground of the scene; as it is where too little was seen.

        Args:
            ranges: of each band, decibels that become L = 0 and L = 100.
            nodes: of a scene over which they vary.
        """
        counts = np.array([each.shape[1] for each in self.values], np.float64)
        if counts.sum() < _LEAST_SAMPLES:
            return palette
        expected = mean_of(self.expected, counts)
        if not self.is_placed and not self.absolute:
            expected = _around(expected, np.array(palette.mean[1:]))
        values, note, bands = np.concatenate(self.values, 1), palette.note, self._telling
        alone, shift = not self.absolute and len(bands) == 1, 0.0
        if not self.absolute:
            shift = level_of(values, bands, expected)
            expected = replace(expected, db=expected.db - shift)
            note = f"{note} The level of the radar is not known and was fitted to what is expected."
            note += " Of one band, brightness is the radar's own, and hues are a guess." if alone else ""
        ground = ground_kinds(expected, bands, ranges, len(self.bands))
        if nodes is None:
            seen = kinds_of(values, bands, expected, SHARPNESS).mean(1)
        else:
            there = [replace(each, db=each.db - shift) for each in self.expected]
            kinds = [kinds_of(*each) for each in zip(self.values, repeat(bands), there, repeat(SHARPNESS))]
            seen = np.concatenate(kinds, 1).mean(1)
            ground = replace(ground, lattice=self._lattice(nodes, ranges, shift))
            places = f"{nodes.rows} x {nodes.columns} places"
            note = f"{note} What is expected varies over the scene ({places}); the legend gives the mean."
        ground = replace(ground, seen=tuple(map(float, seen.round(4))), own_lightness=alone)
        return replace(palette, ground=ground, note=f"{note} The radar shows {in_words(seen)}.")

    def _lattice(self, nodes: Nodes, ranges: Mapping[str, DbRange], shift: float) -> Lattice:
        """The kinds of ground at nodes, whose level is shifted as that of the scene."""
        expected = [expect(*place, self.month) for place in nodes.places]
        there = [replace(each, db=each.db - shift) for each in expected]
        kinds = [ground_kinds(each, self._telling, ranges, len(self.bands)) for each in there]
        return nodes.lattice(map(numbers_of, kinds))


def _around(expected: Expectation, ab: Array) -> Expectation:
    """The same with hues around a and b of a palette, _DRAWN as far from it as from their mean; the rest is spread."""
    colours, spread = expected.colours.copy(), expected.spread.copy()
    colours[:, 1:] = ab + _DRAWN * (colours[:, 1:] - expected.mean[1:])
    spread[:, 1:] = np.hypot(spread[:, 1:], colours[:, 1:] - expected.colours[:, 1:])
    return replace(expected, colours=colours, spread=spread)


def level_of(db: Array, bands: Sequence[str], expected: Expectation) -> float:
    """Decibels that bring db (C, N) of an unknown level to what is to be expected, within _SHIFTS_DB of 0."""
    thin = db[:, :: max(1, db.shape[1] // _MOST_SAMPLES)]
    gains = [
        _SURE * evidence(thin + shift, bands, expected) - 0.5 * (shift / _SHIFT_DEVIATION_DB) ** 2
        for shift in _SHIFTS_DB
    ]
    return float(_SHIFTS_DB[int(np.argmax(gains))])


def ground_kinds(
    expected: Expectation, bands: Sequence[str], ranges: Mapping[str, DbRange], channels: int | None = None
) -> GroundKinds:
    """Kinds of ground as a painter takes them: backscatter as L of each band.

    Args:
        bands: that tell the ground. channels: of the painter, these first; the others tell nothing. None: no others.
    """
    silent = 0 if channels is None else channels - len(bands)
    rows = [0 if band in ("VV", "HH") else 1 for band in bands]
    low, high = (np.array([ranges[band][end] for band in bands]) for end in (0, 1))
    scale = L_MAX / (high - low)
    square = (expected.colours**2 + expected.spread**2 + expected.doubt**2)[:, 1:]
    kinds = []
    for number in range(LEARNED):
        covariance = expected.db_covariance[number][np.ix_(rows, rows)] * np.outer(scale, scale)
        lightness = np.clip((expected.db[number, rows] - low) * scale, 0.0, L_MAX)
        kinds.append(
            GroundKind(
                KINDS[number],
                round(float(expected.shares[number]), 5),
                _three(expected.colours[number]),
                _two(square[number]),
                (*lightness.round(3).tolist(), *[0.0] * silent),
                tuple(np.pad(np.linalg.inv(covariance), (0, silent)).ravel().round(7).tolist()),
                round(float(np.linalg.slogdet(covariance)[1]), 4),
            )
        )
    snow = expected.shares[LEARNED] / max(1.0 - expected.shares[0], 1e-6)
    colour, of_snow = _three(expected.colours[LEARNED]), _two(square[LEARNED])
    return GroundKinds(tuple(kinds), round(float(snow), 5), colour, of_snow, off=round(expected.off, 3))


def block_db(db: Float32, valid: Bool) -> tuple[Float32, Bool]:
    """(C, H / 4, W / 4) decibels of the mean power of blocks of db (C, H, W), and where all of a block is valid."""
    height, width = (side // BLOCK_PX for side in valid.shape)
    cut = (slice(0, BLOCK_PX * height), slice(0, BLOCK_PX * width))
    known: Bool = np.all(valid[cut].reshape(height, BLOCK_PX, width, BLOCK_PX), axis=(1, 3))
    power = 10.0 ** (np.where(valid[cut], db[(slice(None), *cut)], np.float32(0.0)) / np.float32(10.0))
    mean: NDArray[np.float32] = power.reshape(len(db), height, BLOCK_PX, width, BLOCK_PX).mean((2, 4))
    return (10.0 * np.log10(np.maximum(mean, 1e-6))).astype(np.float32), known


def in_words(shares: Array) -> str:
    """Shares (6,) of kinds of ground, the largest first; less than one in two hundred is left out."""
    order = np.argsort(-shares, kind="stable")
    return ", ".join(f"{KINDS[number]} {shares[number]:.0%}" for number in order if shares[number] >= 0.005)


def _three(values: Array) -> tuple[float, float, float]:
    first, second, third = (round(float(value), 3) for value in values)
    return first, second, third


def _two(values: Array) -> tuple[float, float]:
    first, second = (round(float(value), 3) for value in values)
    return first, second
