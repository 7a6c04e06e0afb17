"""How far a predicted colour picture is from the real one.

Pictures are (3, H, W) sRGB in 0..1, float; `valid` (H, W) is true where both mean something. Blur wins PSNR and SSIM,
and the right brightness without any colour wins most other measures: read the chroma measures beside them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from ..errors import DataError
from ..raster import Bool

Picture = NDArray[np.floating]


def ab_error(lab: Picture, true_lab: Picture, valid: Bool) -> float:
    """Mean absolute error of a and b, in Lab units; both (3, H, W) CIE Lab."""
    return float(np.abs(_at(lab[1:], valid) - _at(true_lab[1:], valid)).mean())


def chroma_ratio(lab: Picture, true_lab: Picture, valid: Bool) -> float:
    """Mean predicted chroma over mean true chroma, sqrt(a**2 + b**2): 0 is grey, 1 as colourful as the ground."""
    predicted, true = (np.hypot(*_at(x[1:], valid)).mean() for x in (lab, true_lab))
    return float(predicted / true) if true > 0 else float("nan")


def ciede2000(lab: Picture, true_lab: Picture, valid: Bool) -> float:
    """Mean colour difference CIEDE2000 (CIE 142-2001), computed by scikit-image."""
    return float(deltaE_ciede2000(_at(lab, valid), _at(true_lab, valid), channel_axis=0).mean())


def ssim(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Mean structural similarity over valid pixels, Gaussian window of sigma 1.5 (Wang et al. 2004)."""
    _at(rgb, valid)
    _, each = structural_similarity(
        rgb.astype(np.float64),
        true_rgb.astype(np.float64),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1.0,
        channel_axis=0,
        full=True,
    )
    return float(each[:, valid].mean())


def psnr(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Peak signal to noise ratio in decibels, 10 log10(1 / mean squared error); infinite where equal."""
    error = float(np.square(_at(rgb, valid) - _at(true_rgb, valid)).mean())
    return 10.0 * float(np.log10(1.0 / error)) if error > 0 else float("inf")


def nrmse(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Root mean squared error over the range of the true picture."""
    true = _at(true_rgb, valid)
    span = float(true.max() - true.min())
    error = float(np.sqrt(np.square(_at(rgb, valid) - true).mean()))
    return error / span if span > 0 else float("nan")


def spectral_angle(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Mean angle in degrees between predicted and true colour vectors (Kruse et al. 1993); black pixels count for
    nothing."""
    ours, true = _at(rgb, valid).astype(np.float64), _at(true_rgb, valid).astype(np.float64)
    lengths = np.linalg.norm(ours, axis=0) * np.linalg.norm(true, axis=0)
    seen = lengths > 0
    if not seen.any():
        return float("nan")
    cosine = (ours * true).sum(0)[seen] / lengths[seen]
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))).mean())


def ergas(rgb: Picture, true_rgb: Picture, valid: Bool, *, resolution_ratio: float = 1.0) -> float:
    """Relative global error, 100 (h / l) sqrt(mean over bands of (rmse / mean)**2) (Wald 2000)."""
    ours, true = _at(rgb, valid).astype(np.float64), _at(true_rgb, valid).astype(np.float64)
    mean = true.mean(1)
    if (mean == 0).any():
        return float("nan")
    relative = np.square(ours - true).mean(1) / mean**2
    return float(100.0 * resolution_ratio * np.sqrt(relative.mean()))


def colourfulness(rgb: Picture, valid: Bool) -> float:
    """Hasler and Suesstrunk's M3 (2003), of values in 0..255: 0 is grey, 109 extremely colourful."""
    red, green, blue = _at(rgb, valid).astype(np.float64) * 255.0
    red_green, yellow_blue = red - green, 0.5 * (red + green) - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def gradient_correlation(lightness: Picture, true_lightness: Picture, valid: Bool) -> float:
    """Correlation of the gradient magnitudes of two (H, W) pictures: whether edges stand in the same places."""
    ours, true = (np.hypot(*np.gradient(x.astype(np.float64)))[valid] for x in (lightness, true_lightness))
    if ours.size == 0 or ours.std() == 0 or true.std() == 0:
        return float("nan")
    return float(np.corrcoef(ours, true)[0, 1])


def _at(picture: Picture, valid: Bool) -> Picture:
    """(3, n) values at valid pixels.

    Raises:
        DataError: there is none, or the shapes differ.
    """
    if picture.shape[1:] != valid.shape:
        raise DataError(f"picture must have the size of its mask {valid.shape}, got {picture.shape[1:]}; crop both")
    if not valid.any():
        raise DataError("pictures must share at least one valid pixel, got none; leave the pair out")
    return picture[:, valid]
