"""What a training step makes small."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ...color import AB_MAX, srgb_to_lab

_BIN = 8
_BINS = int(2 * AB_MAX) // _BIN
_BOUNDS = (0.3, 5.0)
_SQUARE = 7


def rare_colour_weights(pictures: Iterable[np.ndarray], rebalance: float) -> Tensor:
    """How much each colour counts, (32, 32), over bins of 8 Lab units in a and b.

    w = p**-rebalance, p the share of the bin smoothed over its neighbours, scaled so that the mean over the pictures
    is 1 and cut to 0.3..5. After Zhang, Isola and Efros 2016, Colorful Image Colorization, section 2.2, who mix p
    with a uniform share instead of taking a power.

    Args:
        pictures: (3, H, W) uint8, usable pixels only need not be chosen.
        rebalance: 0, all alike, to 1, each bin the same in sum.
    """
    counts = torch.zeros(_BINS * _BINS, dtype=torch.float64)
    for picture in pictures:
        lab = srgb_to_lab(torch.from_numpy(np.ascontiguousarray(picture)).float() / 255.0)
        counts += torch.bincount(_bin_of(lab[None, 1:]).flatten(), minlength=_BINS * _BINS)
    share = (counts / counts.sum().clamp(min=1.0)).reshape(1, 1, _BINS, _BINS)
    kernel = torch.tensor([1.0, 2.0, 1.0], dtype=torch.float64)
    smooth = F.conv2d(share, (kernel[:, None] * kernel[None] / 16.0)[None, None], padding=1)[0, 0]
    weights = smooth.clamp(min=1e-6) ** -rebalance
    return (weights / (weights * share[0, 0]).sum().clamp(min=1e-12)).clamp(*_BOUNDS).float()


def chroma_loss(ab: Tensor, target_ab: Tensor, weight: Tensor, huber: float, rare: Tensor) -> Tensor:
    """Mean over usable pixels of w(target) Huber(a, b), in Lab units.

    Args:
        ab, target_ab: (B, 2, H, W) in Lab units.
        weight: (B, 1, H, W), 0 where a pixel does not count.
        huber: where the square becomes a line.
        rare: from `rare_colour_weights`.
    """
    error = F.huber_loss(ab, target_ab, reduction="none", delta=huber).sum(1, keepdim=True) / huber
    weight = weight * rare.flatten()[_bin_of(target_ab)]
    return (error * weight).sum() / weight.sum().clamp(min=1.0)


def colour_classes(pictures: Iterable[np.ndarray], spacing: float, *, least_share: float = 1e-4) -> list[list[float]]:
    """Colour classes of the pictures: the points of a grid in (a, b), `spacing` Lab units wide, that they come near.

    A point is near a colour that lies within one spacing of it in a and in b.
    """
    reach = int(AB_MAX // spacing)
    counts = torch.zeros(2 * reach + 1, 2 * reach + 1)
    for picture in pictures:
        lab = srgb_to_lab(torch.from_numpy(np.ascontiguousarray(picture)).float() / 255.0)
        corner = (lab[1:] / spacing).floor().long().clamp(-reach, reach - 1) + reach
        for da in (0, 1):
            for db in (0, 1):
                index = (corner[0] + da) * (2 * reach + 1) + corner[1] + db
                counts.flatten().scatter_add_(0, index.flatten(), torch.ones(index.numel()))
    used = counts >= counts.sum() / 4.0 * least_share
    return [[spacing * (int(a) - reach), spacing * (int(b) - reach)] for a, b in used.nonzero()]


def class_shares(ab: Tensor, colours: Tensor, spacing: float) -> Tensor:
    """Share of each colour class in each pixel, (B, K, H, W), whose weighted mean is the colour itself.

    Bilinear in (a, b) between the four classes around it; of colours beyond all classes, the nearest class.
    """
    a, b = ((ab[:, i, None] - colours[:, i, None, None]).abs() for i in (0, 1))  # (B, K, H, W)
    shares = (1.0 - a / spacing).clamp(min=0.0) * (1.0 - b / spacing).clamp(min=0.0)
    total = shares.sum(1, keepdim=True)
    nearest = F.one_hot((a + b).argmin(1), len(colours)).movedim(-1, 1).to(shares.dtype)
    return torch.where(total > 1e-3, shares / total.clamp(min=1e-3), nearest)


def class_loss(
    logits: Tensor, target_ab: Tensor, weight: Tensor, colours: Tensor, spacing: float, rare: Tensor
) -> Tensor:
    """Mean cross entropy between predicted and true classes over usable pixels, rare colours weighing more.

    Args:
        logits: (B, K, h, w), at half the resolution of the target or at the same.
        target_ab: (B, 2, H, W) in Lab units; weight: (B, 1, H, W).
    """
    size = (logits.shape[-2], logits.shape[-1])
    usable = F.adaptive_avg_pool2d(weight, size)
    target = F.adaptive_avg_pool2d(target_ab * weight, size) / usable.clamp(min=1e-6)
    usable = usable * rare.flatten()[_bin_of(target)]
    entropy = -(class_shares(target, colours, spacing) * torch.log_softmax(logits, 1)).sum(1, keepdim=True)
    return (entropy * usable).sum() / usable.sum().clamp(min=1.0)


def adversarial_loss(logits: Tensor, real: bool) -> Tensor:
    """Binary cross entropy of a discriminator's logits against all real or all not."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, float(real)))


