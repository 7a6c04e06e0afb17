"""How well speckle was removed, and what was lost with it.

Images are (H, W) linear power, finite where `valid`; a `reference` is the same ground with less speckle, simulated or
the mean of other dates. Smoothing wins ENL and PSNR: read edges, lines and the ratio image beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backscatter import FLOOR_POWER
from ...raster import Bool
from ..color import metrics as color_metrics

Power = NDArray[np.floating]
BLOCK_PX = 16
BORDER_PX = 8
RANGE_DB = 25.0
"""What counts as the range from black to white in PSNR and SSIM, that of VV in SEN1-2."""


def to_db(power: Power) -> NDArray[np.float64]:
    """Decibels, float64; -90 where power is zero or negative."""
    return 10.0 * np.log10(np.maximum(power.astype(np.float64), FLOOR_POWER))


def gain_db(noisy: Sequence[Power], filtered: Sequence[Power], references: Sequence[Power], valid: Bool) -> float:
    """How much nearer to the references the filter brings the logarithm, each image's mean error taken out.

    10 log10(sum of var(dB noisy - dB reference) / sum of var(dB filtered - dB reference)); 0 for doing nothing.
    """
    before = sum(np.var(_db(a, valid) - _db(r, valid)) for a, r in zip(noisy, references, strict=True))
    after = sum(np.var(_db(a, valid) - _db(r, valid)) for a, r in zip(filtered, references, strict=True))
    return 10.0 * float(np.log10(before / after)) if after > 0 else float("inf")


def bias_db(noisy: Power, filtered: Power, valid: Bool) -> float:
    """Mean power after over mean power before, in dB."""
    return 10.0 * float(np.log10(_at(filtered, valid).mean() / _at(noisy, valid).mean()))


def homogeneous(image: Power, valid: Bool, *, share: float = 0.1) -> Bool:
    """Where the image is flattest: the blocks of BLOCK_PX with the lowest coefficient of variation, that share of all.

    Args:
        image: with as little speckle as can be had, so that flat ground is told from speckle; blocks with an invalid
            pixel are left out.

    Returns:
        (H, W), true in whole blocks; nowhere where no block is whole.
    """
    values, inside = _blocks(image.astype(np.float64)), _blocks(valid).all((1, 3))
    mean = values.mean((1, 3))
    cv = np.where(inside & (mean > 0), values.std((1, 3)) / np.where(mean > 0, mean, 1.0), np.inf)
    out = np.zeros(valid.shape, bool)
    if not inside.any():
        return out
    count = max(1, round(share * int(inside.sum())))
    chosen = cv <= np.sort(cv[inside])[count - 1]
    rows, cols = (length // BLOCK_PX * BLOCK_PX for length in valid.shape)
    out[:rows, :cols] = chosen.repeat(BLOCK_PX, 0).repeat(BLOCK_PX, 1)
    return out


def enl(image: Power, flat: Bool) -> float:
    """Equivalent number of looks, mean**2 / variance: the median over the whole blocks of BLOCK_PX that are flat."""
    values, inside = _blocks(image.astype(np.float64)), _blocks(flat).all((1, 3))
    if not inside.any():
        return float("nan")
    mean, variance = values.mean((1, 3))[inside], values.var((1, 3))[inside]
    return float(np.median(mean**2 / np.maximum(variance, np.finfo(float).tiny)))


def ratio_image(noisy: Power, filtered: Power) -> NDArray[np.float64]:
    """Before over after: pure speckle, mean 1 and variance 1 / looks, where nothing but speckle was removed."""
    return noisy.astype(np.float64) / np.maximum(filtered.astype(np.float64), FLOOR_POWER)


def ratio_figures(noisy: Power, filtered: Power, valid: Bool, looks: float) -> tuple[float, float]:
    """Mean of the ratio image, and its variance times the looks; both 1 for a perfect filter.

    Under 1 the variance says that speckle is left, over 1 that structure went with it.
    """
    ratio = _at(ratio_image(noisy, filtered), valid)
    return float(ratio.mean()), float(ratio.var() * looks)


def epd_roa(noisy: Power, filtered: Power, valid: Bool) -> float:
    """Edge preservation degree by the ratio of averages, mean of the two directions; 1 where nothing was done.

    sum |filtered(i) / filtered(i + 1)| / sum |noisy(i) / noisy(i + 1)| over neighbours i, i + 1

    Source: H. Feng, B. Hou, M. Gong, SAR image despeckling based on local homogeneous-region segmentation by using
    pixel-relativity measurement, IEEE Transactions on Geoscience and Remote Sensing 49 (2011) 2724-2737.
    """
    degrees = []
    for axis in (0, 1):
        both = _pair(valid, axis)
        sums = []
        for image in (filtered, noisy):
            first, second = _pair(np.maximum(image.astype(np.float64), FLOOR_POWER), axis)
            sums.append((first / second)[both[0] & both[1]].sum())
        degrees.append(sums[0] / sums[1])
    return float(np.mean(degrees))


def edges_kept(filtered: Power, reference: Power, valid: Bool) -> float:
    """Height of the reference's edges that is left: the slope of the filtered gradient in dB on the reference's.

    sum(g f) / sum(g g) over both directions, g and f the differences of neighbours in dB. 1 is full height, 0 none;
    speckle that is left adds nothing on average, for it does not know where the reference has edges. Speckle that is
    left in the reference lowers it, alike for every filter.
    """
    both, own = 0.0, 0.0
    for axis in (0, 1):
        inside = np.logical_and(*_pair(valid, axis))
        g, f = (np.diff(to_db(image), axis=axis)[inside] for image in (reference, filtered))
        both, own = both + float((g * f).sum()), own + float((g * g).sum())
    return both / own if own > 0 else float("nan")


def line_contrast_kept(filtered: Power, clean: Power, line: Bool, beside: Bool) -> float:
    """Share of a thin line's contrast that is left: mean dB on it less mean dB beside it, over the same when clean."""
    contrasts = [float(to_db(image)[line].mean() - to_db(image)[beside].mean()) for image in (filtered, clean)]
    return contrasts[0] / contrasts[1]


