"""The measures of a report: their names, units, which way is better, and all of them for one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...color import lab_to_srgb, srgb_to_lab
from ...raster import Bool, Float32
from ..color import metrics


@dataclass(frozen=True)
class Measure:
    """A measure as a column of a table.

    best: "low", "high", "one" (the nearest to 1) or "real" (the nearest to the real pictures' own).
    meaning: a sentence for someone who never met it.
    """

    key: str
    label: str
    best: str
    digits: int
    meaning: str


MEASURES = (
    Measure("ab_error", "ab error", "low", 2, "Mean absolute error of a and b, in Lab units: colour alone."),
    Measure("ciede2000", "CIEDE2000", "low", 2, "Colour difference as the eye sees it, lightness included."),
    Measure("chroma_ratio", "chroma ratio", "one", 2, "Predicted over real chroma: 0 is grey, 1 as colourful."),
    Measure("colourfulness", "colourfulness", "real", 1, "Hasler and Süsstrunk's M3: 0 is grey, 109 extreme."),
    Measure("psnr", "PSNR dB", "high", 2, "Peak signal to noise ratio. Blur wins it."),
    Measure("ssim", "SSIM", "high", 3, "Structural similarity. Blur wins it too."),
    Measure("gradient_correlation", "gradient corr.", "high", 3, "Whether edges of L stand in the same places."),
    Measure("nrmse", "NRMSE", "low", 3, "Error over the root mean square of the real picture, by band."),
    Measure("sam", "SAM °", "low", 2, "Angle between predicted and real colour vectors."),
    Measure("ergas", "ERGAS", "low", 1, "Relative global error, with a resolution ratio of 1."),
    Measure("q4", "Q4", "high", 3, "Quaternion index over blocks of 32 px: correlation, level and contrast at once."),
)


def figures(lab: Float32, true_rgb: Float32, true_lab: Float32, valid: Bool) -> dict[str, float]:
    """Every measure of one picture.

    Args:
        lab: (3, H, W) predicted, CIE Lab; out of the sRGB gamut it is clipped where a measure is of sRGB.
        true_rgb: (3, H, W) sRGB in 0..1. true_lab: the same in CIE Lab.
        valid: (H, W), at least one true.

    Returns:
        By key of `MEASURES`; NaN where a measure is undefined, such as the edges of a flat picture.
    """
    rgb = lab_to_srgb(lab)
    return {
        "ab_error": metrics.ab_error(lab, true_lab, valid),
        "ciede2000": metrics.ciede2000(lab, true_lab, valid),
        "chroma_ratio": metrics.chroma_ratio(lab, true_lab, valid),
        "colourfulness": metrics.colourfulness(rgb, valid),
        "psnr": metrics.psnr(rgb, true_rgb, valid),
        "ssim": metrics.ssim(rgb, true_rgb, valid),
        "gradient_correlation": metrics.gradient_correlation(lab[0], true_lab[0], valid),
        "nrmse": metrics.nrmse(rgb, true_rgb, valid),
        "sam": metrics.spectral_angle(rgb, true_rgb, valid),
        "ergas": metrics.ergas(rgb, true_rgb, valid),
        "q4": metrics.q4(rgb, true_rgb, valid),
    }


def ab_histogram(lab: Float32, true_lab: Float32, valid: Bool) -> np.ndarray:
    """Valid pixels by |a error| + |b error| over 2, in bins of 1 Lab unit; the last holds all above `HISTOGRAM_TOP`."""
    error = np.abs(lab[1:, valid] - true_lab[1:, valid]).mean(0)
    return np.bincount(np.minimum(error, HISTOGRAM_TOP).astype(np.int64), minlength=HISTOGRAM_TOP + 1)


HISTOGRAM_TOP = 40


def true_lab_of(rgb: np.ndarray) -> tuple[Float32, Float32]:
    """sRGB in 0..1 and CIE Lab of a colour patch (3, H, W), 0..255."""
    true = rgb.astype(np.float32) / np.float32(255.0)
    return true, srgb_to_lab(true)
