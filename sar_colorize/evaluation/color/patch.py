"""A pair as the methods of a comparison get it: lightness to paint from, real colours to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...color import srgb_to_lab
from ...errors import DataError
from ...pairs.find import Pair
from ...pairs.lightness import radar_lightness
from ...pairs.read import ground_of, read_pair
from ...palette.palette import UNKNOWN_PALETTE, Palette
from ...raster import Bool, Float32


@dataclass(frozen=True)
class Patch:
    """A pair, read and ready to be painted."""

    pair: Pair
    input: str
    """The lightness that methods get: "sar" or "optical"."""
    palette: Palette
    """Of its place, for methods that take one."""
    code: NDArray[np.uint8]
    """(H, W) the radar in display code."""
    rgb: NDArray[np.uint8]
    """(3, H, W) the real picture, sRGB in 0..255."""
    true_rgb: Float32
    """(3, H, W) the real picture, sRGB in 0..1."""
    true_lab: Float32
    """(3, H, W) the real picture, CIE Lab."""
    valid: Bool
    """(H, W) where the real picture shows ground."""
    _radar: dict[str, Float32] = field(default_factory=dict, repr=False)

    def lightness(self, filter: str) -> Float32:
        """L (H, W) that methods get: of the radar after the filter, or of the real picture."""
        return self.radar(filter) if self.input == "sar" else self.true_lab[0]

    def radar(self, filter: str) -> Float32:
        """L (H, W) of the radar after the filter."""
        if filter not in self._radar:
            self._radar[filter] = radar_lightness(self.code, self.pair.polarization, filter)
        return self._radar[filter]


def read_patch(pair: Pair, input: str, palette: Palette = UNKNOWN_PALETTE) -> Patch:
    """A pair from its files; `input` is "sar" or "optical", the lightness that methods get.

    Raises:
        DataError: it cannot be read, or shows no ground.
    """
    code, rgb = read_pair(pair)
    valid = ground_of(rgb)
    if not valid.any():
        raise DataError(f"a pair must show ground somewhere, got only black or cloud in {pair.s2}; leave it out")
    true_rgb = rgb.astype(np.float32) / np.float32(255.0)
    return Patch(pair, input, palette, code, rgb, true_rgb, srgb_to_lab(true_rgb), valid)