def masked_l1(picture: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Mean absolute difference over usable pixels and channels."""
    total = (weight.sum() * picture.shape[1]).clamp(min=1.0)
    return ((picture - target).abs() * weight).sum() / total


def structure_loss(picture: Tensor, target: Tensor) -> Tensor:
    """1 - SSIM of the brightness, the mean of the channels, of pictures (B, 3, H, W) in -1..1.

    Means over squares of 7 px, constants of Wang et al. 2004 for a range of 2.
    """
    x, y = picture.mean(1, keepdim=True), target.mean(1, keepdim=True)
    products = torch.cat([x, y, x * x, y * y, x * y], 1)
    mean_x, mean_y, xx, yy, xy = F.avg_pool2d(products, 7, 1).chunk(5, 1)
    var_x, var_y, both = xx - mean_x**2, yy - mean_y**2, xy - mean_x * mean_y
    c1, c2 = (0.01 * 2.0) ** 2, (0.03 * 2.0) ** 2
    alike = (2.0 * mean_x * mean_y + c1) * (2.0 * both + c2)
    return 1.0 - (alike / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean()


def likeness_loss(picture: Tensor, target: Tensor, kept: float, finest: int = 1) -> Tensor:
    """How unlike the structure of two pictures is, (B, C, H, W) in Lab units: 1 - correlation, and contrast missing.

    1 - r + max(0, kept s_target - s) / (s_target + 1), the mean over channels and squares of 7 cells at 1, 1/4 and 1/16
    of the resolution; r the correlation in a square and s the standard deviation. A mean of all pictures that there may
    be is flat: squared error and SSIM prefer it where little is known, and correlation does not. Resolutions at which a
    patch has fewer than 7 cells are left out, and those finer than 1/finest.
    """
    parts = [picture.new_zeros(())]
    flat, wanted = picture.flatten(0, 1)[:, None], target.flatten(0, 1)[:, None]
    for scale, every in ((1, 3), (4, 2), (16, 1)):
        if min(target.shape[-2:]) // scale < _SQUARE or scale < finest:
            continue
        x, y = (F.avg_pool2d(both, scale) if scale > 1 else both for both in (flat, wanted))
        with torch.no_grad():
            of_target = F.avg_pool2d(torch.cat([y, y * y], 1), _SQUARE, every)
        mean_x, xx, xy = F.avg_pool2d(torch.cat([x, x * x, x * y], 1), _SQUARE, every).chunk(3, 1)
        mean_y, yy = of_target.chunk(2, 1)
        var_x, var_y = ((square - mean**2).clamp(min=0.0) + 1.0 for square, mean in ((xx, mean_x), (yy, mean_y)))
        correlation = (xy - mean_x * mean_y) / (var_x * var_y).sqrt()
        missing = (kept * var_y.sqrt() - var_x.sqrt()).clamp(min=0.0) / (var_y.sqrt() + 1.0)
        parts.append((1.0 - correlation + missing).mean())
    return torch.stack(parts).sum() / max(1, len(parts) - 1)


def _bin_of(ab: Tensor) -> Tensor:
    """Number of the colour bin of (B, 2, H, W) in Lab units, (B, 1, H, W)."""
    index = ((ab + AB_MAX) / _BIN).long().clamp(0, _BINS - 1)
    return index[:, :1] * _BINS + index[:, 1:]
