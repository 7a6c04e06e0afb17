"""Ground control points to a map: the right place, the right way round, the same bits for any window."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from made import shared_scene
from made_product import HEIGHT, NAME, WIDTH, make_safe, position
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.warp import transform

from sar_colorize.errors import SarColorizeError, SettingError
from sar_colorize.raster import Window
from sar_colorize.scene import open_scene
from sar_colorize.scene.control import GroundControl
from sar_colorize.scene.geocode import GeocodedScene
from sar_colorize.scene.resample import Nodes

REAL_ZIP = f"sentinel1/{NAME}.zip"
DECIMATED = "sentinel1/S1A_IW_GRDH_20180716_decimated_iw-vv.tiff"
LINES, PIXELS = range(0, 401, 50), range(0, 601, 60)


def _radar_file(path: Path, values: np.ndarray, shift: float = 0.0) -> Path:
    """Power in radar geometry, with ground control points of the made pass, `shift` degrees further east."""
    points = []
    for line in LINES:
        for pixel in PIXELS:
            lon, lat = position(line, pixel)
            lon = (lon + shift + 180.0) % 360.0 - 180.0
            points.append(GroundControlPoint(row=line, col=pixel, x=lon, y=lat, z=0.0))
    with rasterio.open(path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1,
                       dtype="float32", gcps=points, crs="EPSG:4326") as dataset:  # fmt: skip
        dataset.write(values.astype(np.float32), 1)
        dataset.update_tags(UNITS="power")
        dataset.set_band_description(1, "VV")
    return path


def _ramp() -> np.ndarray:
    """A plane: bilinear interpolation gives back the position itself."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    return 1.0 + rows + 1000.0 * cols


def _map_pixel(scene: Any, row: float, col: float, shift: float = 0.0) -> tuple[float, float]:
    """Where a radar place stands on the map grid, by PROJ from its known longitude and latitude."""
    lon, lat = position(row, col)
    (x,), (y,) = transform("EPSG:4326", scene.grid.crs_wkt, [lon + shift], [lat])
    placed = scene.grid.transform
    return (placed.f - y) / placed.a, (x - placed.c) / placed.a


def test_a_radar_pixel_stands_where_its_longitude_and_latitude_say(tmp_path: Path) -> None:
    scene = open_scene(_radar_file(tmp_path / "ramp.tif", _ramp()))
    assert CRS.from_wkt(scene.grid.crs_wkt).to_epsg() == 32632
    assert scene.grid.transform.a == 10.0
    assert scene.grid.transform.c % 10 == scene.grid.transform.f % 10 == 0
    for row, col in ((50, 70), (200.3, 299.8), (333.1, 520.4)):
        map_row, map_col = _map_pixel(scene, row, col)
        pixel = Window(int(map_row), int(map_col), 1, 1)
        value = scene.read(pixel).values[0, 0, 0]
        centre = scene._radar_positions(np.array([pixel.row + 0.5]), np.array([pixel.col + 0.5]))
        assert value == pytest.approx(1.0 + centre[0][0] - 0.5 + 1000.0 * (centre[1][0] - 0.5), abs=2.0)
        assert np.hypot(centre[0][0] - row, centre[1][0] - col) < 1.0  # in the same pixel: 10 m
        found = scene._radar_positions(np.array([map_row]), np.array([map_col]))
        assert found[0][0] == pytest.approx(row, abs=0.02)
        assert found[1][0] == pytest.approx(col, abs=0.02)


def test_interpolating_between_the_nodes_of_the_spline_costs_a_hundredth_of_a_pixel(tmp_path: Path) -> None:
    scene = open_scene(_radar_file(tmp_path / "ramp.tif", _ramp()))
    window = Window(120, 130, 33, 41)
    rows, cols = Nodes.of(window, scene._radar_positions).at(window, 0.5, 0.5)
    y, x = np.mgrid[:33, :41]
    exact = scene._radar_positions((y + 120.5).ravel(), (x + 130.5).ravel())
    assert np.abs(rows.ravel() - exact[0]).max() < 0.01
    assert np.abs(cols.ravel() - exact[1]).max() < 0.01


