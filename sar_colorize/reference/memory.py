"""The memory of a place: the reference where the radar agrees with it, and what the radar shows elsewhere.

The picture starts as a copy of the reference and moves only as far as dates and radar prove:

1. *season*: from the months of both, the climate of the place and the radar (`season`), colours drift;
2. *water*: where the radar is dark, unexpectedly so, and the reference shows none, water is drawn (`water`);
3. *surprise*: where the radar is far from what the reference leads one to expect (`agreement`), or from the radar of
   the reference's date, the picture without memory is shown;
4. where the reference shows nothing, or another place, the picture without memory is shown.

`fit` settles all of it once per scene; `Memory.picture` depends on nothing but its window. What is found out is
found at half the resolution, at the same pixels whatever the window, with direct convolutions and networks that are run
on cells fixed to the scene: a pixel has the same bits whatever the window.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..raster import Bool, Float32
from . import season as seasons
from . import water as waters
from .agreement import WIDE, Expected, colour_values
from .belief import Belief
from .drift import drift_of
from .half import box, double, gaussian, grown, halve, smooth, spread

STRUCTURES = ("both", "radar", "reference")
"""Whose structure a picture shows: the reference's with the radar's news, the radar's own, or the reference's."""
FADE_PX = 16
"""Over so many pixels inside its edge the reference gives way to what is painted."""
DETAIL_AB = 0.3
"""Share of the reference's finest colour that is kept where colours drift: it changes most between dates."""
SURE, SURE_ABSOLUTE = (0.25, 0.4), (0.75, 0.92)
"""Probabilities of new water between which it fades in: by the scene alone, and by absolute decibels."""
OLD_WATER = 0.8
"""Probability above which the reference itself shows water."""
CALM = -0.3
"""Standard deviations above which a dark place is as dark as the picture leads one to expect."""
SURPRISING = (4.0, 6.0)
"""Standard deviations of the radar's surprise between which the reference is given up."""
FLOODED = (0.02, 0.06)
"""Shares of a scene under new water between which land is drawn as after a flood, where no dates are known."""
_MOST_DETAIL_DB = 4.0
_NEAR = gaussian(1.5, 4)
_FADE = box(2 * (FADE_PX // 4) + 1)
_REACH = max(len(WIDE) // 2 + len(_NEAR) // 2, len(_FADE) - 1)
"""Coarse pixels that a coarse pixel depends on to each side."""


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
    row: int = 0
    col: int = 0
    """Of its first pixel in the scene; negative before the scene's edge."""


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
class Earlier:
    """How the radar usually differs from that of the reference's date: median and spread (C,), decibels."""

    median: Float32
    spread: Float32


@dataclass(frozen=True)
class Parts:
    """What is found at half the resolution."""

    drift: Float32
    """(3, h, w) Lab units."""
    doubt: Float32
    """(h, w) Lab units."""
    water: Float32
    surprise: Float32
    trust: Float32
    """(h, w) each, 0..1."""
    smooth: Float32
    """(3, h, w) CIE Lab of the reference."""


@dataclass(frozen=True)
class Memory:
    """What holds for the memory of a whole scene."""

    structure: str
    """One of STRUCTURES."""
    bands: tuple[str, ...]
    absolute: bool
    trust: float = 0.0
    """How far the reference is believed at all, 0..1."""
    move: tuple[int, int] = (0, 0)
    """Pixels, down and right, by which the reference is moved to lie right."""
    expected: Expected | None = None
    level: waters.Level | None = None
    middle: tuple[float, float, float] = (50.0, 0.0, 0.0)
    """Median CIE Lab of the reference."""
    water_lab: tuple[float, float, float] = (50.0, 0.0, 4.5)
    """What new water is drawn as."""
    flood: float = 0.0
    """How far land is drawn as after a flood, 0..1."""
    season: seasons.Season | None = None
    earlier: Earlier | None = None
    light: tuple[float, float, float, float] = (50.0, 10.0, -11.0, 4.0)
    """Mean and spread of the reference's L, and of the radar's first band in decibels."""
    error: tuple[float, float, float] = (4.0, 0.5, 0.5)
    """Expected error of a and b where nothing drifts, and what each unit of drift and of doubt adds."""
    note: str = ""
    """What a user should know of it; empty where there is nothing to say."""
    facts: dict[str, float] = field(default_factory=dict)
    detail: tuple[float, float] = (0.0, 1.0)
    """L for each decibel of what the radar shows finer than a coarse reference, and the deviation of the Gaussian that
    parts the two, in coarse pixels."""
    belief: Belief | None = None
    """How far the reference is believed in each part of the scene; None where it is everywhere."""

    @property
    def halo_px(self) -> int:
        """Pixels around a window that `picture` needs."""
        return 2 * _REACH + 4 + max(map(abs, self.move))

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
        inside, one = (slice(None), *core), np.float32(1.0)
        if self.trust <= 0.0:
            nothing = np.zeros(painted.shape[1:], np.float32)
            rest = nothing + np.float32(2.0 * self.error[0]) if painted_error is None else painted_error
            return Remembered(painted, nothing, nothing, rest)
        reference, seen = moved(ground.reference, ground.seen, self.move)
        parts = self._parts(reference, seen, ground)
        rows, cols = core

        def full(values: Float32) -> Float32:
            return double(values, ground.row, ground.col, seen.shape)[..., rows, cols]

        trust, water, surprise = (full(each) for each in (parts.trust, parts.water, parts.surprise))
        trust *= np.float32(self.trust) * seen[core]
        if self.belief is not None:
            trust *= self.belief.of(ground.row + rows.start, ground.col + cols.start, trust.shape)
        own, drifted = reference[inside], full(parts.drift)
        lab = own + drifted
        fading = (1.0 - DETAIL_AB) * (self.flood if self.season is None else self.season.strength)
        if fading > 0.0:
            lab[1:] -= np.float32(fading) * (own[1:] - full(parts.smooth[1:]))
        if self.structure == "both" and self.detail[0] > 0.0:
            lab[0] += self._detail(ground)[core]
        lab[0] = np.clip(lab[0], 0.0, 100.0)
        if self.structure == "radar":
            lab[0] = self._radar_light(ground.db[0][core])
            painted = np.concatenate([lab[:1], painted[1:]])
        lab += surprise * (painted - lab)
        drawn = np.empty_like(lab)
        drawn[:] = np.array(self.water_lab, np.float32)[:, None, None]
        if self.structure == "both":
            drawn[0] += np.clip((ground.db[0][core] - np.float32(self.light[2])) * np.float32(0.5) + 6.0, -6.0, 6.0)
        elif self.structure == "radar":
            drawn[0] = lab[0]
        lab += water * (drawn - lab)
        lab = painted + trust * (lab - painted)
        kept = (one - surprise) * (one - water)
        base, by_drift, by_doubt = self.error
        drift = np.abs(drifted[1:]).mean(0)
        error = np.float32(base) + np.float32(by_drift) * drift + np.float32(by_doubt) * full(parts.doubt)
        error = error * (one + (one - kept) * np.float32(0.5))
        rest = np.full_like(error, 2.0 * base) if painted_error is None else painted_error
        expected: Float32 = trust * error + (one - trust) * rest
        return Remembered(lab, *(each.astype(np.float32) for each in (trust * kept, trust * (one - kept), expected)))

    def _parts(self, reference: Float32, seen: Bool, ground: Ground) -> Parts:
        """All that is found at half the resolution."""
        both = seen & ground.valid
        lab, share = halve(reference, both, ground.row, ground.col)
        db, radar = halve(ground.db, ground.valid, ground.row, ground.col)
        known = (share > 0.3).astype(np.float32)
        shape = known.shape
        zero = np.zeros(shape, np.float32)
        # Beyond the scene and where the radar is invalid, nothing is missing.
        trust = _fade((radar - share > 0.01).astype(np.float32))
        odd = self.expected.surprise(colour_values(lab, smooth(lab, known, WIDE)), db) if self.expected else db * 0
        water = self._water(lab, db, odd, (radar > 0.3).astype(np.float32), known)
        before = halve_before(ground)
        surprise = self._surprise(odd, db, before, known)
        drift, doubt = np.zeros_like(lab), zero
        if self.season is not None:
            at = (-(-ground.row // 2), -(-ground.col // 2))
            drift, doubt = drift_of(self.season, lab, db, before, known > 0, at)
            if self.absolute:  # water has no season
                dry = np.float32(1.0) - ramp(waters.absolute_chance(self.bands, db), SURE_ABSOLUTE)
                drift, doubt = drift * dry, doubt * dry
        if self.flood > 0.0:
            after = waters.table()["flood_land"]
            gain, start = (np.array(after[key], np.float32)[:, None, None] for key in ("gain", "start"))
            wet = waters.looks_like_water(lab, np.array(self.middle, np.float32))
            land = np.float32(self.flood) * (np.float32(1.0) - ramp(wet, (0.5, OLD_WATER)))  # water keeps its colour
            drift = (drift + land * (start + gain * lab - lab)).astype(np.float32)
        return Parts(drift, doubt, water, surprise, trust, lab)

    def _water(self, lab: Float32, db: Float32, odd: Float32, weight: Float32, known: Float32) -> Float32:
        """(h, w) 0..1, where water is new."""
        if self.level is None:
            return np.zeros(weight.shape, np.float32)
        sure = waters.chance(waters.dark_values(self.level, db[0], odd[0], weight), "dark")
        new = ramp(sure, SURE)
        if self.absolute:
            new = np.minimum(new, ramp(waters.absolute_chance(self.bands, db), SURE_ABSOLUTE))
        old = waters.looks_like_water(lab, np.array(self.middle, np.float32))
        calm = smooth(odd[:1], weight, _NEAR)[0] > np.float32(CALM)  # dark as the picture leads one to expect
        stays = (old > OLD_WATER) | calm
        return np.where((known > 0) & ~stays, new, np.float32(0.0)).astype(np.float32)

    def _surprise(self, odd: Float32, db: Float32, before: Float32 | None, known: Float32) -> Float32:
        """(h, w) 0..1, where the radar contradicts the reference, or the radar of its date."""
        far = np.abs(smooth(odd, known, _NEAR)).max(0)
        if self.earlier is not None and before is not None:
            there = np.all(np.isfinite(before), axis=0)
            centre, width = (each[:, None, None] for each in (self.earlier.median, self.earlier.spread))
            news = np.where(there, (db - before - centre) / width, np.float32(0.0))
            near = np.abs(smooth(news, known * there, _NEAR)).max(0)
            far = np.where(there, np.minimum(far + np.float32(1.0), near), far)
        return ramp(far, SURPRISING) * known

    def _detail(self, ground: Ground) -> Float32:
        """(H, W) L of what the radar shows finer than the reference."""
        slope, sigma = self.detail
        weights = gaussian(sigma, min(_REACH - 1, round(2.0 * sigma)))
        db, share = halve(ground.db, ground.valid, ground.row, ground.col)
        wide = double(smooth(db, (share > 0.3).astype(np.float32), weights), ground.row, ground.col, ground.valid.shape)
        fine = np.clip((ground.db - wide).mean(0), -_MOST_DETAIL_DB, _MOST_DETAIL_DB)
        light: Float32 = np.float32(slope) * fine
        return light

    def _radar_light(self, db: Float32) -> Float32:
        """The radar's own lightness, with the reference's mean and spread over the scene."""
        mean, width, middle, usual = (np.float32(each) for each in self.light)
        light: Float32 = np.clip(mean + (db - middle) / usual * width, np.float32(0.0), np.float32(100.0))
        return light


def moved(reference: Float32, seen: Bool, move: tuple[int, int]) -> tuple[Float32, Bool]:
    """A reference (3, H, W) moved down and right; what comes in from outside is not seen."""
    down, right = move
    if not (down or right):
        return reference, seen
    height, width = seen.shape
    rows, cols = np.arange(height)[:, None] - down, np.arange(width)[None] - right
    came = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    return np.roll(reference, move, (1, 2)), np.roll(seen, move, (0, 1)) & came


def halve_before(ground: Ground) -> Float32 | None:
    """(C, h, w) decibels of the reference's radar at half the resolution, NaN where not known; None without one."""
    if ground.before is None:
        return None
    old: Bool = np.all(np.isfinite(ground.before), axis=0)
    before, part = halve(np.nan_to_num(ground.before), old, ground.row, ground.col)
    return np.where(part > 0.3, before, np.float32(np.nan))


def _fade(missing: Float32) -> Float32:
    """(h, w) 0..1 of coarse pixels, 0 or 1: 0 where one is missing, rising to 1 at FADE_PX from it on all sides.

    The mean of a square, of what is missing and grown by half of that square: so it is 0 at corners, too.
    """
    near = grown(missing, len(_FADE) // 2)
    fade: Float32 = np.clip(np.float32(1.0) - np.float32(1.001) * spread(near, _FADE), 0.0, 1.0)
    return fade


def ramp(values: Float32, bounds: tuple[float, float]) -> Float32:
    """0 up to the first bound, 1 from the second on, a line between."""
    low, high = (np.float32(each) for each in bounds)
    ramp: Float32 = np.clip((values - low) / (high - low), 0.0, 1.0)
    return ramp
