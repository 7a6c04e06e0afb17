"""How far a predicted colour picture is from the real one, and the metrics as columns of a table.

Pictures are (3, H, W) sRGB in 0..1, float; `valid` (H, W) is true where both mean something. Blur wins PSNR and SSIM,
and the right brightness without any colour wins most other measures: read the chroma measures beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000
from skimage.filters import gaussian

from ...color import lab_to_srgb
from ...errors import DataError
from ...raster import Bool, Float32

Picture = NDArray[np.floating]
HISTOGRAM_TOP = 40
"""Errors of (a, b) of this many Lab units and more share the last bin of a histogram; bins are 1 wide."""
FLAT = 0.01
"""Deviation in Lab units up to which a channel is flat."""
_Q_BLOCK_PX = 32
_Q_SHIFT_PX = 16


@dataclass(frozen=True)
class Metric:
    """A metric as a column of a table."""

    key: str
    """Its name in files, such as "ab_error"."""
    label: str
    """Its name in the head of a table."""
    best: str
    """The best value: "low", "high", "one" (nearest to 1) or "real" (nearest to that of the real pictures)."""
    digits: int
    """Decimals shown."""
    meaning: str
    """A sentence for readers who do not know it."""


METRICS = (
    Metric("ab_error", "ab error", "low", 2, "Mean absolute error of a and b, in Lab units: colour alone."),
    Metric("ciede2000", "CIEDE2000", "low", 2, "Colour difference as the eye sees it, lightness included."),
    Metric("chroma_ratio", "chroma ratio", "one", 2, "Predicted over real chroma: 0 is grey, 1 as colourful."),
    Metric("colourfulness", "colourfulness", "real", 1, "Hasler and Süsstrunk's M3: 0 is grey, 109 extreme."),
    Metric("psnr", "PSNR dB", "high", 2, "Peak signal to noise ratio. Blur wins it."),
    Metric("ssim", "SSIM", "high", 3, "Structural similarity. Blur wins it too."),
    Metric("gradient_correlation", "gradient corr.", "high", 3, "Whether edges of L stand in the same places."),
    Metric("nrmse", "NRMSE", "low", 3, "Error over the root mean square of the real picture, by band."),
    Metric("sam", "SAM °", "low", 2, "Angle between predicted and real colour vectors."),
    Metric("ergas", "ERGAS", "low", 1, "Relative global error, with a resolution ratio of 1."),
    Metric("q4", "Q4", "high", 3, "Quaternion index over blocks of 32 px: correlation, level and contrast at once."),
    Metric("l_spread", "L spread", "one", 2, "Deviation of L within a picture over that of the real picture."),
    Metric("a_spread", "a spread", "one", 2, "The same of a, green to red: 0 is one tint."),
    Metric("b_spread", "b spread", "one", 2, "The same of b, blue to yellow."),
    Metric("l_correlation", "L corr.", "high", 2, "Correlation of L with the real one within a picture."),
    Metric("a_correlation", "a corr.", "high", 2, "The same of a; 0 where a picture has one tint."),
    Metric("b_correlation", "b corr.", "high", 2, "The same of b."),
    Metric("legibility", "legibility", "high", 3, "Mean IoU of the kinds of ground that the real picture shows."),
    Metric("water_iou", "water IoU", "high", 3, "The same of water alone, where the real picture shows any."),
    Metric("feature_distance", "feature dist.", "low", 3, "Difference to a network that knows photographs, 0 is none."),
)
SET_METRICS = (
    Metric("kid", "KID", "low", 2, "Whether the pictures as a set look like the real ones; all count alike."),
)
"""Of all pictures of a method together."""
COLUMNS = (*METRICS, *SET_METRICS)
"""Of tables."""


def all_metrics(lab: Float32, true_rgb: Float32, true_lab: Float32, valid: Bool) -> dict[str, float]:
    """Every metric of one picture.

    Args:
        lab: (3, H, W) predicted, CIE Lab; out of the sRGB gamut it is clipped where a metric is of sRGB.
        true_rgb: (3, H, W) sRGB in 0..1.
        true_lab: the same in CIE Lab.
        valid: (H, W), at least one true.

    Returns:
        By key of `METRICS`, without what `judge.Judge` adds; NaN where a metric is undefined, such as the edges of a
        flat picture.
    """
    rgb = lab_to_srgb(lab)
    spread, correlation = within(lab, true_lab, valid)
    return {
        "ab_error": ab_error(lab, true_lab, valid),
        "ciede2000": ciede2000(lab, true_lab, valid),
        "chroma_ratio": chroma_ratio(lab, true_lab, valid),
        "colourfulness": colourfulness(rgb, valid),
        "psnr": psnr(rgb, true_rgb, valid),
        "ssim": ssim(rgb, true_rgb, valid),
        "gradient_correlation": gradient_correlation(lab[0], true_lab[0], valid),
        "nrmse": nrmse(rgb, true_rgb, valid),
        "sam": spectral_angle(rgb, true_rgb, valid),
        "ergas": ergas(rgb, true_rgb, valid),
        "q4": q4(rgb, true_rgb, valid),
        **{f"{name}_spread": value for name, value in zip("lab", spread, strict=True)},
        **{f"{name}_correlation": value for name, value in zip("lab", correlation, strict=True)},
    }


def within(lab: Picture, true_lab: Picture, valid: Bool) -> tuple[list[float], list[float]]:
    """How L, a and b vary within a picture: deviation over that of the real one, and Pearson's correlation with it.

    Both (3, H, W) CIE Lab. NaN where the real picture is flat (a deviation below `FLAT`); a predicted picture that is
    flat has a correlation of 0, for it tells nothing.
    """
    ours, true = (_at(x, valid).astype(np.float64) for x in (lab, true_lab))
    ours, true = (x - x.mean(1, keepdims=True) for x in (ours, true))
    spread, real = (np.sqrt(np.square(x).mean(1)) for x in (ours, true))
    both = (ours * true).mean(1)
    ratio = np.where(real > FLAT, spread / np.maximum(real, FLAT), np.nan)
    alike = np.where(spread > FLAT, both / np.maximum(spread * real, FLAT**2), 0.0)
    return ratio.tolist(), np.where(real > FLAT, alike, np.nan).tolist()


def ab_histogram(lab: Float32, true_lab: Float32, valid: Bool) -> NDArray[np.int64]:
    """Valid pixels by (|a error| + |b error|) / 2, in bins of 1 Lab unit; the last bin holds all above its top."""
    error = np.abs(lab[1:, valid] - true_lab[1:, valid]).mean(0)
    return np.bincount(np.minimum(error, HISTOGRAM_TOP).astype(np.int64), minlength=HISTOGRAM_TOP + 1)


def ab_error(lab: Picture, true_lab: Picture, valid: Bool) -> float:
    """Mean absolute error of a and b, in Lab units; both (3, H, W) CIE Lab."""
    return float(np.abs(_at(lab[1:], valid) - _at(true_lab[1:], valid)).mean())


def chroma_ratio(lab: Picture, true_lab: Picture, valid: Bool) -> float:
    """Mean predicted chroma over mean true chroma, sqrt(a**2 + b**2): 0 is grey, 1 as colourful as the ground."""
    predicted, true = (np.hypot(*_at(x[1:], valid)).mean() for x in (lab, true_lab))
    return float(predicted / true) if true > 0 else float("nan")


def ciede2000(lab: Picture, true_lab: Picture, valid: Bool) -> float:
    """Mean colour difference CIEDE2000 (CIE 142-2001), computed by scikit-image."""
    each = deltaE_ciede2000(_at(lab, valid), _at(true_lab, valid), channel_axis=0)
    return float(each.mean())


def ssim(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Mean structural similarity over valid pixels, Gaussian window of sigma 1.5 (Wang et al. 2004).

    Windows are normalised by the weight of their valid pixels, so that invalid ones count for nothing; where all are
    valid it is scikit-image's `structural_similarity` with `gaussian_weights`.
    """
    return float(ssim_map(rgb, true_rgb, valid)[:, valid].mean())