def test_any_window_has_the_bits_of_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    values = rng.gamma(4.4, 1.0, (HEIGHT, WIDTH))
    values[100:140, 200:260] = np.nan
    scene = open_scene(_radar_file(tmp_path / "speckle.tif", values))
    everything = scene.grid.window
    whole = scene.read(everything)
    for window in (Window(0, 0, 7, 500), Window(250, 255, 3, 3), Window(100, 37, 300, 201), Window(-20, -20, 90, 90)):
        part = scene.read(window)
        inside = window.intersect(everything)
        assert np.array_equal(part.values[:, *inside.within(window)], whole.values[:, *inside.within(everything)])
        assert np.array_equal(part.valid[inside.within(window)], whole.valid[inside.within(everything)])
    assert 0.3 < whole.valid.mean() < 0.95
    assert np.isfinite(whole.values).all()


def test_a_warp_by_gdal_shows_the_same_picture(tmp_path: Path) -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    smooth = 2.0 + np.sin(x / 17.0) * np.cos(y / 13.0)
    path = _radar_file(tmp_path / "smooth.tif", smooth)
    scene = open_scene(path)
    ours = scene.read(scene.grid.window)
    theirs = np.full(ours.valid.shape, np.nan, np.float32)
    with rasterio.open(path) as dataset:
        points, crs = dataset.gcps
        rasterio.warp.reproject(
            dataset.read(1), theirs, gcps=points, src_crs=crs, dst_transform=scene.grid.transform,
            dst_crs=scene.grid.crs_wkt, resampling=rasterio.warp.Resampling.bilinear, dst_nodata=np.nan,
            SRC_METHOD="GCP_TPS", tolerance=0.0,
        )  # fmt: skip
    both = ours.valid & np.isfinite(theirs)
    assert both.sum() > 0.98 * ours.valid.sum()
    assert np.abs(ours.values[0] - theirs)[both].max() < 0.02


def test_a_descending_pass_comes_out_the_right_way_round(tmp_path: Path) -> None:
    cols = np.tile(np.arange(1.0, WIDTH + 1.0), (HEIGHT, 1))
    scene = open_scene(_radar_file(tmp_path / "cols.tif", cols))
    raster = scene.read(scene.grid.window)
    row = raster.valid.shape[0] // 2
    line = raster.values[0, row][raster.valid[row]]
    assert (np.diff(line) < 0).all(), "the radar's first column is the map's eastern edge"


def test_a_coarser_map_averages_power(tmp_path: Path) -> None:
    values = np.random.default_rng(3).gamma(1.0, 1.0, (HEIGHT, WIDTH))
    path = _radar_file(tmp_path / "noise.tif", values)
    fine, coarse = open_scene(path), open_scene(path, resolution=50.0)
    assert coarse.samples_per_side == 5
    one, many = (scene.read(scene.grid.window) for scene in (fine, coarse))
    inner = values.mean()
    assert one.values[0][one.valid].mean() == pytest.approx(inner, rel=0.01)
    assert many.values[0][many.valid].mean() == pytest.approx(inner, rel=0.02)
    assert many.values[0][many.valid].std() < 0.35 * one.values[0][one.valid].std()


