"""Patches with the palette of their place: what the network `by-place` learns from.

A palette comes from other pairs of the same site and date. Sometimes it is blurred and shifted, as a palette from
another month is, or so rough that it stands for a guess from the map, or it is none. And often the whole place, palette
and patch alike, is moved to other colours: there are few sites, and the network is to read the palette, not to
recognise the site by it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...color import srgb_to_lab
from ...models.by_place_picture import bands_of
from ...pairs.find import Pair
from ...pairs.palette import occasion
from ...pairs.read import ground_of
from ...palette.moments import Moments
from ...palette.palette import GUESSED, MEASURED, UNKNOWN_PALETTE, Palette
from ...raster import Bool, Float32
from .augment import changed_radar_lightness, hole, turn
from .dataset import Patches
from .settings import ByPlaceSettings

GUESS_ERROR = (8.0, 5.0, 6.0)
"""Standard deviation of L, a and b of a palette guessed from the map."""
_GUESS_SPREAD = (15.0, 6.0, 5.0)
_SECOND_BAND_SHARE = 0.3
_OTHER_BAND_SHARE = 0.25


class PlacePatches(Patches):
    """Training patches with palettes. Item `i` of epoch `e` is always the same.

    Gives (lightness (2, P, P) as the network takes it, colour (3, P, P) CIE Lab, weight (1, P, P) 0 or 1,
    palette (10,), present (2,)).
    """

    def __init__(self, pairs: Sequence[Pair], settings: ByPlaceSettings) -> None:
        super().__init__(pairs, settings)
        self.place_settings = settings
        self._lab: dict[int, tuple[NDArray[np.float16], Bool]] = {}
        self.moments = []
        for number in range(len(self.pairs)):
            lab, valid = _lab(self._pair(number)[1]), ground_of(self._pair(number)[1])
            self._lab[number] = lab.astype(np.float16), valid
            self.moments.append(Moments.of(lab, valid))
        together: dict[tuple[str, str], list[int]] = {}
        for number, pair in enumerate(self.pairs):
            together.setdefault(occasion(pair), []).append(number)
        self._together = [together[occasion(pair)] for pair in self.pairs]

    def __getitem__(self, item: int) -> tuple[Tensor, ...]:
        settings, number = self.settings, self._patches[item]
        random = np.random.default_rng((settings.seed, self.epoch, item))
        code, (lab, valid) = self._pair(number)[0], self._lab[number]
        size = settings.patch_px
        row = int(random.integers(0, code.shape[0] - size + 1))
        col = int(random.integers(0, code.shape[1] - size + 1))
        cut = slice(row, row + size), slice(col, col + size)
        quarter, flip = int(random.integers(4)), bool(random.integers(2))
        code, weight = turn(code[cut], quarter, flip), turn(valid[cut], quarter, flip)
        target = turn(lab[(slice(None), *cut)], quarter, flip).astype(np.float32)
        band = bands_of([self.pairs[number].polarization])[0]
        radar = changed_radar_lightness(code, self.pairs[number].polarization, settings, random)
        lightness, present = _both_bands(radar, band, random)
        palette, target = self._palette(number, target, random)
        if random.random() < settings.hole_share:
            gone = hole(code.shape, random)
            lightness = np.where(gone, np.float32(settings.fill_lightness), lightness)
            weight = weight & ~gone
        return (
            torch.from_numpy(lightness * np.float32(0.02) - np.float32(1.0)),
            torch.from_numpy(target),
            torch.from_numpy(weight[None].astype(np.float32)),
            torch.from_numpy(palette.vector()),
            torch.from_numpy(present),
        )

    def _palette(self, number: int, target: Float32, random: np.random.Generator) -> tuple[Palette, Float32]:
        """A palette for a patch, and the patch, both moved to other colours where chance wills."""
        others = [other for other in self._together[number] if other != number]
        kind = random.random()
        count = int(np.ceil(len(others) ** random.random()))
        chosen = random.permutation(others).tolist()[:count]
        known = Moments.total(self.moments[other] for other in chosen).palette()
        settings = self.place_settings
        if known is None or kind < settings.none_share:
            return UNKNOWN_PALETTE, target
        mean, spread = np.array(known.mean), np.array(known.spread)
        if kind < settings.none_share + settings.guess_share:
            mean = mean + random.normal(0.0, GUESS_ERROR)
            return Palette(tuple(mean), _GUESS_SPREAD, (0.0, 0.0, 0.0), GUESSED), target
        if random.random() < 0.3:  # of another month, or of a coarser picture
            mean = mean + random.normal(0.0, (4.0, 2.0, 2.0))
            spread = spread * random.uniform(0.6, 1.1)
        if random.random() < settings.recolour_share:
            stretch = np.exp(random.normal(0.0, (0.15, 0.2, 0.2)))
            moved = mean + random.normal(0.0, (6.0, 4.0, 4.0))
            target = (target - mean[:, None, None]) * stretch[:, None, None] + moved[:, None, None]
            mean, spread = moved, spread * stretch
        return Palette(tuple(mean), tuple(spread), known.correlation, MEASURED), target.astype(np.float32)


def _both_bands(radar: Float32, band: int, random: np.random.Generator) -> tuple[Float32, Float32]:
    """(2, P, P) and (2,): the radar in its own band; sometimes the other band beside it, made from the same ground.

    Few pairs have both polarisations, and few sites have VH. So a band sometimes stands for the other one, which has a
    range of decibels of its own and nearly the same L. A second band that is the first with another level and some
    noise teaches that two agree, no more; what only their ratio tells is not learned.
    """
    lightness, present = np.zeros((2, *radar.shape), np.float32), np.zeros(2, np.float32)
    band = 1 - band if random.random() < _OTHER_BAND_SHARE else band
    lightness[band], present[band] = radar, 1.0
    if random.random() < _SECOND_BAND_SHARE:
        level, noise = random.normal(0.0, 6.0), random.normal(0.0, 3.0, radar.shape)
        lightness[1 - band] = np.clip(radar + level + noise, 0.0, 100.0)
        present[1 - band] = 1.0
    return lightness, present


def _lab(rgb: NDArray[np.uint8]) -> Float32:
    lab: Float32 = srgb_to_lab(rgb.astype(np.float32) / np.float32(255.0))
    return lab
