"""Makes the table of `sar_colorize.palette.world` from NASA's Blue Marble.

    npm pack three-globe@2.45.2 && tar xzf three-globe-2.45.2.tgz
    python tools/blue_marble.py package/example/img/earth-blue-marble.jpg sar_colorize/palette/blue_marble_1deg.npz

The picture (4096 x 2048, plate carree, 180 W to 180 E) is NASA's Blue Marble Next Generation, public domain, as the npm
package three-globe carries it. A cell's colour is the mean of its land pixels, or of all where it has none; a pixel is
sea where blue is above red by more than 5 and red + green + blue is under 230.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main(picture: Path, table: Path) -> None:
    """Reduces the picture to 180 x 360 cells."""
    with Image.open(picture) as image:
        rgb = np.asarray(image.convert("RGB")).astype(np.int64)  # (H, W, 3)
    height, width, _ = rgb.shape
    land = ~((rgb[..., 2] > rgb[..., 0] + 5) & (rgb.sum(-1) < 230))
    row, col = (np.arange(height) * 180) // height, (np.arange(width) * 360) // width
    cell = (row[:, None] * 360 + col[None]).ravel()
    cells = np.empty((3, 180 * 360))
    on_land = np.bincount(cell, land.ravel(), 180 * 360)
    for channel in range(3):
        values = rgb[..., channel].ravel()
        of_all = np.bincount(cell, values, 180 * 360) / np.bincount(cell, minlength=180 * 360)
        of_land = np.bincount(cell, values * land.ravel(), 180 * 360) / np.maximum(on_land, 1)
        cells[channel] = np.where(on_land > 0, of_land, of_all)
    np.savez_compressed(table, rgb=np.rint(cells).astype(np.uint8).reshape(3, 180, 360))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
