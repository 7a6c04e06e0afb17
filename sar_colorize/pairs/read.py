"""A pair from its files: radar in display code and colour, as PNG, WebP, JPEG or GeoTIFF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, MissingPackageError
from ..raster import Bool
from ..reference.clouds import ground
from ..scene.names import is_special
from .find import Pair, PairList
from .geotiff import read_colour, read_radar

MARGIN_PX = 4
"""Ground so near to black fill or to a cloud is neither learned from nor measured."""


def read_pair(pair: Pair) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Radar (H, W) and colour (3, H, W), 0..255.

    Raises:
        DataError: a file is unreadable, or the two differ in size.
    """
    for path in (pair.s1, pair.s2):
        if is_special(path):
            raise DataError(f"a patch must be a file, got {path}, a pipe or a device; leave it out")
    tiff = _is_tiff(pair.s1)
    s1 = read_radar(pair.s1, pair.polarization) if tiff else _picture(pair.s1)[0]
    s2 = _colour(pair.s2)
    if s1.shape != s2.shape[1:]:
        raise DataError(
            f"a pair must have one size, got {s1.shape} in {pair.s1.name} and {s2.shape[1:]} in {pair.s2.name}; "
            "leave it out"
        )
    if tiff:
        s2 = np.where(s1 > 0, s2, np.uint8(0))  # ground that the radar did not measure is not learned from
    return s1, s2


def ground_of(rgb: NDArray[np.uint8]) -> Bool:
    """Where the colour patch (3, H, W) of a pair shows ground, `MARGIN_PX` or more from black fill and white cloud."""
    return ground(rgb, margin_px=MARGIN_PX)


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


def pillow() -> Any:
    """The module PIL.Image, which reads and writes patches that are pictures.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingPackageError("pairs that are pictures need pillow, got none; pip install pillow") from error
    return Image


def _colour(path: Path) -> NDArray[np.uint8]:
    if _is_tiff(path):
        return read_colour(path)
    picture = _picture(path)
    if len(picture) < 3:
        raise DataError(f"a colour patch must have three channels, got {len(picture)} in {path}; leave it out")
    return picture


def _is_tiff(path: Path) -> bool:
    return path.suffix.lower() in (".tif", ".tiff")


def _picture(path: Path) -> NDArray[np.uint8]:
    """Channels (1 or 3, H, W) of a picture."""
    image_module = pillow()
    try:
        with image_module.open(path) as image:
            array = np.asarray(image.convert("RGB" if image.mode not in ("L", "RGB") else image.mode))
    except (OSError, SyntaxError) as error:  # SyntaxError: what Pillow raises of a broken PNG
        raise DataError(f"a patch must be a whole picture, got {path} ({error}); leave it out") from error
    return np.moveaxis(np.atleast_3d(array), -1, 0)
