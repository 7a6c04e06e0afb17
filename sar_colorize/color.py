"""sRGB to CIE Lab and back, on numpy arrays and torch tensors alike, and the scales that networks see.

D65 white, 2 degree observer, the sRGB curve of IEC 61966-2-1; skimage.color within rounding. Own code because the
line converts on the device that the network runs on, in one pass, without a copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import namespace

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


def lab_to_srgb(lab: Any) -> Any:
    """SRGB in 0..1 from CIE Lab.

    Args:
        lab: (..., 3, H, W) numpy array or torch tensor of floats; L in 0..100, a and b in -128..128.

    Returns:
        Same shape and kind; colours outside the sRGB gamut are clipped channel by channel.
    """
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