def ssim_map(rgb: Picture, true_rgb: Picture, valid: Bool) -> Picture:
    """(C, H, W) structural similarity at each pixel, see `ssim`; anything where not valid."""
    _at(rgb, valid)
    weight = _window(valid[None].astype(np.float64))

    def mean(values: Picture) -> Picture:
        return _window(np.where(valid, values, 0.0)) / np.where(weight > 0, weight, 1.0)

    x, y = rgb.astype(np.float64), true_rgb.astype(np.float64)
    x_mean, y_mean = mean(x), mean(y)
    x_var, y_var, both = mean(x * x) - x_mean**2, mean(y * y) - y_mean**2, mean(x * y) - x_mean * y_mean
    c1, c2 = 0.01**2, 0.03**2
    each = (2 * x_mean * y_mean + c1) * (2 * both + c2) / ((x_mean**2 + y_mean**2 + c1) * (x_var + y_var + c2))
    similarity: Picture = each
    return similarity


def psnr(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Peak signal to noise ratio in decibels, 10 log10(1 / mean squared error); infinite where equal."""
    error = float(np.square(_at(rgb, valid) - _at(true_rgb, valid)).mean())
    return 10.0 * float(np.log10(1.0 / error)) if error > 0 else float("inf")


def nrmse(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Mean over bands of the root mean squared error over the root mean square of the true band (Shen et al. 2024)."""
    ours, true = _at(rgb, valid).astype(np.float64), _at(true_rgb, valid).astype(np.float64)
    level = np.sqrt(np.square(true).mean(1))
    if (level == 0).any():
        return float("nan")
    return float((np.sqrt(np.square(ours - true).mean(1)) / level).mean())


def spectral_angle(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Mean angle in degrees between predicted and true colour vectors; black pixels are left out.

    Source: Kruse et al., Remote Sensing of Environment 44, 1993.
    """
    ours, true = _at(rgb, valid).astype(np.float64), _at(true_rgb, valid).astype(np.float64)
    lengths = np.linalg.norm(ours, axis=0) * np.linalg.norm(true, axis=0)
    lit = lengths > 0
    if not lit.any():
        return float("nan")
    cosine = (ours * true).sum(0)[lit] / lengths[lit]
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
    inner = valid.copy()  # a difference of neighbours means something where both do
    inner[1:] &= valid[:-1]
    inner[:-1] &= valid[1:]
    inner[:, 1:] &= valid[:, :-1]
    inner[:, :-1] &= valid[:, 1:]
    ours, true = (np.hypot(*np.gradient(x.astype(np.float64)))[inner] for x in (lightness, true_lightness))
    if ours.size == 0 or ours.std() == 0 or true.std() == 0:
        return float("nan")
    return float(np.corrcoef(ours, true)[0, 1])


def q4(rgb: Picture, true_rgb: Picture, valid: Bool) -> float:
    """Quaternion index Q4 of three bands and a fourth of zeros, 0..1, as in the protocol of Shen et al. (2024).

    Q = 4 |cov(z1, z2)| |mean z1| |mean z2| / ((var z1 + var z2) (|mean z1|**2 + |mean z2|**2)), the mean over blocks of
    32 px every 16 px, mirrored at the border. z1 is the true pixel as a quaternion and z2 the predicted; each band of
    both is first shifted and scaled so that the true one has mean 1 and deviation 1 in the block. Statistics are of
    valid pixels; blocks with fewer than half of them are left out, and it is NaN where none is left.

    A band that is flat in a block is shifted but not scaled, where the protocol's program divides by 2.2e-16.

    Source: Alparone et al., IEEE GRSL 1(4), 2004, eq. 8; with the normalisation of Garzelli and Nencini, IEEE GRSL
    6(4), 2009. Block sizes: Shen et al., Neural Networks 169:698, 2024.
    """
    _at(rgb, valid)
    shown, true, ours = _mirrored(valid[None].astype(np.float64), true_rgb, rgb)
    true, ours = (np.where(shown > 0, x, 0.0) for x in (true, ours))
    n = _block_sums(shown)[0]  # (blocks down, blocks across)
    kept = n >= max(2, _Q_BLOCK_PX**2 // 2)
    if not kept.any():
        return float("nan")
    n = n[kept]
    t, o = _block_sums(true)[:, kept] / n, _block_sums(ours)[:, kept] / n  # (3, blocks)

    def covariance(x: Picture, y: Picture, x_mean: Picture, y_mean: Picture) -> Picture:
        both: Picture = (_block_sums(x * y)[:, kept] / n - x_mean * y_mean) * (n / (n - 1))
        return both

    spread = np.sqrt(np.clip(covariance(true, true, t, t), 0.0, None))
    spread = np.where(spread > 1e-9, spread, 1.0)
    true_var = (covariance(true, true, t, t) / spread**2).sum(0)
    our_var = (covariance(ours, ours, o, o) / spread**2).sum(0)
    cross = np.stack(
        [covariance(true, np.roll(ours, -k, 0), t, np.roll(o, -k, 0)) / (spread * np.roll(spread, -k, 0))
         for k in range(3)]
    )  # fmt: skip  # cross[k, i] is the covariance of true band i with our band i + k
    # The scalar part of z1 conj(z2), and its vector part: the fourth band, flat, adds nothing.
    vector = cross[1] - np.roll(cross[2], -1, 0)
    size = np.sqrt(cross[0].sum(0) ** 2 + np.square(vector).sum(0))
    our_level = np.square((o - t) / spread + 1.0).sum(0) + 1.0
    bias = 2.0 * np.sqrt(4.0 * our_level) / (4.0 + our_level)
    total = true_var + our_var
    return float(np.where(total > 1e-12, bias * 2.0 * size / np.where(total > 1e-12, total, 1.0), bias).mean())


def _mirrored(*pictures: Picture) -> tuple[Picture, ...]:
    """The same pictures, mirrored at their right and lower border up to whole blocks."""
    height, width = pictures[0].shape[-2:]
    pad = [(0, -(-side // _Q_SHIFT_PX) * _Q_SHIFT_PX + _Q_BLOCK_PX - _Q_SHIFT_PX - side) for side in (height, width)]
    return tuple(np.pad(x.astype(np.float64), ((0, 0), *pad), mode="symmetric") for x in pictures)


def _block_sums(values: Picture) -> Picture:
    """(C, down, across) sums over blocks of 32 px every 16 px of (C, H, W)."""
    channels, height, width = values.shape
    cells: Picture = values.reshape(
        channels, height // _Q_SHIFT_PX, _Q_SHIFT_PX, width // _Q_SHIFT_PX, _Q_SHIFT_PX
    ).sum((2, 4))
    sums: Picture = cells[:, 1:, 1:] + cells[:, :-1, 1:] + cells[:, 1:, :-1] + cells[:, :-1, :-1]
    return sums


def _window(values: Picture) -> Picture:
    """(C, H, W) means in the Gaussian window of SSIM."""
    options = {"truncate": 3.5, "mode": "reflect", "preserve_range": True, "channel_axis": 0}
    means: Picture = gaussian(values, sigma=1.5, **options)
    return means


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
