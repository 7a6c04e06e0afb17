"""Footprints of the patches with their metrics, for a map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...pairs.catalogue import CATALOGUE
from ...pairs.find import Pair
from ..color.compare import Comparison
from ..color.metrics import METRICS


def footprints(comparison: Comparison, data: Path) -> Any:
    """A GeoDataFrame, a row for each pair whose place is known; None where none is.

    Places come from the catalogue of `pairs build`, or from the pairs' own GeoTIFFs. Columns are METHOD__METRIC. The
    CRS is that of the patches where they share one, else EPSG:4326.
    """
    import geopandas
    import pandas

    shapes = _catalogued(data) if (data / CATALOGUE).is_file() else {}
    rows = []
    for pair, values, pixels in zip(comparison.pairs, comparison.values, comparison.pixels, strict=True):
        shape, crs = shapes.get((pair.split, pair.site, pair.key)) or _own(pair)
        if shape is None:
            continue
        row: dict[str, Any] = {"split": pair.split, "site": pair.site, "terrain": pair.terrain, "key": pair.key}
        row["pixels"] = int(pixels)
        for method, numbers in zip(comparison.names, values, strict=True):
            for metric, value in zip(METRICS, numbers, strict=True):
                row[f"{_column(method)}__{metric.key}"] = float(value) if np.isfinite(value) else None
        rows.append((row, shape, crs))
    if not rows:
        return None
    systems = {str(crs): crs for _, _, crs in rows}
    if len(systems) == 1:
        return geopandas.GeoDataFrame([row for row, _, _ in rows], geometry=[s for _, s, _ in rows], crs=rows[0][2])
    parts = []
    for name, crs in systems.items():
        mine = [(row, shape) for row, shape, own in rows if str(own) == name]
        frame = geopandas.GeoDataFrame([row for row, _ in mine], geometry=[shape for _, shape in mine], crs=crs)
        parts.append(frame.to_crs("EPSG:4326"))
    return geopandas.GeoDataFrame(pandas.concat(parts, ignore_index=True), crs="EPSG:4326")


def _catalogued(data: Path) -> dict[tuple[str, str, str], tuple[Any, Any]]:
    """(shape, CRS) by (split, site, key)."""
    import geopandas

    frame = geopandas.read_file(data / CATALOGUE)
    if not {"split", "site", "key"} <= set(frame.columns):
        return {}
    return {
        (row.split, row.site, row.key): (row.geometry, frame.crs) for row in frame.itertuples() if row.geometry
    }  # fmt: skip


def _own(pair: Pair) -> tuple[Any, Any]:
    """(shape, CRS) of a GeoTIFF's corners; (None, None) where it has no grid."""
    if pair.s1.suffix.lower() not in (".tif", ".tiff"):
        return None, None
    import rasterio
    from rasterio.errors import RasterioError
    from shapely.geometry import Polygon

    try:
        with rasterio.open(pair.s1) as source:
            if source.crs is None or source.transform.is_identity:
                return None, None
            corners = [(0, 0), (source.width, 0), (source.width, source.height), (0, source.height)]
            return Polygon([source.transform @ corner for corner in corners]), source.crs.to_wkt()
    except RasterioError:
        return None, None


def _column(method: str) -> str:
    """A method's name with nothing but letters, digits and underscores."""
    return "".join(char if char.isalnum() else "_" for char in method).strip("_")
