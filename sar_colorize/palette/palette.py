"""What colours a place has, in few numbers: mean and spread of L, a and b, and how the three go together.

A palette is settled once for a scene and passed to every block. Where it comes from, `choose` says.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ..arrays import namespace
from ..color import lab_to_srgb, to_uint8
from ..errors import SettingError
from ..raster import Float32
from .lattice import Lattice

_CENTRE = (47.0, -1.0, 12.5)
_MEAN_UNIT = 20.0
_SPREAD_UNIT = 10.0
_LEAST_SPREAD = 1.5
MEASURED, GUESSED, UNKNOWN = 1.0, 0.5, 0.0
"""How far a palette is to be trusted: measured at the place, guessed from where it lies, or not known at all."""


@dataclass(frozen=True)
class FitLine:
    """start + (z, z**2 - 1) . slopes, within low..high: one of L, a, b, or the expected error of a and b, in Lab units.

    slopes: twice as many as there are features.
    """

    low: float
    high: float
    start: float
    slopes: tuple[float, ...]


@dataclass(frozen=True)
class Fit:
    """The colours of a place as a function of the features that a network sees there, see `fit.Examples`.

    z = (features - centre) / unit, within -REACH..REACH; centre, unit: one for each feature.
    lines: of L, a, b and the expected error of a and b.
    samples: how many it was made of, at a quarter of the resolution. error, flat_error: of a and b on parts left out,
        in Lab units, by this fit and by the mean colour of the other parts.
    texture_share: of the radar's finer structure, so that the picture has nearly the spread of L that the place has.
    """

    REACH: ClassVar[float] = 2.0
    centre: tuple[float, ...]
    unit: tuple[float, ...]
    lines: tuple[FitLine, FitLine, FitLine, FitLine]
    samples: int = 0
    error: float = 0.0
    flat_error: float = 0.0
    texture_share: float = 1.0


@dataclass(frozen=True)
class GroundKind:
    """One kind of ground in a scene, and how its colour and its radar are distributed there.

    name: of `world.KINDS`. share: 0..1, before a pixel's radar is seen. colour: mean CIE Lab.
    square: mean squares of a and b. lightness: mean L 0..100 of the radar, one for each band of the scene.
    precision: inverse of its covariance, row by row, with the logarithm of that one's determinant, log_volume.
    """

    name: str
    share: float
    colour: tuple[float, float, float]
    square: tuple[float, float]
    lightness: tuple[float, ...]
    precision: tuple[float, ...]
    log_volume: float


@dataclass(frozen=True)
class GroundKinds:
    """The kinds of ground that radar of a scene is taken for where no picture of the place is given; see `from_radar`.

    kinds: all but snow. snow: its share of what is not water, with its colour and mean squares of a and b.
    seen: shares of all of them, snow last, that the radar of the scene shows. off: see `world.Expectation`.
    lattice: how they vary over a scene that is large, the numbers of `numbers_of` at its nodes; None where they do not.
    own_lightness: whether the picture keeps the radar's lightness, for the kinds are told too badly to draw theirs.
    """

    kinds: tuple[GroundKind, ...]
    snow: float
    snow_colour: tuple[float, float, float]
    snow_square: tuple[float, float]
    seen: tuple[float, ...] = ()
    own_lightness: bool = False
    off: float = 1.0
    lattice: Lattice | None = None

    @property
    def legend(self) -> str:
        """What the colours stand for: "wood 48 % #2e3319, ...", the largest share first, those of 0.5 % and more."""
        names = (*(kind.name for kind in self.kinds), "snow")
        colours = np.array([*(kind.colour for kind in self.kinds), self.snow_colour], np.float32)
        codes = to_uint8(lab_to_srgb(colours.T[..., None]))[..., 0].T
        shown = sorted(zip(self.seen, names, codes, strict=False), key=lambda each: -each[0])
        return ", ".join(f"{name} {share:.0%} #{code.tobytes().hex()}" for share, name, code in shown if share >= 0.005)


@dataclass(frozen=True)
class Palette:
    """The colours of a place.

    mean, spread: of L, a and b in Lab units; spread is a standard deviation.
    correlation: of L with a, L with b, a with b.
    trust: `MEASURED`, `GUESSED` or `UNKNOWN`.
    fit: how colours go with what a network sees; None where radar and reference were not seen on the same ground, or
        where nothing was gained by it.
    overlaps: whether it was measured on the ground of the scene itself.
    ground: kinds of ground that colours are told by where there is no fit; None without an absolute radar or a place.
    source: a word for where it comes from: "none", "auto" or a file's name. note: a sentence for the user.
    """

    mean: tuple[float, float, float]
    spread: tuple[float, float, float]
    correlation: tuple[float, float, float]
    trust: float = MEASURED
    source: str = "none"
    note: str = ""
    overlaps: bool = False
    fit: Fit | None = None
    ground: GroundKinds | None = None

    @property
    def record(self) -> dict[str, Any]:
        """All of it as plain values, but of what varies over a scene only where it is known."""
        found = asdict(self)
        if self.ground is not None and self.ground.lattice is not None:
            del found["ground"]["lattice"]["values"]
        return found

    def vector(self) -> Float32:
        """(10,) float32, as networks take it."""
        mean = (np.array(self.mean) - _CENTRE) / _MEAN_UNIT
        spread = np.maximum(self.spread, _LEAST_SPREAD) / _SPREAD_UNIT
        return np.concatenate([mean, spread, self.correlation, [self.trust]]).astype(np.float32)


UNKNOWN_PALETTE = Palette(
    mean=(47.0, -0.5, 12.5),
    spread=(17.0, 8.0, 7.0),
    correlation=(0.0, 0.0, 0.0),
    trust=UNKNOWN,
    note="No palette was used: the colours are the mean of the sites that the model was trained on.",
)


def mean_and_spread(vector: Any) -> tuple[Any, Any]:
    """Mean and spread of L, a and b, (..., 3) each, in Lab units, from vectors (..., 10), numpy or torch."""
    mean = [vector[..., number] * _MEAN_UNIT + centre for number, centre in enumerate(_CENTRE)]
    return namespace(vector).stack(mean, -1), vector[..., 3:6] * _SPREAD_UNIT


def check_kinds(palette: Palette | None) -> None:
    """Refuses to name kinds of ground where colours are not told by them.

    Raises:
        SettingError: they are not.
    """
    if palette is None or palette.ground is None:
        got = "none" if palette is None else f"palette {palette.source}"
        raise SettingError(
            "classes must come with colours told by kinds of ground: by-place, palette auto, no picture of the place, "
            f"a scene with coordinates in dB, power or two bands of amplitude; got {got}; leave classes out"
        )
