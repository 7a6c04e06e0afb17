"""What of a source a scene needs, and about how much that is: settled without a request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import SettingError
from ..raster import Grid, Window
from .extent import Extent, extent_of
from .sources import FIRST_SCALE_M, WORLDCOVER, Wanted, mosaic_zone

_WORLDCOVER_PX_M = 9.28
_OVERVIEWS = (16, 8, 4, 2, 1)
_HEADER_BYTES = 5e4
_ROUNDING = 1.3
"""Blocks that are read whole hold more than what is needed."""


@dataclass(frozen=True)
class Plan:
    """What would be fetched for a scene; no request was sent for it."""

    wanted: Wanted
    extent: Extent
    grid: Grid
    """That the mosaic is drawn on."""
    resolution: float
    """Its pixel, metres."""
    why: str
    """In words for the user, where it is coarser than usual; else empty."""
    megabytes: float
    """About."""
    setting: str = "reference"
    """That named it, for messages."""

    @property
    def what(self) -> str:
        """For messages."""
        return f"{self.setting} {self.wanted.name}"


def plan_fetch(grid: Grid, wanted: Wanted, resolution: float | None = None, setting: str = "reference") -> Plan:
    """What of a source a scene needs, and about how much that is; nothing is asked for.

    Args:
        grid: the scene's. resolution: metres; None for the usual one of a scene of this size.
        setting: that named the source, for messages.

    Raises:
        SettingError: the scene has no georeference or is too large, the source does not reach it, or the resolution is
            finer than the source or too fine for the scene.
    """
    what, source = f"{setting} {wanted.name}", wanted.source
    extent = extent_of(grid, what)
    if extent.lats.min() > source.north or extent.lats.max() < source.south:
        raise SettingError(
            f"{what} must be a file for this scene, got one at latitude {extent.latitude:.1f}; the source reaches from "
            f"{source.south:g} to {source.north:g}"
        )
    if resolution is not None and not source.native_m <= resolution <= 5000.0:
        raise SettingError(
            f"reference_resolution must be from {source.native_m:g} to 5000 metres for {wanted.name}, got "
            f"{resolution:g}; leave it out for the usual one"
        )
    finest, why = max(FIRST_SCALE_M, source.native_m), ""
    chosen = extent.usual_resolution(finest) if resolution is None else float(resolution)
    if resolution is None and chosen > finest:
        why = f"coarser than {finest:g} m because the scene covers {extent.area_m2 / 1e6:,.0f} km2"
    plan = Plan(wanted, extent, extent.grid(chosen), chosen, why, 0.0, setting)
    count = max(1, len(cells_of(plan)))
    if source is WORLDCOVER:
        factor = next((f for f in _OVERVIEWS if f * _WORLDCOVER_PX_M <= chosen * 1.05), 1)
        pixel_m2 = (factor * _WORLDCOVER_PX_M) ** 2 * max(0.05, np.cos(np.radians(extent.latitude)))
    else:
        pixel_m2, count = max(source.native_m, chosen / 2) ** 2, 3 * count
    body = extent.area_m2 / pixel_m2 * source.pixel_bytes * _ROUNDING
    return replace(plan, megabytes=float(body + count * _HEADER_BYTES) / 1e6)


def cells_of(plan: Plan) -> dict[Any, Window]:
    """The tiles that the scene needs, by corner or zone, and the window of each on the grid."""
    source = plan.wanted.source

    def cell(lon: float, lat: float) -> Any:
        if not source.south <= lat < source.north:
            return None
        if source.collections:
            return f"{mosaic_zone(lon, lat)} {lon // 1:.0f} {lat // 1:.0f}"  # about as many as tiles of 110 km
        return (int(np.floor(lat)), int(np.floor(lon))) if source is WORLDCOVER else mosaic_zone(lon, lat)

    return plan.extent.tiles(plan.grid, cell)
