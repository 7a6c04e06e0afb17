"""The catalogue of a folder of pairs: manifest.csv, which `find_pairs` reads, and a GeoPackage of footprints."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..raster import Grid

CATALOGUE = "catalogue.gpkg"
MANIFEST = "manifest.csv"
_COLUMNS = ("split", "site", "key", "cloud", "flat", "shift_px", "terrain")


def write_catalogue(folder: Path, rows: Sequence[dict[str, Any]], grid: Grid, band: str) -> Path:
    """Writes both; the path of the GeoPackage.

    Args:
        folder: of the pairs.
        rows: of each pair its split, site, key, scores and terrain, and its window of the grid under "window".
        grid: of the radar raster, with a CRS and a transform.
        band: the polarisation of the radar patches.
    """
    import geopandas
    from shapely.geometry import Polygon

    table = [{name: row[name] for name in _COLUMNS} | {"s1_code": f"{band} in dB -> 0..255"} for row in rows]
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    footprints = []
    for row in rows:
        part = grid.crop(row["window"])
        corners = [(0, 0), (part.width, 0), (part.width, part.height), (0, part.height)]
        footprints.append(Polygon([part.transform @ corner for corner in corners if part.transform is not None]))
    frame = geopandas.GeoDataFrame(table, geometry=footprints, crs=grid.crs_wkt)
    write_geopackage(frame, folder / CATALOGUE, "pairs")
    return folder / CATALOGUE


def write_geopackage(frame: Any, path: Path, layer: str) -> None:
    """A GeoDataFrame as a GeoPackage.

    Raises:
        OSError: it cannot be written; pyogrio itself says so by errors of other kinds.
    """
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        frame.to_file(path, layer=layer, driver="GPKG")
    except (DataLayerError, DataSourceError) as error:
        raise OSError(f"{path.name} cannot be written: {' '.join(str(error).split())[:200]}") from error
