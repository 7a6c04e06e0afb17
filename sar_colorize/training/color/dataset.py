"""Pairs as patches for a network, each a function of (seed, epoch, number) alone, so that a run can be resumed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from ...color import L_MAX
from ...errors import DataError
from ...pairs.find import Pair
from ...pairs.lightness import colour_lightness, radar_lightness
from ...pairs.read import ground_of, read_pair
from ...raster import Float32
from .augment import changed_colour_lightness, changed_radar_lightness, hole, turn
from .settings import TrainSettings

CACHE_BYTES = 2_000_000_000
"""Decoded pairs are kept while they fit into this."""


class Patches(Dataset[tuple[Tensor, ...]]):
    """Training patches. Item `i` of epoch `e` is always the same.

    Gives (lightness (1, P, P) as the network takes it, colour (3, P, P) uint8, weight (1, P, P) 0 or 1).
    """

    def __init__(self, pairs: Sequence[Pair], settings: TrainSettings) -> None:
        self.pairs, self.settings, self.epoch = tuple(pairs), settings, 0
        self._cache: dict[int, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
        self._cached_bytes = 0
        self._patches: list[int] = []
        for number, pair in enumerate(self.pairs):
            height, width = self._pair(number)[0].shape
            if min(height, width) < settings.patch_px:
                raise DataError(
                    f"a pair must be at least patch_px={settings.patch_px} wide and high, got {height} x {width} in "
                    f"{pair.s1}; choose a smaller patch_px"
                )
            fitting = (height // settings.patch_px) * (width // settings.patch_px)
            self._patches += [number] * min(settings.crops, fitting)

    def __len__(self) -> int:
        return len(self._patches)

    def __getitem__(self, item: int) -> tuple[Tensor, ...]:
        settings, number = self.settings, self._patches[item]
        random = np.random.default_rng((settings.seed, self.epoch, item))
        code, rgb = self._pair(number)
        size = settings.patch_px
        row = int(random.integers(0, code.shape[0] - size + 1))
        col = int(random.integers(0, code.shape[1] - size + 1))
        quarter, flip = int(random.integers(4)), bool(random.integers(2))
        code = turn(code[row : row + size, col : col + size], quarter, flip)
        rgb = turn(rgb[:, row : row + size, col : col + size], quarter, flip)
        weight = ground_of(rgb)
        if settings.input == "sar-l":
            lightness = changed_radar_lightness(code, self.pairs[number].polarization, settings, random)
        else:
            lightness = changed_colour_lightness(colour_lightness(rgb), settings, random)
        if random.random() < settings.hole_share:
            gone = hole(code.shape, random)
            lightness = np.where(gone, np.float32(settings.fill_lightness), lightness)
            weight = weight & ~gone
        return to_input(lightness), torch.from_numpy(rgb), torch.from_numpy(weight[None].astype(np.float32))

    def picture(self, number: int) -> NDArray[np.uint8]:
        """The whole colour patch of a pair, (3, H, W)."""
        return self._pair(number)[1]

    def _pair(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if number in self._cache:
            return self._cache[number]
        pair = read_pair(self.pairs[number])
        size = pair[0].nbytes + pair[1].nbytes
        if self._cached_bytes + size <= CACHE_BYTES:
            self._cache[number] = pair
            self._cached_bytes += size
        return pair


def lightness_of(code: NDArray[np.uint8], rgb: NDArray[np.uint8], pair: Pair, settings: TrainSettings) -> Float32:
    """L (H, W), 0..100, that a network in training is validated on: of the radar after the filter, or of the colour."""
    if settings.input == "sar-l":
        return radar_lightness(code, pair.polarization, settings.filter)
    return colour_lightness(rgb)


def to_input(lightness: Float32) -> Tensor:
    """(1, H, W) in -1..1 from L (H, W) in 0..100."""
    return torch.from_numpy(lightness * np.float32(2.0 / L_MAX) - np.float32(1.0))[None]
