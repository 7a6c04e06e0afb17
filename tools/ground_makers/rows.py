"""Pixels with their kind of ground, colour, decibels, and what is known of their place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from memory_makers.pixels import LAB, lab_of, read_pixels
from numpy.typing import NDArray
from PIL import Image

from sar_colorize.color import TONE_POWER, WHITE_REFLECTANCE, srgb_to_lab
from sar_colorize.palette.world import KINDS, conditions

GREEN_NDVI = 0.35
"""Open ground is green from here on."""
WOOD_NDVI = 0.4
"""Under trees that are less green there is other ground."""
_US = ((-116.0, "us_west"), (-104.0, "us_mountains"), (-94.0, "us_plains"), (180.0, "us_east"))
"""Regions of the United States, from the west to a longitude."""
_PATH, _PASSED = (0.024, 0.040, 0.072), (0.93, 0.89, 0.85)
"""What clear air adds at the top of the atmosphere in B4, B3, B2, and the share of the ground's light that it lets
through: of what is physically likely, that with which the colours of the United States best foretell those of level L2A
elsewhere."""
_DB = ((-32.0, 3.0), (-38.0, -3.0))
"""VV and VH that are not noise."""
_TREES, _BUILT = 4_300_000_000, 6_000_000_000
"""Codes of WorldCereal: trees mixed with fields, which are no wood, and built-up ground."""
_CITY = (-117.53, 33.88, 11)
"""Where and when the pictures of southern California were taken: longitude, latitude, month."""
_TIMOR = (125.6, -8.6, 4)
"""The same of the flood of Dili."""
_SAND = ((5.0, 25.0, 1), (50.0, 20.0, 4), (83.0, 39.0, 7), (15.3, -24.5, 10))
"""Seas of sand, Sahara, Rub al Khali, Taklamakan, Namib: the pictures of sand are of a desert that is not named."""
_SAND_SHARE = 0.2
"""Of the weight of a region."""
_CITY_DB = -17.0
"""VH from which ground of the city is built up."""


@dataclass(frozen=True)
class Rows:
    """N pixels."""

    kind: NDArray[np.int64]
    """(N,) of KINDS; -1 not known."""
    lab: NDArray[np.float64]
    """(N, 3)."""
    db: NDArray[np.float64]
    """(N, 2) VV and VH; NaN where not known."""
    values: NDArray[np.float64]
    """(N, C) conditions."""
    land: NDArray[np.float64]
    """(N, 10) shares of land cover."""
    region: NDArray[np.str_]
    cell: NDArray[np.str_]
    place: NDArray[np.float64]
    """(N, 3) longitude, latitude, month of the cell."""

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of them."""
        return Rows(*(getattr(self, name)[chosen] for name in Rows.__annotations__))

    @property
    def weight(self) -> NDArray[np.float64]:
        """(N,) all regions alike but for sand, and of each the cells by the root of their pixels; the sum is 1."""
        size = pd.Series(self.cell).groupby(self.cell).transform("size").to_numpy()
        root = pd.Series(1.0 / np.sqrt(size))
        weight: NDArray[np.float64] = (root / root.groupby(self.region).transform("sum")).to_numpy()
        weight = np.where(self.region == "sand", _SAND_SHARE * weight, weight)
        return weight / weight.sum()


def read(pixels: Path, pairs: Path) -> Rows:
    """Dated pixels, and pictures of places that are known."""
    parts = (of_pixels(read_pixels(pixels)), of_city(pairs), of_timor(pairs), of_sand(pairs))
    return Rows(*(np.concatenate([getattr(each, name) for each in parts]) for name in Rows.__annotations__))


def of_pixels(table: pd.DataFrame) -> Rows:
    """The dated pixels."""
    high = (table.level == "L1C").to_numpy()[:, None]
    measured = table[["b4", "b3", "b2"]].to_numpy()
    reflectance = np.where(high, (measured - np.array(_PATH)) / np.array(_PASSED), measured)
    table = table.assign(**dict(zip(LAB, lab_of(np.clip(reflectance, 0.0, 1.0)).T, strict=True)))
    known = table.vv_db.between(*_DB[0]) & table.vh_db.between(*_DB[1])
    table = table[known].reset_index(drop=True)
    middle = table.groupby("place_id", observed=True)[["lon", "lat"]].transform("mean")
    place = np.column_stack([middle, table.month]).astype(np.float64)
    found = {key: conditions(key[0], key[1], int(key[2])) for key in {tuple(each) for each in place}}
    region = np.where(
        table.region == "usa",
        np.array([name for _, name in _US])[np.searchsorted([east for east, _ in _US], table.lon)],
        table.region.astype(str),
    )
    return Rows(
        kinds_of(table),
        table[LAB].to_numpy(np.float64),
        table[["vv_db", "vh_db"]].to_numpy(np.float64),
        np.stack([found[tuple(each)][0] for each in place]),
        np.stack([found[tuple(each)][1] for each in place]),
        region.astype(str),
        table.place_id.astype(str).to_numpy().astype(str),
        place,
    )


