"""From the radar's own grid to a map: ground control points, a map grid, and a scene resampled onto it by windows.

    map pixel -> CRS -> longitude, latitude -> thin plate spline through the ground control points -> radar pixel

The spline is GDAL's. It is evaluated at every 16th pixel of the map grid and interpolated between, and power is
interpolated between its four radar pixels, all from absolute positions: so two windows agree to the last bit where
they overlap, which a warp of each window would not promise.

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
from .scene import Scene

NODE_PX = 16
"""Distance of the pixels at which the spline is evaluated."""
TILE_PX, RADAR_PX, MOST_SAMPLES = 256, 2048, 256
"""A window is resampled by squares of at most TILE_PX, about RADAR_PX of the radar, NODE_PX at least, with at most
MOST_SAMPLES along a side of a pixel: memory is bounded however coarse the grid."""
MOST_STRETCHED = 20
"""Radar pixels for each map pixel, beyond those that its resolution asks for: about 1.5 on the side of a real scene."""


@dataclass(frozen=True)
class _Nodes:
    """Radar rows and columns at every NODE_PX-th map pixel of a window, which is counted in nodes."""

    window: Window
    rows: Float64
    cols: Float64

    def around(self, tile: Window) -> _Nodes:
        """Only the nodes around a smaller window."""
        part = _node_window(tile)
        inside = part.within(self.window)
        return _Nodes(part, self.rows[inside], self.cols[inside])

    def radar_window(self) -> Window:
        """The radar pixels under the nodes, with those beside them."""
        top, left = int(np.floor(self.rows.min())) - 2, int(np.floor(self.cols.min())) - 2
        return Window(top, left, int(np.ceil(self.rows.max())) + 2 - top, int(np.ceil(self.cols.max())) + 2 - left)

    def widest(self) -> float:
        """Radar pixels that they span along rows or columns, whichever is more; not finite where they are not."""
        return max(float(np.ptp(self.rows)), float(np.ptp(self.cols)))

    def at(self, tile: Window, down: float, right: float) -> tuple[Float64, Float64]:
        """Radar rows and columns (height, width) of the points `down`, `right` (0..1) inside each pixel of a window."""
        y = (np.arange(tile.row, tile.row + tile.height) + down) / NODE_PX
        x = (np.arange(tile.col, tile.col + tile.width) + right) / NODE_PX
        i, j = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
        fy, fx = (y - i)[:, None], (x - j)[None]
        i, j = i - self.window.row, j - self.window.col

        def blend(nodes: Float64) -> Float64:
            along = nodes[:, j] + fx * (nodes[:, j + 1] - nodes[:, j])  # (nodes down, width)
            return along[i] + fy * (along[i + 1] - along[i])

        return blend(self.rows), blend(self.cols)


def _node_window(window: Window) -> Window:
    """The nodes around a window, counted in NODE_PX."""
    row, col = window.row // NODE_PX, window.col // NODE_PX
    bottom, right = -(-(window.row + window.height) // NODE_PX), -(-(window.col + window.width) // NODE_PX)
    return Window(row, col, bottom - row + 1, right - col + 1)


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
        nodes = self._nodes(window)
        side = self._tile_px
        for row in range(window.row // side * side, window.row + window.height, side):
            for col in range(window.col // side * side, window.col + window.width, side):
                tile = Window(row, col, side, side).intersect(window)
                inside = tile.within(window)
                values[:, *inside], valid[inside] = self._resampled(tile, nodes.around(tile))
        return Raster(values, valid, self.bands, self.unit)

    @property
    def _tile_px(self) -> int:
        return max(NODE_PX, min(TILE_PX, RADAR_PX // self.samples_per_side // NODE_PX * NODE_PX))

    def _resampled(self, tile: Window, nodes: _Nodes) -> tuple[Float32, Bool]:
        """Values and validity of a small window: the mean of its samples, each between four radar pixels."""
        n = self.samples_per_side
        total = np.zeros((len(self.bands), *tile.shape), dtype=np.float32)
        weight = np.zeros(tile.shape, dtype=np.float32)
        if not nodes.widest() <= MOST_STRETCHED * self._tile_px * n:
            raise SceneError(
                f"ground control points must make a smooth map, got others in {self.source}; use `grid` radar to leave "
                "them out"
            )
        span = nodes.radar_window()
        if span.intersect(self.radar.grid.window).is_empty:
            return total, np.zeros(tile.shape, dtype=bool)
        raster = self.radar.read(span)
        if not raster.valid.any():
            return total, np.zeros(tile.shape, dtype=bool)
        for i in range(n):
            for j in range(n):
                rows, cols = nodes.at(tile, (2 * i + 1) / (2 * n), (2 * j + 1) / (2 * n))
                for part, share in _four(raster, span, rows, cols):
                    total += part
                    weight += share
        valid = weight >= np.float32(0.5 * n * n)
        return np.where(valid, total / np.where(valid, weight, np.float32(1.0)), np.float32(0.0)), valid

    def _nodes(self, window: Window) -> _Nodes:
        """The nodes around a window."""
        around = _node_window(window)
        rows, cols = np.meshgrid(
            np.arange(around.row, around.row + around.height, dtype=np.float64) * NODE_PX,
            np.arange(around.col, around.col + around.width, dtype=np.float64) * NODE_PX,
            indexing="ij",
        )
        at_rows, at_cols = self._radar_positions(rows.ravel(), cols.ravel())
        return _Nodes(around, at_rows.reshape(around.shape), at_cols.reshape(around.shape))

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


def _four(raster: Raster, span: Window, rows: Float64, cols: Float64) -> Iterator[tuple[Float32, Float32]]:
    """The four radar pixels around each position: values times share, and share, 0 where invalid.

    `span` is the window of the raster, which holds all four: see `_Nodes.radar_window`.
    """
    y, x = rows - 0.5, cols - 0.5  # from corners to centres
    i, j = np.floor(y), np.floor(x)
    fy, fx = (y - i).astype(np.float32), (x - j).astype(np.float32)
    width = span.width
    first = (i.astype(np.intp) - span.row) * width + (j.astype(np.intp) - span.col)
    values, valid = raster.values.reshape(len(raster.bands), -1), raster.valid.ravel().astype(np.float32)
    for offset, share in (
        (0, (1 - fy) * (1 - fx)),
        (1, (1 - fy) * fx),
        (width, fy * (1 - fx)),
        (width + 1, fy * fx),
    ):
        index = first + offset
        share *= valid.take(index)
        yield values.take(index, axis=1) * share, share
