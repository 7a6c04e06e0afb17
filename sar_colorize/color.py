"""sRGB to CIE Lab and back, on numpy arrays and torch tensors alike, and the scales that networks see.

D65 white, 2 degree observer, the sRGB curve of IEC 61966-2-1; skimage.color within rounding. Own code because the
line converts on the device that the network runs on, in one pass, without a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import namespace, to_numpy

L_MAX = 100.0
"""Lightness of white: networks see L / L_MAX * 2 - 1."""
AB_MAX = 128.0
"""Bound of a and b: networks predict (a, b) / AB_MAX."""
WHITE_REFLECTANCE = 0.26
"""Reflectance that becomes white, and the power of the tone curve: the rendering of the pairs that the shipped networks
learned from."""
TONE_POWER = 1.0 / 1.15

# sRGB primaries and the D65 2 degree white point, with the digits of skimage.color (CIE 15; IEC 61966-2-1).
_XYZ_FROM_RGB = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_RGB_FROM_XYZ = np.linalg.inv(_XYZ_FROM_RGB)
_WHITE = (0.95047, 1.0, 1.08883)
# CIE 15: the cube root is replaced by a line under (6/29)**3.
_KNEE = 6.0 / 29.0
_CHUNK_PX = 1 << 15
"""So many pixels at a time are converted: what they need stays in a core's cache."""
_BINS = 4096


def lab_to_srgb(lab: Any) -> Any:
    """SRGB in 0..1 from CIE Lab.

    Args:
        lab: (..., 3, H, W) numpy array or torch tensor of floats; L in 0..100, a and b in -128..128.

    Returns:
        Same shape and kind; colours outside the sRGB gamut are clipped channel by channel.
    """
    return _by_rows(_lab_to_srgb, lab)


def _lab_to_srgb(lab: Any) -> Any:
    xp = namespace(lab)
    fy = (lab[..., 0, :, :] + 16.0) / 116.0
    fx = fy + lab[..., 1, :, :] / 500.0
    fz = xp.clip(fy - lab[..., 2, :, :] / 200.0, 0.0, None)
    xyz = [
        xp.where(f > _KNEE, f * f * f, (f - 16.0 / 116.0) * (3.0 * _KNEE * _KNEE)) * white
        for f, white in zip((fx, fy, fz), _WHITE, strict=True)
    ]
    channels = []
    for row in _RGB_FROM_XYZ.tolist():
        linear = row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]
        linear = xp.clip(linear, 0.0, 1.0)
        channels.append(xp.where(linear > 0.0031308, 1.055 * linear ** (1.0 / 2.4) - 0.055, 12.92 * linear))
    return xp.clip(xp.stack(channels, -3), 0.0, 1.0)


def srgb_to_lab(rgb: Any) -> Any:
    """CIE Lab from sRGB.

    Args:
        rgb: (..., 3, H, W) numpy array or torch tensor of floats in 0..1.

    Returns:
        Same shape and kind; L in 0..100, a and b within -128..128.
    """
    return _by_rows(_srgb_to_lab, rgb)


def _srgb_to_lab(rgb: Any) -> Any:
    xp = namespace(rgb)
    linear = xp.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    red, green, blue = linear[..., 0, :, :], linear[..., 1, :, :], linear[..., 2, :, :]
    f = []
    for row, white in zip(_XYZ_FROM_RGB.tolist(), _WHITE, strict=True):
        t = (row[0] * red + row[1] * green + row[2] * blue) / white
        f.append(xp.where(t > _KNEE**3, xp.clip(t, 0.0, None) ** (1.0 / 3.0), t / (3.0 * _KNEE * _KNEE) + 16.0 / 116.0))
    return xp.stack([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])], -3)


def render_reflectance(reflectance: Any) -> Any:
    """SRGB in 0..1 of surface reflectance, 1 all of the light: (reflectance / 0.26) ** (1 / 1.15), clipped."""
    return np.clip(reflectance / np.float32(WHITE_REFLECTANCE), 0.0, 1.0) ** np.float32(TONE_POWER)