def kinds_of(table: pd.DataFrame) -> NDArray[np.int64]:
    """The kind of each pixel on its date: labels where there are any, else how green it is; -1 where they disagree."""
    ndvi = ((table.b8 - table.b4) / (table.b8 + table.b4 + 1e-6)).to_numpy()
    ndwi = ((table.b3 - table.b8) / (table.b3 + table.b8 + 1e-6)).to_numpy()
    label, code, b11 = table.dynamic_world.astype(str), table.ewoc_code.fillna(0), table.b11.to_numpy()
    kind = np.where(ndvi > GREEN_NDVI, KINDS.index("field"), KINDS.index("bare"))
    kind[(label == "trees") | (code == _TREES)] = -1
    kind[(label == "trees") & (ndvi > WOOD_NDVI)] = KINDS.index("wood")
    kind[(label == "built") | (code == _BUILT)] = KINDS.index("town")
    wet = (label == "water") & (b11 < 0.15) & (ndvi < 0.25)
    kind[(label == "water") & ~wet] = -1
    kind[wet | ((ndwi > 0.15) & (b11 < 0.08))] = KINDS.index("water")
    return kind


def of_city(pairs: Path) -> Rows:
    """Built-up ground of southern California, means of 64 x 64 pixels; its radar has no absolute level, so no radar."""
    labs = []
    for path in sorted(pairs.glob("train/socal_*/s2/*")):
        radar = next(path.parent.parent.glob("s1/" + path.stem.replace("_s2_", "_s1_") + ".*"))
        with Image.open(path) as colour, Image.open(radar) as code:
            size = (colour.width // 64, colour.height // 64)
            rgb = np.asarray(colour.convert("RGB").resize(size, Image.Resampling.BOX), np.float32) / 255.0
            vh = np.asarray(code.convert("L").resize(size, Image.Resampling.BOX), np.float32) / 255.0 * 32.5 - 32.5
        labs.append(srgb_to_lab(rgb.transpose(2, 0, 1))[:, vh > _CITY_DB].T)
    return _without_radar(np.concatenate(labs), "town", _CITY, "us_west", "city")


def of_timor(pairs: Path) -> Rows:
    """Dili in April 2021, means of 16 x 16 pixels, green or not; its radar has no absolute level, so no radar."""
    labs, greens = [], []
    for path in sorted(pairs.glob("train/timor/s2/*")):
        near = path.parent.parent / "s2_swir" / path.name
        with Image.open(path) as colour, Image.open(near) as infrared:
            size = (colour.width // 16, colour.height // 16)
            rgb, swir = (
                np.asarray(each.convert("RGB").resize(size, Image.Resampling.BOX), np.float64) / 255.0
                for each in (colour, infrared)
            )
        red, nir = WHITE_REFLECTANCE * rgb[..., 0] ** (1.0 / TONE_POWER), swir[..., 1]
        labs.append(srgb_to_lab(rgb.transpose(2, 0, 1).astype(np.float32)).reshape(3, -1).T)
        greens.append(((nir - red) / (nir + red + 1e-6)).ravel())
    lab, ndvi = np.concatenate(labs), np.concatenate(greens)
    green, dry = ndvi > GREEN_NDVI, (ndvi < GREEN_NDVI) & (ndvi > 0.1)
    parts = [
        _without_radar(lab[part], kind, _TIMOR, "timor", "timor") for part, kind in ((green, "field"), (dry, "bare"))
    ]
    return Rows(*(np.concatenate([getattr(each, name) for each in parts]) for name in Rows.__annotations__))


def of_sand(pairs: Path) -> Rows:
    """Sand, as it is taken to be in all seas of sand."""
    labs = []
    for path in sorted(pairs.glob("train/desert/s2/*")):
        with Image.open(path) as colour:
            rgb = np.asarray(colour.convert("RGB").resize((4, 4), Image.Resampling.BOX), np.float32) / 255.0
        labs.append(srgb_to_lab(rgb.transpose(2, 0, 1)).reshape(3, -1).T)
    parts = [_without_radar(np.concatenate(labs), "bare", place, "sand", f"sand_{place[0]:g}") for place in _SAND]
    return Rows(*(np.concatenate([getattr(each, name) for each in parts]) for name in Rows.__annotations__))


def _without_radar(
    lab: NDArray[np.floating], kind: str, place: tuple[float, float, int], region: str, cell: str
) -> Rows:
    """Colours (N, 3) of one kind at one place."""
    count, (values, land) = len(lab), conditions(*place)
    return Rows(
        np.full(count, KINDS.index(kind)), lab.astype(np.float64), np.full((count, 2), np.nan),
        np.tile(values, (count, 1)), np.tile(land, (count, 1)), np.full(count, region), np.full(count, cell),
        np.tile(np.array(place, np.float64), (count, 1)),
    )  # fmt: skip
