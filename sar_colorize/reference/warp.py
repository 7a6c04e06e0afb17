"""An optical raster on the grid of a scene, read by windows: bounded in memory, the same bits for every window."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..color import srgb_to_lab
from ..errors import SettingError
from ..raster import Bool, Float32, Grid, Window
from ..scene.alignment import MOST_FINER, Alignment
from ..scene.gdal import Handles, readable_by_gdal
from .clouds import CLEAR_HALO_PX, clear_ground
from .picture import Picture, PictureSource, look_at, name_of, open_picture, opened_picture


@dataclass(frozen=True)
class WarpedPicture:
    """A picture, and how it lies under a scene; every thread that reads it opens it for itself."""

    picture: Picture
    alignment: Alignment
    what: str
    """The setting that named it, for messages."""
    overview: int | None = None
    """Number of the overview that is read, from 0; None for the raster itself."""
    _handles: Handles = field(default_factory=Handles, repr=False, compare=False)

    @property
    def name(self) -> str:
        """For messages and tags."""
        return name_of(self.picture.source)

    @property
    def overlap(self) -> Window:
        """The scene's pixels under it."""
        return self.alignment.overlap

    def read(self, window: Window) -> tuple[Float32, Bool]:
        """CIE Lab (3, H, W) of a window of the scene's grid, 0 where no ground is shown, and where it is (H, W).

        Args:
            window: may reach outside the scene.

        Raises:
            SettingError: it cannot be read.
        """
        wide = window.pad(CLEAR_HALO_PX)
        rgb, seen = self.rgb(wide)
        inner = window.within(wide)
        clear = clear_ground(rgb * np.float32(255.0), seen, ~self.in_scene(wide))[inner]
        lab: Float32 = srgb_to_lab(np.ascontiguousarray(rgb[(slice(None), *inner)]))
        return np.where(clear, lab, np.float32(0.0)), clear

    def rgb(self, window: Window) -> tuple[Float32, Bool]:
        """The sRGB (3, H, W) in 0..1 of a window, clouds included, and where the raster has values."""
        values, seen = self.alignment.read(self._read_source, window, 3)
        return self.picture.rgb(values), seen

    def in_scene(self, window: Window) -> Bool:
        """(H, W) which pixels of a window the scene has."""
        inside = np.zeros(window.shape, bool)
        part = window.intersect(self.alignment.target.window)
        if not part.is_empty:
            inside[part.within(window)] = True
        return inside

    def _read_source(self, window: Window) -> tuple[Float32, Bool]:
        """Digital numbers of a window of the raster's own pixels, 0 where it has none, and where it has."""
        from rasterio.windows import Window as RioWindow

        values, seen = np.zeros((3, *window.shape), np.float32), np.zeros(window.shape, bool)
        inside = window.intersect(self.alignment.source.window)
        if inside.is_empty:
            return values, seen
        bands, part = list(self.picture.bands), RioWindow(inside.col, inside.row, inside.width, inside.height)
        with readable_by_gdal(self.name, self.what, SettingError):
            if self._handles.dataset is None:
                self._handles.dataset = opened_picture(self.picture.source, self.what, self.overview)
            read = self._handles.dataset.read(bands, window=part)
            shown = (self._handles.dataset.read_masks(bands, window=part) > 0).any(0)
        shown &= np.isfinite(read).all(0)
        here = inside.within(window)
        values[(slice(None), *here)], seen[here] = np.where(shown, read, 0), shown
        return values, seen


def warp(source: PictureSource, grid: Grid, what: str = "reference") -> WarpedPicture:
    """An optical raster on the grid of a scene.

    Raises:
        SettingError: it cannot be read, lies elsewhere, has no georeference where the scene has one or the other way
            round, or is far finer than the scene.
    """
    picture = look_at(source, what)
    with open_picture(source, what) as dataset:
        extent = _grid_of(dataset)
        factors = dataset.overviews(picture.bands[0]) if isinstance(source, str) else []
    alignment = Alignment(grid, extent)
    _check(alignment, name_of(source), what)
    number = _overview(factors, alignment.finer)
    if number is not None:
        with readable_by_gdal(name_of(source), what, SettingError), opened_picture(source, what, number) as dataset:
            alignment = Alignment(grid, _grid_of(dataset))
    if alignment.finer >= MOST_FINER + 1:
        raise SettingError(
            f"{what} must be at most {MOST_FINER} times finer than the scene, got {alignment.finer:.0f} times in "
            f"{name_of(source)}; give it overviews with gdaladdo"
        )
    return WarpedPicture(picture, alignment, what, number)


def _grid_of(dataset: object) -> Grid:
    """Size, transform and CRS of an open raster; no georeference where one of the two is missing."""
    height, width = dataset.height, dataset.width  # type: ignore[attr-defined]
    transform, crs = dataset.transform, dataset.crs  # type: ignore[attr-defined]
    if crs is None or transform.is_identity:
        return Grid(height, width)
    return Grid(height, width, transform, crs.to_wkt())


def _check(alignment: Alignment, name: str, what: str) -> None:
    """Refuses a raster that cannot be drawn on a scene.

    Raises:
        SettingError: no georeference on one side, or no overlap.
    """
    scene, source = alignment.target, alignment.source
    if not alignment.is_possible:
        is_scenes = scene.crs_wkt is None or scene.transform is None
        lacks, mend = (
            ("the scene has none", "give the scene its georeference, or a raster of its size without one")
            if is_scenes
            else (f"{name} has none", "give it one, for example with gdal_translate -a_srs -a_ullr")
        )
        raise SettingError(
            f"{what} must have a georeference and so must the scene, got {source.width} x {source.height} px for "
            f"{scene.width} x {scene.height}, and {lacks}; {mend}"
        )
    if alignment.overlap.is_empty:
        raise SettingError(f"{what} must overlap the scene, got {name}, which lies elsewhere; choose one of the place")


def _overview(factors: list[int], finer: float) -> int | None:
    """The coarsest overview that still has two pixels along a side of a scene's pixel; None where there is none."""
    usable = [number for number, factor in enumerate(factors) if 1 < factor <= finer / 2]
    return max(usable, key=lambda number: factors[number], default=None)
