"""Boxes and polygons on the grid, against geopandas and rasterio."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from made import TRANSFORM, UTM33
from rasterio.crs import CRS

from sar_colorize.errors import SettingError
from sar_colorize.raster import Grid, Window
from sar_colorize.scene.area import read_area, read_bbox

GRID = Grid(400, 500, TRANSFORM, CRS.from_string(UTM33).to_wkt())
NOWHERE = Grid(400, 500, None, None)


def test_a_box_becomes_the_whole_pixels_that_it_touches() -> None:
    assert read_bbox((500100.0, 4999000.0, 500205.0, 4999800.0), None, GRID) == Window(20, 10, 80, 11)


def test_a_box_beyond_the_scene_is_cut_to_it() -> None:
    assert read_bbox((0.0, 0.0, 1e6, 6e6), None, GRID) == GRID.window


def test_a_box_in_degrees_lands_where_pyproj_puts_it() -> None:
    corners = geopandas.GeoSeries([shapely.box(500500, 4998000, 501500, 4999000)], crs=UTM33).to_crs("EPSG:4326")
    window = read_bbox(tuple(corners.total_bounds), "EPSG:4326", GRID)
    assert window.intersect(Window(100, 50, 100, 100)) == Window(100, 50, 100, 100)
    assert window.height <= 106
    assert window.width <= 106


def test_a_box_on_a_rotated_grid_holds_all_its_corners() -> None:
    grid = Grid(400, 500, Affine.translation(500000, 5e6) @ Affine.rotation(30) @ Affine.scale(10, -10), GRID.crs_wkt)
    box = (501500.0, 4998500.0, 502000.0, 4999000.0)
    window = read_bbox(box, None, grid)
    assert grid.transform is not None
    for x in (box[0], box[2]):
        for y in (box[1], box[3]):
            col, row = ~grid.transform @ (x, y)
            assert window.col <= col <= window.col + window.width
            assert window.row <= row <= window.row + window.height


def _write(path: Path, *shapes: shapely.Geometry, crs: str | None = UTM33) -> str:
    frame = geopandas.GeoDataFrame(geometry=list(shapes), crs=crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no CRS is what one test is about
        frame.to_file(path)
    return str(path)


@pytest.mark.parametrize("name", ["area.gpkg", "area.geojson", "area.shp"])
@pytest.mark.parametrize("crs", [UTM33, "EPSG:4326"])
def test_inside_is_what_rasterio_calls_inside(tmp_path: Path, name: str, crs: str) -> None:
    triangle = shapely.Polygon([(500403, 4999801), (503007, 4999036), (501013, 4997021)])
    moved = geopandas.GeoSeries([triangle], crs=UTM33).to_crs(crs).iloc[0]
    area = read_area(_write(tmp_path / name, moved, crs=crs), GRID)
    expected = rasterio.features.geometry_mask([triangle], (400, 500), TRANSFORM, invert=True)
    whole = area.inside(GRID.window)
    assert (whole != expected).sum() <= 2  # rounding of the reprojected corners
    part = Window(100, 150, 90, 120)
    assert np.array_equal(area.inside(part), whole[part.within(GRID.window)])
    assert not area.inside(Window(395, 495, 5, 5)).any()


@pytest.mark.parametrize(
    ("box", "crs", "grid", "message"),
    [
        ((2.0, 0.0, 1.0, 5.0), None, GRID, "must be west south east north, got 2 0 1 5; swap"),
        ((0.0, 0.0, 5.0, 5.0), None, GRID, "must share ground with the scene, got 0 0 5 5"),
        ((0.0, 0.0, 5.0, 5.0), "EPSG:999999", GRID, "bbox_crs must be a CRS such as EPSG:4326, got EPSG:999999"),
        ((0.0, 0.0, 5.0, 5.0), None, NOWHERE, "must not be given for a scene without CRS"),
        ((0.0, 0.0, 5.0, 5.0), "EPSG:4326", NOWHERE, "must not be given for a scene without CRS"),
        ((0.0, 95.0, 5.0, 99.0), "EPSG:4326", GRID, "must lie where the scene's CRS is defined"),
    ],
)
def test_boxes_that_make_no_sense_are_refused(
    box: tuple[float, float, float, float], crs: str | None, grid: Grid, message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        read_bbox(box, crs, grid)


def test_areas_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    inside = shapely.box(500400, 4999000, 500900, 4999500)
    with pytest.raises(SettingError, match=r"existing vector file, got nowhere\.gpkg"):
        read_area("nowhere.gpkg", GRID)
    (tmp_path / "text.geojson").write_text("no json at all")
    with pytest.raises(SettingError, match="must be a vector file that GDAL reads"):
        read_area(str(tmp_path / "text.geojson"), GRID)
    with pytest.raises(SettingError, match="at least one polygon, got none"):
        read_area(_write(tmp_path / "points.gpkg", inside.centroid), GRID)
    with pytest.raises(SettingError, match="which lies outside it"):
        read_area(_write(tmp_path / "far.gpkg", shapely.box(0, 0, 9, 9)), GRID)
    with pytest.raises(SettingError, match="must have a CRS, got none"):
        read_area(_write(tmp_path / "bare.shp", inside, crs=None), GRID)
    with pytest.raises(SettingError, match="scene without CRS"):
        read_area(_write(tmp_path / "fine.gpkg", inside), NOWHERE)
