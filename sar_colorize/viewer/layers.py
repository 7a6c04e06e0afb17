"""The pictures of a page: each source is told apart, drawn on the first one's grid, and packed as WebP."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from ..backscatter import db_range_of, to_db, to_power
from ..color import to_uint8
from ..credentials import name_without_credentials
from ..errors import SettingError
from ..raster import Bool, Float32, Grid, Raster, Unit, Window
from ..reference.picture import PICTURE_8, look_at, open_picture
from ..reference.warp import warp
from ..scene import Scene, open_scene
from ..scene.alignment import Alignment
from ..scene.bands import POLARIZATIONS
from ..scene.date import find_date
from ..scene.names import is_folder, is_local
from ..scene.safe import is_product
from .values import ERROR, KINDS, MEMORY, pack_values

COLOUR, PICTURE, RADAR = "colour", "picture", "radar"
"""A picture of this program; any other optical raster; radar."""
_STRIP_PIXELS = 4 << 20
_STRETCH = (2.0, 98.0)


@dataclass(frozen=True)
class Base:
    """The picture whose grid a page has."""

    path: str
    grid: Grid
    """Its own, cut to whole steps."""
    size: tuple[int, int]
    """Its height and width."""
    step: int
    """Pixels of it along a side of one of the page."""
    tags: Mapping[str, str]

    @property
    def page(self) -> Grid:
        """The grid of the page."""
        transform = self.grid.transform
        if transform is not None:
            transform = transform @ Affine.scale(self.step)
        return Grid(self.grid.height // self.step, self.grid.width // self.step, transform, self.grid.crs_wkt)

    def rows(self, crs: str | None) -> tuple[tuple[str, str], ...]:
        """What the table of facts says of the raster itself."""
        size = f"{self.size[1]} x {self.size[0]} px"
        if self.step > 1:
            size += f", shown at {self.page.width} x {self.page.height}"
        return ("File", _name(self.path)), ("Size", size), ("CRS", crs or "none")


@dataclass(frozen=True)
class Layer:
    """One picture of a page, or values that are shown over the pictures."""

    kind: str
    """COLOUR, PICTURE, RADAR, or "values"."""
    title: str
    webp: bytes
    about: Mapping[str, Any]
    """What a browser must know of values: unit, colours, codes."""
    rows: tuple[tuple[str, str], ...] = ()
    """What it adds to the table of facts."""


def sort_sources(paths: Sequence[str]) -> list[tuple[str, str]]:
    """(kind, path) of each source, the coloured picture that the page is of first.

    Raises:
        SettingError: none is a picture. Also what opening one raises.
    """
    kinds = [(_kind_of(path), path) for path in paths]
    for wanted in (COLOUR, PICTURE):
        for number, (kind, _) in enumerate(kinds):
            if kind == wanted:
                return [kinds[number], *kinds[:number], *kinds[number + 1 :]]
    raise SettingError(
        f"one source must be a colour picture, got {', '.join(map(_name, paths))}; name what colorize wrote first"
    )


def _kind_of(path: str) -> str:
    """What a source is, from its bands and tags."""
    if is_local(path) and (is_product(path) or is_folder(path) or path.lower().endswith(".zip")):
        return RADAR
    with open_picture(path, "source") as dataset:
        names = tuple(str(name or "") for name in dataset.descriptions)
        count, tags, is_8bit = dataset.count, dataset.tags(), dataset.dtypes[0] == "uint8"
    if names in ((ERROR,), MEMORY, KINDS):
        return "values"
    if any(name.upper() in POLARIZATIONS for name in names) or count < 3:
        return RADAR
    return COLOUR if "SAR_COLORIZE_MODEL" in tags and is_8bit else PICTURE


def find_base(path: str, most_px: int) -> Base:
    """The grid of a page whose pictures have at most `most_px` a side."""
    with open_picture(path, "source") as dataset:
        grid, tags = _grid_of(dataset), dataset.tags()
    step = max(1, -(-max(grid.height, grid.width) // most_px))
    height, width = (max(1, side // step) * step for side in (grid.height, grid.width))
    cut = Grid(min(height, grid.height), min(width, grid.width), grid.transform, grid.crs_wkt)
    return Base(path, cut, grid.window.shape, step, tags)


def draw_layer(kind: str, path: str, base: Base, *, polarization: str | None, quality: int) -> list[Layer]:
    """The layers of one source: one picture, or one of each band of values.

    Raises:
        SettingError: it lies elsewhere, or values on another grid. Also what reading it raises.
    """
    if kind == "values":
        return [Layer("values", *made) for made in pack_values(path, base.grid, base.step)]
    if kind == RADAR:
        scene = open_scene(path)
        band = polarization.upper() if polarization is not None else scene.bands[0]
        codes, valid = _draw_radar(scene.select(band), base)
        taken = find_date({"acquisition_time": scene.about.get("time", "")}, scene.source)
        return [Layer(RADAR, _title(f"Radar {band}", taken), _webp(codes, valid, quality), {})]
    codes, valid, tags = _draw_picture(path, base)
    date = str(tags.get("SAR_COLORIZE_DATE") or find_date(tags, path) or "")
    if kind == COLOUR:
        title = f"Colour, {tags['SAR_COLORIZE_MODEL'][:80]}"
    else:
        is_reference = _name(base.tags.get("SAR_COLORIZE_REFERENCE", "")) == _name(path)
        if is_reference and not date:
            date = base.tags.get("SAR_COLORIZE_REFERENCE_DATE", "").replace("unknown", "")
        title = "Reference" if is_reference else f"Picture {_name(path)[:80]}"
    return [Layer(kind, _title(title, date), _webp(codes, valid, quality), {})]


def _title(what: str, date: object) -> str:
    return f"{what}, {str(date)[:10]}" if date else what


def _name(path: str) -> str:
    """The name of a file without its folder."""
    return PurePosixPath(name_without_credentials(path).replace("\\", "/").rstrip("/")).name


def _grid_of(dataset: Any) -> Grid:
    """Size and georeference of an open raster; none where one of transform and CRS is missing."""
    if dataset.crs is None or dataset.transform.is_identity:
        return Grid(dataset.height, dataset.width)
    return Grid(dataset.height, dataset.width, dataset.transform, dataset.crs.to_wkt())


def _draw_picture(path: str, base: Base) -> tuple[NDArray[np.uint8], Bool, Mapping[str, str]]:
    """Codes (3, h, w) of an optical raster on the page's grid, where it shows something, and its tags."""
    from rasterio.enums import Resampling
    from rasterio.windows import Window as RioWindow

    picture, page = look_at(path, "source"), base.page
    with open_picture(path, "source") as dataset:
        tags, own = dataset.tags(), _grid_of(dataset)
        if path == base.path or _is_on(base.grid, own):  # its overviews are read
            part, bands = RioWindow(0, 0, base.grid.width, base.grid.height), list(picture.bands)
            values = dataset.read(bands, window=part, out_shape=(3, *page.window.shape), resampling=Resampling.average)
            seen: Bool = dataset.dataset_mask(window=part, out_shape=page.window.shape) > 0
            codes = values if picture.kind == PICTURE_8 else to_uint8(picture.rgb(values))
            return codes, seen, tags
    drawn = warp(path, page, "source")
    codes, valid = np.zeros((3, *page.window.shape), np.uint8), np.zeros(page.window.shape, bool)
    for strip in _strips(page, 1):
        rgb, seen = drawn.rgb(strip)
        rows = slice(strip.row, strip.row + strip.height)
        codes[:, rows], valid[rows] = to_uint8(rgb), seen
    return codes, valid, tags


