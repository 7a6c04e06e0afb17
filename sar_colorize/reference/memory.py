"""The memory of a place: the reference where the radar agrees with it, and what the radar shows elsewhere.

`fit_memory` settles it once per scene; `Memory.picture` depends on nothing but its window. Every filter is a direct
convolution, so that a pixel has the same bits whatever the window.

The rule here is a first one: the reference is believed wherever it shows ground, and fades out over FADE_PX at its
edges.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..raster import Bool, Float32

STRUCTURES = ("both", "radar", "reference")
"""Whose structure a picture shows: the reference's with the radar's news, the radar's own, or the reference's."""
FADE_PX = 16
"""Over so many pixels inside its edge the reference gives way to what is painted."""
REMEMBERED_ERROR = 5.0
"""Expected error of a and b where all is remembered, in Lab units, as long as none is measured."""


@dataclass(frozen=True)
class Ground:
    """What reference and radar show of one window, on the scene's grid."""

    reference: Float32
    """(3, H, W) CIE Lab of the reference, 0 where not seen."""
    seen: Bool
    """(H, W), where the reference shows ground: no nodata, no cloud."""
    db: Float32
    """(C, H, W) despeckled decibels of the scene's bands, with its offset, 0 where not valid."""
    valid: Bool
    """(H, W), where the scene is valid."""
    before: Float32 | None = None
    """(C, H, W) despeckled decibels of the reference's radar, NaN where it has none."""
    inside: Bool | None = None
    """(H, W), where the scene has pixels: a reference that ends with the scene has no edge there. None: everywhere."""


@dataclass(frozen=True)
class Remembered:
    """A picture with memory."""

    lab: Float32
    """(3, H, W) CIE Lab."""
    memory: Float32
    """(H, W) share 0..1 of the pixel that is the reference's."""
    changed: Float32
    """(H, W) 0..1, how far the radar shows something new."""
    error: Float32
    """(H, W) expected absolute error of a and b, Lab units."""


@dataclass(frozen=True)
class Memory:
    """What holds for the memory of a whole scene."""

    structure: str
    """One of STRUCTURES."""
    note: str = ""
    """What a user should know of it; empty where there is nothing to say."""

    @property
    def halo_px(self) -> int:
        """Pixels around a window that `picture` needs."""
        return FADE_PX

    def picture(
        self, painted: Float32, painted_error: Float32 | None, ground: Ground, core: tuple[slice, slice]
    ) -> Remembered:
        """The picture with memory.

        Args:
            painted: (3, h, w) CIE Lab of the picture without memory, of the core. painted_error: (h, w) its expected
                error of a and b, None of a model that does not know it.
            ground: of the core and `halo_px` around it; what lies beyond the scene is not valid there.
            core: rows and columns of the core in `ground`.

        Returns:
            Everything of the core; anything where the scene is not valid.
        """
        share = _faded(ground.seen if ground.inside is None else ground.seen | ~ground.inside)[core]
        reference, rest = ground.reference[(slice(None), *core)], np.float32(1.0) - share
        lab: Float32 = share * reference + rest * painted
        if self.structure == "radar":
            lab[0] = painted[0]
        error: Float32 = share * np.float32(REMEMBERED_ERROR)
        if painted_error is not None:
            error += rest * painted_error
        return Remembered(lab, share, np.zeros_like(share), error)


def fit_memory(
    windows: Iterable[Ground],
    bands: tuple[str, ...],
    structure: str,
    months: tuple[int | None, int | None] = (None, None),
) -> Memory:
    """What holds for the memory of a scene, from windows spread over it.

    Args:
        windows: where reference and scene both show ground. bands: the scene's polarisations.
        structure: one of STRUCTURES. months: 1..12 of the scene and of the reference; None where not known.
    """
    del bands, months
    for _ in windows:
        pass
    return Memory(structure)


def _faded(seen: Bool) -> Float32:
    """1 well inside of what is seen, 0 outside: the distance to what is not seen in a square, over FADE_PX."""
    from scipy.ndimage import minimum_filter1d

    share = seen.astype(np.float32)
    total = np.zeros_like(share)
    for margin in range(FADE_PX + 1):
        if margin:
            for axis in (0, 1):
                share = minimum_filter1d(share, 3, axis=axis, mode="nearest")
        total += share
    faded: Float32 = total / np.float32(FADE_PX + 1)
    return faded