def test_a_coarse_map_is_made_of_few_radar_pixels_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map of 1 km read 25,600 x 25,600 radar pixels at once, 10 GB of a real scene."""
    scene = open_scene(_radar_file(tmp_path / "ramp.tif", _ramp()), resolution=50.0)
    whole = scene.read(scene.grid.window)
    monkeypatch.setattr("sar_colorize.scene.resample.SOURCE_PX", 160)
    read, widest = type(scene.radar).read, 0

    def counted(self: Any, window: Window) -> Any:
        nonlocal widest
        widest = max(widest, *window.shape)
        return read(self, window)

    monkeypatch.setattr(type(scene.radar), "read", counted)
    parts = scene.read(scene.grid.window)
    assert 160 <= widest < 260
    assert np.array_equal(parts.values, whole.values)
    assert np.array_equal(parts.valid, whole.valid)


def test_a_map_too_coarse_for_bounded_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _radar_file(tmp_path / "ramp.tif", _ramp())
    monkeypatch.setattr("sar_colorize.scene.geocode.MOST_SAMPLES", 4)
    with pytest.raises(SettingError, match=r"resolution must be at most 4\d(\.\d+)? here, got 50; make it finer"):
        open_scene(path, resolution=50.0)


def test_the_date_line_is_no_edge(tmp_path: Path) -> None:
    shift = 169.0  # the made pass lies around 11 degrees east
    scene = open_scene(_radar_file(tmp_path / "date.tif", _ramp(), shift))
    assert scene.grid.width < 1500
    row, col = _map_pixel(scene, 200.0, 300.0, shift)
    found = scene._radar_positions(np.array([row]), np.array([col]))
    assert (found[0][0], found[1][0]) == pytest.approx((200.0, 300.0), abs=0.02)


def test_crs_and_resolution_are_those_asked_for(tmp_path: Path) -> None:
    scene = open_scene(_radar_file(tmp_path / "ramp.tif", _ramp()), crs="EPSG:4326", resolution=0.0002)
    assert CRS.from_wkt(scene.grid.crs_wkt).to_epsg() == 4326
    assert scene.grid.transform.a == 0.0002
    assert scene.read(scene.grid.window).valid.mean() > 0.4


def test_a_scene_can_be_sent_to_another_process(tmp_path: Path) -> None:
    safe = make_safe(tmp_path)
    scene = open_scene(safe)
    window = Window(200, 200, 40, 50)
    before = scene.read(window)
    again = pickle.loads(pickle.dumps(scene)).read(window)  # noqa: S301
    assert np.array_equal(before.values, again.values)


def test_a_product_drawn_on_a_map_holds_the_calibrated_power(tmp_path: Path) -> None:
    safe = make_safe(tmp_path)
    radar, drawn = open_scene(safe, grid="radar"), open_scene(safe)
    assert isinstance(drawn, GeocodedScene)
    one, other = radar.read(radar.grid.window), drawn.read(drawn.grid.window)
    for band in (0, 1):
        expected = one.values[band][one.valid].mean()
        assert other.values[band][other.valid].mean() == pytest.approx(expected, rel=0.01)
    assert drawn.select("VH").read(Window(200, 200, 4, 4)).values.shape == (1, 4, 4)
    assert "terrain is not corrected" in drawn.notes[-1]


def test_the_note_says_how_far_off_a_mountain_is(tmp_path: Path) -> None:
    note = open_scene(make_safe(tmp_path)).notes[-1]  # at 45 degrees, as much as it is high
    assert "ground 100 m above the points, which stand 100 to 499 m high, is drawn about 100 m towards" in note


def test_windows_are_read_from_top_to_bottom_of_the_radar(tmp_path: Path) -> None:
    scene = open_scene(_radar_file(tmp_path / "ramp.tif", _ramp()))
    windows = [Window(row, col, 64, 64) for row in range(0, 384, 64) for col in range(0, 576, 64)]
    ordered = scene.in_reading_order(windows)
    assert sorted(ordered, key=lambda w: (w.row, w.col)) == windows
    middle = [scene._radar_positions(np.array([w.row + 32.0]), np.array([w.col + 32.0]))[0][0] for w in ordered]
    assert middle == sorted(middle)


REFUSED = {
    "unknown CRS": ({"crs": "EPSG:999999"}, "crs must be one that PROJ knows, got EPSG:999999"),
    "negative resolution": ({"resolution": -10.0}, "resolution must be above 0, got -10"),
    "degrees taken for metres": ({"crs": "EPSG:4326", "resolution": 10.0}, "counted in units of the CRS"),
    "metres taken for degrees": ({"resolution": 0.0001}, "resolution must fit the scene, got 0.0001"),
    "unknown grid": ({"grid": "utm"}, "grid must be one of map, radar, got 'utm'"),
    "a map on the radar grid": ({"grid": "radar", "resolution": 20.0}, "must be left out"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_grid_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    options, said = REFUSED[name]
    path = _radar_file(tmp_path / "ramp.tif", _ramp())
    with pytest.raises(SarColorizeError, match=said):
        open_scene(path, **options)


def test_a_raster_with_a_grid_keeps_it(real_patch: Path) -> None:
    with pytest.raises(SarColorizeError, match="it has a grid of its own; warp the picture with gdalwarp"):
        open_scene(real_patch, crs="EPSG:3857")


def test_control_points_in_a_line_are_refused(tmp_path: Path) -> None:
    points = [GroundControlPoint(row=i, col=i, x=11.0 + i / 1e4, y=46.0 + i / 1e4, z=0.0) for i in range(0, 50, 10)]
    path = tmp_path / "line.tif"
    with rasterio.open(path, "w", driver="GTiff", height=50, width=50, count=1, dtype="float32", gcps=points,
                       crs="EPSG:4326") as dataset:  # fmt: skip
        dataset.write(np.ones((50, 50), np.float32), 1)
    with pytest.raises(SarColorizeError, match="must span an area, got 5 in a line"):
        open_scene(path, unit="power")


def _left_out(control: GroundControl, shift_px: np.ndarray) -> tuple[float, float]:
    """RMS distance in radar rows and columns at the points left out, every second one inside the frame.

    shift_px: how much nearer to the radar each point is seen than it would be at height 0.
    """
    rows, cols = np.unique(control.rows), np.unique(control.cols)
    inner = ~np.isin(control.rows, rows[[0, -1]]) & ~np.isin(control.cols, cols[[0, -1]])
    out = inner & (np.arange(len(control.rows)) % 2 == 0)
    with replace(control, cols=control.cols + shift_px).thinned(~out).transformer() as spline:
        found = spline.rowcol(control.xs[out], control.ys[out], op=np.positive)
    assert out.sum() > 50
    errors = found[0] - control.rows[out], found[1] - shift_px[out] - control.cols[out]
    return float(np.sqrt(np.square(errors[0]).mean())), float(np.sqrt(np.square(errors[1]).mean()))


def test_points_left_out_of_a_real_product_are_met_within_a_pixel_but_for_their_height() -> None:
    from sar_colorize.scene.safe.archive import open_archive
    from sar_colorize.scene.safe.product import _control

    archive, _ = open_archive(str(shared_scene(REAL_ZIP)))
    annotation = next(name for name in archive.members if name.startswith("annotation/s1a"))
    control = _control(archive.xml(annotation), annotation)
    shift_px = control.heights_m / np.tan(np.radians(control.incidence_deg)) / 10.0
    along, across = _left_out(control, shift_px)
    assert along < 0.2
    assert across < 0.5
    # Between points 20 km apart the land of this scene rises to 2 km: that is what no spline through them can know.
    along, across = _left_out(control, np.zeros_like(shift_px))
    assert along < 0.2
    assert 10.0 < across < 30.0


def test_points_left_out_of_the_decimated_scene_are_met_within_a_pixel() -> None:
    control = open_scene(shared_scene(DECIMATED), grid="radar").control
    assert max(_left_out(control, np.zeros_like(control.cols))) < 1.0


def test_the_coast_of_kerala_lies_west_of_its_land() -> None:
    scene = open_scene(shared_scene(DECIMATED))
    raster = scene.read(scene.grid.window)
    placed = scene.grid.transform
    (x,), (y,) = transform("EPSG:4326", scene.grid.crs_wkt, [76.1], [9.75])  # the sea off Alappuzha
    (east,), (north,) = transform("EPSG:4326", scene.grid.crs_wkt, [76.6], [9.75])  # Pala, in the hills
    sea, land = (
        np.median(raster.values[0, int((placed.f - b) / placed.a) - 3 :, int((a - placed.c) / placed.a) - 3 :][:7, :7])
        for a, b in ((x, y), (east, north))
    )
    assert 0 < sea < 0.7 * land