def _is_on(grid: Grid, own: Grid) -> bool:
    """Whether a raster has the pixels of the base, pixel on pixel; it may have up to a step more."""
    near = own.height >= grid.height and own.width >= grid.width
    cut = own.crop(Window(0, 0, grid.height, grid.width)) if near else own
    alignment = Alignment(grid, cut)
    return near and alignment.is_possible and alignment.shift == (0, 0)


def _draw_radar(scene: Scene, base: Base) -> tuple[NDArray[np.uint8], Bool]:
    """Grey codes (1, h, w) of one band on the page's grid: decibels of the mean power, stretched over the picture."""
    page, band = base.page, scene.bands[0]
    if not (alignment := Alignment(base.grid, scene.grid)).is_possible or alignment.overlap.is_empty:
        raise SettingError(
            f"source must lie on the ground of {_name(base.path)}, got {_name(scene.source)}, which lies elsewhere; "
            "leave it out"
        )
    power, valid = np.zeros(page.window.shape, np.float32), np.zeros(page.window.shape, bool)
    on_page = Alignment(page, scene.grid)

    def read(window: Window) -> tuple[Float32, Bool]:
        raster: Raster = scene.read(window)
        return to_power(raster.values, raster.unit, db_range_of(band)), raster.valid

    for strip in _strips(page, base.step):
        rows = slice(strip.row, strip.row + strip.height)
        if alignment.shift is not None:
            row, col, step = *alignment.shift, base.step
            wide = Window(strip.row * step + row, col, strip.height * step, strip.width * step)
            power[rows], valid[rows] = _mean(*read(wide), step)
        else:
            values, valid[rows] = on_page.read(read, strip, 1)
            power[rows] = values[0]
    db = to_db(np.where(valid, power, np.float32(1.0)), Unit.POWER, db_range_of(band))
    low, high = np.percentile(db[valid], _STRETCH) if valid.any() else db_range_of(band)
    scaled = np.clip((db - low) / max(float(high - low), 0.1), 0.0, 1.0)
    return to_uint8(scaled)[None], valid


def _mean(values: Float32, valid: Bool, step: int) -> tuple[Float32, Bool]:
    """Means (h, w) of the valid pixels of every step x step, and where there is one."""
    height, width = valid.shape[0] // step, valid.shape[1] // step
    shape = (height, step, width, step)
    count = valid.reshape(shape).sum((1, 3), dtype=np.float32)
    total = np.where(valid, values[0], np.float32(0.0)).reshape(shape).sum((1, 3), dtype=np.float32)
    return total / np.maximum(count, np.float32(1.0)), count > 0


def _strips(page: Grid, step: int) -> list[Window]:
    """Strips of a page, whole rows, whose pixels in the source are bounded."""
    height = max(1, _STRIP_PIXELS // (page.width * step * step))
    whole = page.window
    return [Window(row, 0, height, whole.width).intersect(whole) for row in range(0, whole.height, height)]


def _webp(codes: NDArray[np.uint8], valid: Bool, quality: int) -> bytes:
    """A lossy WebP of codes (1 or 3, h, w), transparent where invalid."""
    from PIL import Image

    pixels = np.repeat(codes, 3, axis=0) if len(codes) == 1 else codes
    pixels = np.where(valid, pixels, np.uint8(0)).transpose(1, 2, 0)
    if not valid.all():
        pixels = np.dstack([pixels, np.where(valid, np.uint8(255), np.uint8(0))])
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()