def to_uint8(rgb: Any) -> Any:
    """Picture values 0..255, rounded half up, from sRGB in 0..1."""
    xp = namespace(rgb)
    scaled = xp.clip(rgb, 0.0, 1.0) * 255.0 + 0.5
    return scaled.astype(np.uint8) if xp is np else scaled.to(xp.uint8)


def lab_to_uint8(lab: Any) -> NDArray[np.uint8]:
    """Picture values 0..255 of CIE Lab: `to_uint8(lab_to_srgb(lab))`, in half the time on a CPU.

    A value within rounding of the middle between two codes may become the other one. A pixel has the same bits wherever
    it stands.

    Args:
        lab: (3, H, W) numpy array, or torch tensor on the CPU, float32; L in 0..100, a and b in -128..128, finite.
    """
    codes: NDArray[np.uint8] = _by_rows(lambda part: _codes(_linear(part)), to_numpy(lab))
    return codes


def _by_rows(convert: Callable[[Any], Any], values: Any) -> Any:
    """What `convert` makes of (3, H, W), a large numpy array in a few rows at a time."""
    if not isinstance(values, np.ndarray) or values.ndim != 3 or values[0].size <= 2 * _CHUNK_PX:
        return convert(values)
    rows = max(1, _CHUNK_PX // values.shape[2])
    parts = (convert(values[:, row : row + rows]) for row in range(0, values.shape[1], rows))
    first = next(parts)
    out = np.empty(values.shape, first.dtype)
    out[:, :rows] = first
    for number, part in enumerate(parts, 1):
        out[:, number * rows : (number + 1) * rows] = part
    return out


def _linear(lab: Any) -> Any:
    """Linear red, green and blue (3, H, W), not clipped, of CIE Lab; one operation at a time, in place."""
    f = np.empty(lab.shape, np.float32)
    np.add(lab[0], np.float32(16.0), out=f[1])
    f[1] /= np.float32(116.0)
    np.divide(lab[1], np.float32(500.0), out=f[0])
    f[0] += f[1]
    np.divide(lab[2], np.float32(-200.0), out=f[2])
    f[2] += f[1]
    np.maximum(f[2], np.float32(0.0), out=f[2])
    xyz = f * f
    xyz *= f
    dark = f <= np.float32(_KNEE)
    if dark.any():
        line = (f - np.float32(16.0 / 116.0)) * np.float32(3.0 * _KNEE * _KNEE)
        xyz = np.where(dark, line, xyz)
    out, term = np.empty_like(xyz), np.empty_like(xyz[0])
    for channel, row in enumerate((_RGB_FROM_XYZ * np.array(_WHITE)).astype(np.float32)):
        np.multiply(xyz[0], row[0], out=out[channel])
        for number in (1, 2):
            np.multiply(xyz[number], row[number], out=term)
            out[channel] += term
    return out


def _codes(linear: Any) -> NDArray[np.uint8]:
    """The codes of linear light: that of the bin's lower end, and one more from the bin's threshold on."""
    first, next_from = _code_table()
    clipped = np.clip(linear, np.float32(0.0), np.float32(1.0))
    at = np.sqrt(clipped)
    at *= np.float32(_BINS - 1)
    number = at.astype(np.int16)
    codes: NDArray[np.uint8] = first.take(number)
    codes += clipped >= next_from.take(number)
    return codes


@cache
def _code_table() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The code at the lower end of each bin, and the light from which it is the next one.

    Bins are even in the root of linear light, and too narrow for two codes to begin in one.
    """
    middles = (np.arange(1, 256) - 0.5) / 255.0  # of sRGB, where a code begins
    begins = np.where(middles > 0.04045, ((middles + 0.055) / 1.055) ** 2.4, middles / 12.92)
    first = np.searchsorted(begins, (np.arange(_BINS) / (_BINS - 1)) ** 2, side="right").astype(np.uint8)
    return first, np.append(begins, 2.0).astype(np.float32)[first]
