"""How the maps of `by-place` and the radar's L become a picture; of torch's tensors and OpenVINO's symbols alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..arrays import namespace
from ..palette.palette import Fit
from ..planes import enlarge, join, like, mix, pool, wide

BANDS = ("VV", "VH")
"""Input channels; HH is taken for VV, and HV for VH."""
STRIDE_PX = 32
"""Shifting the input by this many pixels shifts the output alike; the size of a tile must be a multiple of it."""
MAPS = 7
"""Corrections of L, a, b; three gains; logarithm of the scale."""
MIDDLE = 48.0
"""L of the radar that is as bright as the palette's mean."""
_REACH = (0.5, 2.5, 2.5)
"""Largest correction of L, a and b, in spreads of the palette."""
_GAINS = (0.5, 1.1)
"""Least and greatest share of the radar's L that is shown: its structure is never lost."""
_COARSE_SHARE = 0.1
"""Of the coarse band of the radar's L beside a fitted L, which holds what that band says of the eye's."""
_SCALES = (0.5, 30.0)
"""Least and greatest expected error of a and b, in Lab units."""


def bands_of(polarizations: Sequence[str]) -> tuple[int, ...]:
    """The input channel of each polarisation."""
    return tuple({"VV": 0, "HH": 0, "VH": 1, "HV": 1}[name] for name in polarizations)


def compose(
    maps: Any,
    radar: Any,
    palette: tuple[Any, Any],
    *,
    shrink: float,
    error_scale: float,
    fitted: Any = None,
    texture_share: float = 1.0,
) -> tuple[Any, Any]:
    """The picture, in float32.

    Args:
        maps: (B, MAPS, H/4, W/4) of the network. radar: (B, 1, H, W), L in 0..100, the mean over the bands.
        palette: mean and spread of L, a and b, (B, 3) each, in Lab units.
        shrink: share of the correction of a and b that is believed. error_scale: factor on the expected error.
        fitted: (B, 4, H/4, W/4) L, a, b and expected error by `Palette.fit`, where there is one: colours and broad
            brightness are then these, and the finer bands of L the radar's still.
        texture_share: of those finer bands, `Fit.texture_share`.

    Returns:
        CIE Lab (B, 3, H, W), L within 0..100, and the expected absolute error of a and b (B, 1, H, W), Lab units.
    """
    xp = namespace(maps)
    fine, middle, coarse = details(radar)
    if fitted is None:
        mean, spread = (values[:, :, None, None] for values in palette)
        reach = like(wide(maps), _REACH)[:, None, None]
        correction = xp.tanh(wide(maps[:, :3]) / reach) * (reach * spread)
        ab = correction[:, 1:] * shrink + mean[:, 1:]
        base = pool(correction[:, :1], 8) + mean[:, :1]  # (B, 1, H/32, W/32)
        gains = xp.sigmoid(wide(maps[:, 3:6])) * (_GAINS[1] - _GAINS[0]) + _GAINS[0]
        full = enlarge(base, 32)
        for number, band in enumerate((fine, middle, coarse)):
            full = full + enlarge(gains[:, number : number + 1], 4) * band
        scale = expected_error(maps, error_scale)
    else:
        full = enlarge(fitted[:, :1], 4) + (fine + middle + coarse * _COARSE_SHARE) * texture_share
        ab, scale = fitted[:, 1:3], xp.clip(fitted[:, 3:], *_SCALES)
    return join([xp.clip(full, 0.0, 100.0), enlarge(ab, 4)]), enlarge(scale, 4)


def expected_error(maps: Any, error_scale: float) -> Any:
    """The expected absolute error of a and b at a quarter of the resolution, (B, 1, H/4, W/4), in Lab units."""
    xp = namespace(maps)
    return xp.clip(xp.exp(wide(maps[:, 6:7]) + 1.4), *_SCALES) * error_scale


def details(lightness: Any) -> tuple[Any, Any, Any]:
    """Three bands of L: what is finer than 4 px, between 4 and 8 px, and coarser, from a middle of 48. They add up."""
    at_4, at_8 = enlarge(pool(lightness, 4), 4), enlarge(pool(lightness, 8), 8)
    return lightness - at_4, at_4 - at_8, at_8 - MIDDLE


def fitted_colours(fit: Fit, features: Any) -> Any:
    """(B, 4, h, w) L, a, b and expected error, from the features (B, K, h, w); float32."""
    xp, x = namespace(features), wide(features)
    centre, unit = (like(x, values)[:, None, None] for values in (fit.centre, fit.unit))
    z = xp.clip((x - centre) / unit, -fit.REACH, fit.REACH)
    lines = mix(join([z, z * z - 1.0]), [line.slopes for line in fit.lines], [line.start for line in fit.lines])
    return join([xp.clip(lines[:, i : i + 1], line.low, line.high) for i, line in enumerate(fit.lines)])
