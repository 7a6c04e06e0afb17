"""Files that benchmarks read: a simulated scene of any size, and a picture of its ground."""

from __future__ import annotations

from pathlib import Path


def scene_file(place: Path, side: int, *, compress: str | None = "deflate") -> Path:
    """A simulated scene of VV and VH in decibels, 1024 px that repeat, tiled; made once in a place."""
    import numpy as np
    import rasterio
    from rasterio.windows import Window

    from sar_colorize.simulate import simulate_scene

    path = place / f"scene_{side}.tif"
    if path.exists():
        return path
    made = simulate_scene(1024, 1024)
    values = np.where(made.raster.valid, made.raster.values, np.float32(np.nan))
    with rasterio.open(
        path, "w", driver="GTiff", height=side, width=side, count=2, dtype="float32", nodata=np.nan, tiled=True,
        blockxsize=512, blockysize=512, bigtiff="if_safer", crs=made.grid.crs_wkt, transform=made.grid.transform,
        **({} if compress is None else {"compress": compress, "zlevel": 1, "predictor": 3}),
    ) as dataset:  # fmt: skip
        for row in range(0, side, 1024):
            for col in range(0, side, 1024):
                height, width = min(1024, side - row), min(1024, side - col)
                dataset.write(values[:, :height, :width], window=Window(col, row, width, height))
        dataset.descriptions = ("VV", "VH")
        dataset.update_tags(UNITS="dB")
    return path


def picture_file(place: Path, side: int) -> Path:
    """An earlier picture of all of the scene, at half its resolution."""
    import numpy as np
    import rasterio
    from affine import Affine

    from sar_colorize.simulate import simulate_scene
    from sar_colorize.simulate.optical import optical_picture

    path = place / f"picture_{side}.tif"
    if path.exists():
        return path
    made = simulate_scene(1024, 1024)
    repeats = -(-side // 1024)
    picture = np.tile(optical_picture(made), (1, repeats, repeats))[:, : side // 2, : side // 2]
    with rasterio.open(
        path, "w", driver="GTiff", height=side // 2, width=side // 2, count=3, dtype="uint8", photometric="RGB",
        compress="deflate", tiled=True, crs=made.grid.crs_wkt, transform=made.grid.transform * Affine.scale(2),
    ) as dataset:  # fmt: skip
        dataset.write(picture)
    return path
