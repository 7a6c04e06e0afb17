"""A STAC item beside a raster: what it is, where and when, for catalogues; by pystac."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..credentials import without_credentials
from ..errors import MissingPackageError, SettingError
from ..raster import Grid
from .beside import Beside

PREFIX = "SAR_COLORIZE_"
"""Of the tags of a raster; in an item they are called sar_colorize:model and so on."""
Moments = tuple[datetime.datetime, datetime.datetime]
"""The first and the last of a measurement, UTC."""
_POINTS = 9
"""Along each side of the outline."""
_NAMED_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"


@dataclass(frozen=True)
class Asset:
    """A file of the item."""

    key: str
    path: Path
    roles: tuple[str, ...]
    title: str
    bands: tuple[str, ...] = ()
    """Their names; none of a small picture."""
    dtype: str = ""
    units: tuple[str, ...] = ()
    """Of the bands; empty where they have none."""


class StacItem(Beside):
    """The item of one raster and what was written with it, of the projection extension 2.

    Args:
        path: of the item. assets: the raster first. grid: of all rasters. when: the first and the last moment of the
            measurement, UTC; the same twice where it is one. tags: of the raster.

    Raises:
        SettingError: as `check_stac`. OutputError: as of every output.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        assets: Sequence[Asset],
        grid: Grid,
        when: Moments,
        tags: Mapping[str, str],
        *,
        overwrite: bool = False,
    ) -> None:
        super().__init__(path, overwrite=overwrite)
        self.item = _item(Path(path), assets, grid, when, tags)

    def finish(self) -> None:
        """Writes the item into the hidden folder."""
        text = json.dumps(self.item, indent=2, ensure_ascii=False)
        (self.hidden.path / "cog.tif").write_text(text + "\n", encoding="utf-8")


def item_path(output: str | os.PathLike[str]) -> Path:
    """Where the item of a raster goes: beside it, .json for .tif."""
    return Path(output).with_suffix(".json")


def check_stac(grid: Grid) -> None:
    """Refuses what has no item.

    Raises:
        MissingPackageError: pystac is not installed. SettingError: the grid is not known to lie on Earth.
    """
    try:
        import pystac  # noqa: F401
    except ImportError as error:
        raise MissingPackageError('stac must have pystac, got none; pip install "sar-colorize[stac]"') from error
    _outline(grid)


def _item(path: Path, assets: Sequence[Asset], grid: Grid, when: Moments, tags: Mapping[str, str]) -> Mapping[str, Any]:
    """The item as JSON holds it."""
    import pystac
    from pystac.extensions.projection import ProjectionExtension

    outline, bbox = _outline(grid)
    first, last = when
    item = pystac.Item(
        id=assets[0].path.stem,
        geometry=outline,
        bbox=bbox,
        datetime=first if first == last else None,
        start_datetime=None if first == last else first,
        end_datetime=None if first == last else last,
        properties=_properties(tags),
    )
    code, wkt = _crs(grid)
    transform = list(grid.transform)[:6] if grid.transform is not None else None
    shape = [grid.height, grid.width]
    ProjectionExtension.ext(item, add_if_missing=True).apply(code=code, wkt2=wkt, shape=shape, transform=transform)
    for asset in assets:
        href = Path(os.path.relpath(asset.path.absolute(), path.absolute().parent)).as_posix()
        kind = _NAMED_TYPES.get(asset.path.suffix.lower(), _COG)
        made = pystac.Asset(href=f"./{href}", title=asset.title, media_type=kind, roles=list(asset.roles))
        if asset.bands:
            made.extra_fields["bands"] = _bands(asset)
        item.add_asset(asset.key, made)
    found: dict[str, Any] = item.to_dict(include_self_link=False)
    return found


def _properties(tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags of the program under names of STAC's style."""
    own = {name: text for name, text in tags.items() if name.startswith(PREFIX) and name != f"{PREFIX}SETTINGS"}
    found: dict[str, Any] = {
        f"sar_colorize:{name.removeprefix(PREFIX).lower()}": without_credentials(text) for name, text in own.items()
    }
    if f"{PREFIX}NOTICE" in own:
        found["description"] = own[f"{PREFIX}NOTICE"]
    return found


def _bands(asset: Asset) -> list[dict[str, str]]:
    """The bands of an asset as STAC 1.1 has them."""
    units = asset.units or ("",) * len(asset.bands)
    return [
        {"name": name, "data_type": asset.dtype} | ({"unit": unit} if unit else {})
        for name, unit in zip(asset.bands, units, strict=True)
    ]


def _crs(grid: Grid) -> tuple[str | None, str | None]:
    """The code of a CRS, and its definition where it has none."""
    from rasterio.crs import CRS

    crs = CRS.from_wkt(grid.crs_wkt)
    found = crs.to_authority()
    return (":".join(found), None) if found else (None, crs.to_wkt(version="WKT2"))


def _outline(grid: Grid) -> tuple[dict[str, Any], list[float]]:
    """The outline of a grid in longitude and latitude, cut at the antimeridian, and its box, west over east there.

    Raises:
        SettingError: the grid has no georeference, or a side of it lies nowhere on Earth.
    """
    from rasterio.errors import RasterioError
    from rasterio.warp import transform
    from shapely import MultiPolygon, Polygon, box
    from shapely.affinity import translate
    from shapely.geometry import mapping

    nowhere = "stac must be left out for a scene that has no place on Earth; georeference the scene first"
    if grid.crs_wkt is None or grid.transform is None:
        raise SettingError(nowhere)
    along = np.linspace(0.0, 1.0, _POINTS)[:-1]
    zero, one = np.zeros_like(along), np.ones_like(along)
    cols = np.concatenate([along, one, 1.0 - along, zero]) * grid.width
    rows = np.concatenate([zero, along, one, 1.0 - along]) * grid.height
    a, b, c, d, e, f = tuple(grid.transform)[:6]
    try:
        lons, lats = transform(grid.crs_wkt, "EPSG:4326", a * cols + b * rows + c, d * cols + e * rows + f)
    except RasterioError as error:
        raise SettingError(nowhere) from error
    if not (np.isfinite(lons).all() and np.isfinite(lats).all()):
        raise SettingError(nowhere)
    shape = Polygon(zip(np.unwrap(lons, period=360.0), lats, strict=True))
    parts = []
    for turn in (-360.0, 0.0, 360.0):
        part = translate(shape, turn).intersection(box(-180.0, -90.0, 180.0, 90.0))
        parts += [part] if part.area else []
    west, east = (parts[-1].bounds[0], parts[0].bounds[2]) if len(parts) > 1 else parts[0].bounds[::2]
    whole = MultiPolygon(parts) if len(parts) > 1 else parts[0]
    found = json.loads(json.dumps(mapping(whole)))
    return found, [round(float(v), 7) for v in (west, whole.bounds[1], east, whole.bounds[3])]