def psnr(filtered: Power, reference: Power, valid: Bool) -> float:
    """Peak signal to noise ratio of the images in dB, the peak RANGE_DB; infinite where equal."""
    return color_metrics.psnr(*_shown(filtered, reference, valid), valid)


def ssim(filtered: Power, reference: Power, valid: Bool) -> float:
    """Structural similarity of the images in dB over RANGE_DB, Gaussian window; see `color.metrics.ssim`."""
    return color_metrics.ssim(*_shown(filtered, reference, valid), valid)


def looks_in_time(stack: Power, valid: Bool) -> float:
    """Looks of the speckle that is new at each date of a stack (T, H, W): 1 / mean of variance / mean**2 over time.

    Each date is brought to one mean power first. Above the looks of the product where speckle stays from pass to pass,
    as on bare rock: a reference made of other dates then holds that part of it, and only the rest is an error.
    """
    series = stack[:, valid].astype(np.float64)  # (T, n)
    series = series / series.mean(1, keepdims=True)
    return float(1.0 / (series.var(0, ddof=1) / series.mean(0) ** 2).mean())


def others(stack: Power, date: int) -> NDArray[np.float64]:
    """(H, W) mean power of the other dates of a stack (T, H, W)."""
    mean: NDArray[np.float64] = (stack.sum(0, dtype=np.float64) - stack[date]) / (len(stack) - 1)
    return mean


def offsets_px(stack: Power, valid: Bool) -> NDArray[np.float64]:
    """How far each date of a stack lies from the mean of all in rows and columns, (T, 2), to a tenth of a pixel.

    By the peak of the cross-correlation in dB. Series on one grid are often half a pixel off, each date by itself, for
    each was resampled by itself; against other dates that counts as noise, and rewards blur.
    """
    from skimage.registration import phase_cross_correlation

    images = _filled_db(stack, valid)
    mean = images.mean(0)
    options = {"upsample_factor": 20, "normalization": None}
    found = [phase_cross_correlation(mean, image, **options)[0] for image in images]
    return -np.array(found, dtype=np.float64)


def shifted(stack: Power, valid: Bool, by_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each date of a stack (T, H, W) moved by its own rows and columns, by_px (T, 2); by Fourier, of the dB.

    What comes in at the border is the mirrored image: leave `BORDER_PX` out of a comparison.
    """
    from scipy.ndimage import fourier_shift

    wide = [(0, 0), (BLOCK_PX, BLOCK_PX), (BLOCK_PX, BLOCK_PX)]
    images = np.pad(_filled_db(stack, valid), wide, mode="symmetric")
    moved = [np.fft.ifft2(fourier_shift(np.fft.fft2(image), by)).real for image, by in zip(images, by_px, strict=True)]
    inside = slice(BLOCK_PX, -BLOCK_PX)
    return 10.0 ** (np.array(moved)[:, inside, inside] / 10.0)


def without_border(valid: Bool) -> Bool:
    """Validity without `BORDER_PX` on each side."""
    out = np.zeros_like(valid)
    inside = slice(BORDER_PX, -BORDER_PX)
    out[inside, inside] = valid[inside, inside]
    return out


def _filled_db(stack: Power, valid: Bool) -> NDArray[np.float64]:
    """Decibels of each date, its mean where invalid."""
    db = to_db(stack)
    return np.where(valid, db, db[:, valid].mean(1)[:, None, None])


def _shown(filtered: Power, reference: Power, valid: Bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as (1, H, W) with RANGE_DB as 1, their mean dB matched."""
    ours, true = to_db(filtered), to_db(reference)
    ours = ours - (_at(ours, valid).mean() - _at(true, valid).mean())
    return ours[None] / RANGE_DB, true[None] / RANGE_DB


def _db(image: Power, valid: Bool) -> NDArray[np.float64]:
    return to_db(image)[valid]


def _at(image: Power, valid: Bool) -> NDArray[np.float64]:
    return image[valid].astype(np.float64)


def _pair(image: NDArray[Any], axis: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each pixel but the last along an axis, and its next neighbour."""
    return (image[:-1], image[1:]) if axis == 0 else (image[:, :-1], image[:, 1:])


def _blocks(image: NDArray[Any]) -> NDArray[Any]:
    """(rows, BLOCK_PX, cols, BLOCK_PX) whole blocks."""
    rows, cols = (length // BLOCK_PX for length in image.shape)
    return image[: rows * BLOCK_PX, : cols * BLOCK_PX].reshape(rows, BLOCK_PX, cols, BLOCK_PX)
