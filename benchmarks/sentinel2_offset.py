"""How often Sentinel-2's offset of -1000 is found in pixels that hold none, and missed where 1000 was added to them.

    python benchmarks/sentinel2_offset.py FILE...

Each FILE is a GeoTIFF of reflectance x 10000 (red, green, blue), or a picture of the pairs, whose rendering is undone:
reflectance = 0.26 (code / 255) ** 1.15. One line for each folder, and one for all.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

from sar_colorize.color import TONE_POWER, WHITE_REFLECTANCE, render_reflectance
from sar_colorize.reference.clouds import ground
from sar_colorize.reference.offset import find_offset


def numbers_of(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reflectance x 10000 (3, H, W), and where there is any."""
    if path.suffix.lower() in (".tif", ".tiff"):
        with rasterio.open(path) as source:
            return source.read().astype(np.float64), source.dataset_mask() > 0
    codes = np.moveaxis(np.asarray(Image.open(path).convert("RGB")), -1, 0)
    return 10000.0 * WHITE_REFLECTANCE * (codes / 255.0) ** (1.0 / TONE_POWER), codes.max(0) > 0


def verdict(numbers: np.ndarray, seen: np.ndarray) -> float:
    """What is found in pixels without metadata, 0 or -1000."""
    codes = 255.0 * render_reflectance((numbers / 10000.0).astype(np.float32))
    return find_offset(numbers, ground(codes, seen & (numbers > 0).all(0), margin_px=2), None).dn


def main() -> None:
    """Prints the table."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for path in map(Path, sys.argv[1:]):
        numbers, seen = numbers_of(path)
        for name in (f"{path.parents[1].name}/{path.parent.name}", "all"):
            counts[name]["files"] += 1
            counts[name]["found where there is none"] += verdict(numbers, seen) != 0.0
            counts[name]["missed"] += verdict(numbers + 1000.0, seen) == 0.0
    for name, count in counts.items():
        print(f"{name}: {', '.join(f'{count[key]} {key}' for key in ('files', 'found where there is none', 'missed'))}")


if __name__ == "__main__":
    main()
