"""From the radar's own grid to a map: ground control points, a map grid, and a scene resampled onto it by windows.

    map pixel -> CRS -> longitude, latitude -> thin plate spline through the ground control points -> radar pixel

The spline is GDAL's. It is evaluated at every 16th pixel of the map grid and interpolated between, and power is
interpolated between its four radar pixels: see `resample`.

Heights are not corrected: ground control points follow the terrain only coarsely, so a mountain that stands h metres
above them is drawn about h / tan(incidence) towards the radar, 1.0 to 1.7 h in IW.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from ..errors import SceneError, SettingError
from ..raster import Bool, Float32, Raster, Window
from .control import METRES_PER_DEGREE, Float64, GroundControl, refusing_points, unwrapped
from .map_grid import MapGrid, grid_around, map_crs
from .resample import Nodes, resample, tile_side, tiles_of
from .scene import Scene

MOST_SAMPLES = 256
"""Along a side of a map pixel: memory is bounded however coarse the grid."""


class _Spline(threading.local):
    """One of GDAL's transformers for each thread."""

    transformer: Any = None

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return _Spline, ()


@dataclass(frozen=True)
class GeocodedScene(Scene):
    """A scene in radar geometry, resampled onto a map grid where it is read."""

    radar: Scene = field(kw_only=True)
    """The scene itself."""
    points: GroundControl = field(kw_only=True, repr=False)
    """Its ground control points."""
    corner: tuple[float, float] = field(kw_only=True)
    """(x, y) of the upper left corner in the map's CRS."""
    pixel: float = field(kw_only=True)
    """Width and height of a pixel there."""
    samples_per_side: int = field(kw_only=True)
    """Radar samples averaged along each side of a map pixel: more than one where the map is coarser than the radar."""
    _spline: _Spline = field(default_factory=_Spline, repr=False, compare=False)

    def select(self, *bands: str) -> Self:
        """The same scene with only these bands, read from the radar scene."""
        return replace(super().select(*bands), radar=self.radar.select(*bands))

    def samples(self) -> Iterator[Raster]:
        """The radar scene's own: levels do not depend on where a pixel stands."""
        yield from self.radar.samples()

    def sampled_facts(self) -> dict[str, str]:
        """The radar scene's own."""
        return self.radar.sampled_facts()

    def stop(self) -> None:
        """Ends those of the radar scene."""
        self.radar.stop()

    @property
    def reads_in_threads(self) -> bool:
        """As the radar scene."""
        return self.radar.reads_in_threads

    def in_reading_order(self, windows: Iterable[Window]) -> list[Window]:
        """By the radar row of their middle: a slanted strip is read once, from top to bottom."""
        listed = list(windows)
        rows = self._radar_positions(
            np.array([window.row + window.height / 2 for window in listed]),
            np.array([window.col + window.width / 2 for window in listed]),
        )[0]
        return [listed[i] for i in np.argsort(rows, kind="stable")]

    def _read_inside(self, window: Window) -> Raster:
        values = np.zeros((len(self.bands), *window.shape), dtype=np.float32)
        valid = np.zeros(window.shape, dtype=bool)
        nodes, n = Nodes.of(window, self._radar_positions), self.samples_per_side
        for tile in tiles_of(window, tile_side(n)):
            inside = tile.within(window)
            part = resample(self._read_radar, nodes.around(tile), tile, len(self.bands), self.radar.grid.window, n)
            if part is None:
                raise SceneError(
                    f"ground control points must make a smooth map, got others in {self.source}; use `grid` radar to "
                    "leave them out"
                )
            values[:, *inside], valid[inside] = part
        return Raster(values, valid, self.bands, self.unit)

    def _read_radar(self, window: Window) -> tuple[Float32, Bool]:
        raster = self.radar.read(window)
        return raster.values.astype(np.float32, copy=False), raster.valid

    def _radar_positions(self, rows: Float64, cols: Float64) -> tuple[Float64, Float64]:
        """Radar rows and columns of map positions (n,), both counted from the outer corner of the first pixel."""
        with refusing_points(self.source):
            return self._transformed(rows, cols)

    def _transformed(self, rows: Float64, cols: Float64) -> tuple[Float64, Float64]:
        from rasterio.warp import transform

        xs, ys = self.corner[0] + self.pixel * cols, self.corner[1] - self.pixel * rows
        lons, lats = transform(self.grid.crs_wkt, self.points.crs, xs, ys)
        if self._spline.transformer is None:
            self._spline.transformer = self.points.transformer()
        x = np.asarray(lons)
        if self.points.is_geographic:
            x = unwrapped(x, float(self.points.xs.mean()))
        rows, cols = self._spline.transformer.rowcol(x, np.asarray(lats), op=np.positive)
        return rows, cols


def geocode(radar: Scene, control: GroundControl, wanted: MapGrid) -> GeocodedScene:
    """A scene in radar geometry as a scene on a map.

    Args:
        radar: its values are resampled as they are, so they should be power or amplitude.
        wanted: CRS and resolution; the scene's `pixel_m` where None, which is measured between the ground control
            points where the scene does not say it.

    Raises:
        SettingError: an unknown CRS, or a resolution that makes too large a grid.
        SceneError: control points that span no area, or make no map.
    """
    control.check(radar.source)
    with refusing_points(radar.source):
        return _geocoded(radar, control, wanted)


def _geocoded(radar: Scene, control: GroundControl, wanted: MapGrid) -> GeocodedScene:
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    spacing_m = radar.pixel_m or control.measured_pixel_m(radar.source)
    lons, lats = control.to_degrees()
    if not (np.isfinite(lons).all() and np.isfinite(lats).all() and np.abs(lats).max() <= 90.0):
        raise SceneError(
            f"ground control points must lie on the Earth, got others in {radar.source}; use `grid` radar to leave "
            "them out"
        )
    try:
        crs = CRS.from_user_input(wanted.crs or map_crs(float(lons.mean()), float(lats.mean())))
        unit_m = METRES_PER_DEGREE if crs.is_geographic else crs.linear_units_factor[1]
    except CRSError as error:
        raise SettingError(f"crs must be one that PROJ knows, got {wanted.crs} ({error}); EPSG:32633 is one") from error
    resolution = wanted.resolution or spacing_m / unit_m
    grid = grid_around(radar, control, crs, resolution)
    samples = max(1, round(resolution * unit_m / spacing_m))
    if samples > MOST_SAMPLES:
        raise SettingError(
            f"resolution must be at most {MOST_SAMPLES * spacing_m / unit_m:g} here, got {resolution:g}; make it finer"
        )
    note = (
        f"drawn on a map through {len(control.rows)} ground control points, {resolution:g} units of the CRS a pixel; "
        f"terrain is not corrected: {control.describe_terrain()}"
    )
    assert grid.transform is not None
    return GeocodedScene(
        radar.source, grid, radar.declaration, (512, 512), radar.validity, notes=(*radar.notes, note),
        about=radar.about, radar=radar, points=control, corner=(grid.transform.c, grid.transform.f), pixel=resolution,
        samples_per_side=samples,
    )  # fmt: skip
