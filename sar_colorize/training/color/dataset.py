"""Pairs as patches for a network, each a function of (seed, epoch, number) alone, so that a run can be resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset

from ...color import srgb_to_lab
from ...errors import DataError
from ...pairs.find import Pair, PairList
from ...raster import Bool, Float32
from .augment import hole, optical_lightness, radar_lightness, turn
from .settings import TrainSettings

CACHE_BYTES = 2_000_000_000
"""Decoded pairs are kept while they fit into this."""
_NODATA_CODE = 4
_CLOUD_CODE = 228
_CLOUD_SPREAD = 22
_MARGIN_PX = 9


def read_pair(pair: Pair) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Radar (H, W) and colour (3, H, W), 0..255.

    Raises:
        DataError: a file is unreadable, or the two differ in size.
    """
    s1, s2 = _radar(pair), _colour(pair.s2)
    if s1.shape != s2.shape[1:]:
        raise DataError(
            f"a pair must have one size, got {s1.shape} in {pair.s1.name} and {s2.shape[1:]} in {pair.s2.name}; "
            "leave it out"
        )
    if _is_tiff(pair.s1):
        s2 = np.where(s1 > 0, s2, np.uint8(0))  # what the radar did not see is not learned from
    return s1, s2


def readable(pairs: Sequence[Pair], *, strict: bool = False) -> PairList:
    """The pairs that can be read, and the reason for each that cannot.

    Raises:
        DataError: `strict` and one that cannot be read.
    """
    kept, skipped = [], []
    for pair in pairs:
        try:
            read_pair(pair)
        except DataError as error:
            if strict:
                raise
            skipped.append(str(error))
        else:
            kept.append(pair)
    return PairList(tuple(kept), tuple(skipped))


def _radar(pair: Pair) -> NDArray[np.uint8]:
    if _is_tiff(pair.s1):
        from ...pairs.geotiff import read_radar

        return read_radar(pair.s1, pair.polarization)
    return _picture(pair.s1)[0]


def _colour(path: Path) -> NDArray[np.uint8]:
    if _is_tiff(path):
        from ...pairs.geotiff import read_colour

        return read_colour(path)
    picture = _picture(path)
    if len(picture) < 3:
        raise DataError(f"a colour patch must have three channels, got {len(picture)} in {path}; leave it out")
    return picture


def _is_tiff(path: Path) -> bool:
    return path.suffix.lower() in (".tif", ".tiff")


def _picture(path: Path) -> NDArray[np.uint8]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            array = np.asarray(image.convert("RGB" if image.mode not in ("L", "RGB") else image.mode))
    except (OSError, UnidentifiedImageError, SyntaxError) as error:
        raise DataError(f"a patch must be a whole picture, got {path} ({error}); leave it out") from error
    return np.moveaxis(np.atleast_3d(array), -1, 0)


def usable(rgb: NDArray[np.uint8]) -> Bool:
    """True where a colour patch (3, H, W) shows ground: not black, not in or at a white cloud."""
    picture = torch.from_numpy(np.ascontiguousarray(rgb))
    dark, bright = picture.amax(0), picture.amin(0)
    unusable = (dark <= _NODATA_CODE) | ((bright >= _CLOUD_CODE) & (dark - bright <= _CLOUD_SPREAD))
    if not unusable.any():
        return np.ones(unusable.shape, bool)
    grown = unusable[None].float()
    for kernel, padding in (((_MARGIN_PX, 1), (_MARGIN_PX // 2, 0)), ((1, _MARGIN_PX), (0, _MARGIN_PX // 2))):
        grown = F.max_pool2d(grown, kernel, stride=1, padding=padding)
    return (grown[0] == 0).numpy()


class Patches(Dataset):
    """Training patches. Item `i` of epoch `e` is always the same.

    Gives (lightness (1, P, P) as the network takes it, colour (3, P, P) uint8, weight (1, P, P) 0 or 1).
    """

    def __init__(self, pairs: Sequence[Pair], settings: TrainSettings) -> None:
        self.pairs, self.settings, self.epoch = tuple(pairs), settings, 0
        self._cache: dict[int, tuple[NDArray[np.uint8], NDArray[np.uint8]]] = {}
        self._cached_bytes = 0
        self._patches: list[int] = []
        for number, pair in enumerate(self.pairs):
            height, width = self._pair(number)[0].shape
            if min(height, width) < settings.patch_px:
                raise DataError(
                    f"a pair must be at least patch_px={settings.patch_px} wide and high, got {height} x {width} in "
                    f"{pair.s1}; choose a smaller patch_px"
                )
            fitting = (height // settings.patch_px) * (width // settings.patch_px)
            self._patches += [number] * min(settings.crops, fitting)

    def __len__(self) -> int:
        return len(self._patches)

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor, Tensor]:
        settings, number = self.settings, self._patches[item]
        random = np.random.default_rng((settings.seed, self.epoch, item))
        code, rgb = self._pair(number)
        size = settings.patch_px
        row = int(random.integers(0, code.shape[0] - size + 1))
        col = int(random.integers(0, code.shape[1] - size + 1))
        quarter, flip = int(random.integers(4)), bool(random.integers(2))
        code = turn(code[row : row + size, col : col + size], quarter, flip)
        rgb = turn(rgb[:, row : row + size, col : col + size], quarter, flip)
        weight = usable(rgb)
        lightness = lightness_of(code, rgb, self.pairs[number], settings, random)
        if random.random() < settings.hole_share:
            gone = hole(code.shape, random)
            lightness = np.where(gone, np.float32(settings.fill_lightness), lightness)
            weight = weight & ~gone
        return to_input(lightness), torch.from_numpy(rgb), torch.from_numpy(weight[None].astype(np.float32))

    def picture(self, number: int) -> NDArray[np.uint8]:
        """The whole colour patch of a pair, (3, H, W)."""
        return self._pair(number)[1]

    def _pair(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if number in self._cache:
            return self._cache[number]
        pair = read_pair(self.pairs[number])
        size = pair[0].nbytes + pair[1].nbytes
        if self._cached_bytes + size <= CACHE_BYTES:
            self._cache[number] = pair
            self._cached_bytes += size
        return pair


def lightness_of(
    code: NDArray[np.uint8],
    rgb: NDArray[np.uint8],
    pair: Pair,
    settings: TrainSettings,
    random: np.random.Generator | None,
) -> Float32:
    """L, 0..100, that a network sees of a pair, (H, W); `random` None for validation."""
    if settings.input == "sar-l":
        return radar_lightness(code, pair.polarization, settings, random)
    lab = srgb_to_lab(torch.from_numpy(np.ascontiguousarray(rgb)).float() / 255.0)
    return optical_lightness(lab[0].numpy(), settings, random)


def to_input(lightness: Float32) -> Tensor:
    """(1, H, W) in -1..1 from L (H, W) in 0..100."""
    return torch.from_numpy(lightness.astype(np.float32) / np.float32(50.0) - np.float32(1.0))[None]
