"""Ground control points: places whose position is known both in a radar picture and on the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

SPLINE_POINTS = 500
"""Above this many ground control points the spline gives way to a polynomial of order 3; a spline costs n**3."""
Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GroundControl:
    """Places whose position is known in radar pixels and on the ground.

    rows, cols: (n,) in pixels, 0 at the outer corner of the first. xs, ys: (n,) in `crs`, longitudes unwrapped.
    heights_m: (n,) above the ellipsoid.
    is_geographic: whether `crs` counts in degrees.
    """

    rows: Float64
    cols: Float64
    xs: Float64
    ys: Float64
    heights_m: Float64
    crs: str
    is_geographic: bool

    @classmethod
    def of(
        cls, rows: Sequence[float], cols: Sequence[float], xs: Sequence[float], ys: Sequence[float],
        heights_m: Sequence[float], crs: str,
    ) -> Self:  # fmt: skip
        """From sequences; longitudes on both sides of 180 degrees are made to follow each other."""
        from rasterio.crs import CRS

        is_geographic = CRS.from_user_input(crs).is_geographic
        x = np.asarray(xs, dtype=np.float64)
        row, col, y, height = (np.asarray(values, dtype=np.float64) for values in (rows, cols, ys, heights_m))
        return cls(row, col, unwrapped(x, x[0]) if is_geographic else x, y, height, crs, is_geographic)

    def thinned(self, keep: NDArray[np.bool_]) -> GroundControl:
        """Only the points where `keep` is true."""
        row, col, x, y, height = (v[keep] for v in (self.rows, self.cols, self.xs, self.ys, self.heights_m))
        return GroundControl(row, col, x, y, height, self.crs, self.is_geographic)

    def transformer(self) -> Any:
        """GDAL's transformer through these points, forth and back."""
        from rasterio.control import GroundControlPoint
        from rasterio.transform import GCPTransformer

        points = [
            GroundControlPoint(row=row, col=col, x=x, y=y)
            for row, col, x, y in zip(self.rows, self.cols, self.xs, self.ys, strict=True)
        ]
        return GCPTransformer(points, tps=len(points) <= SPLINE_POINTS)


def unwrapped(lons: Float64, around: float) -> Float64:
    """Longitudes within 180 degrees of `around`; other numbers stay as they are."""
    return np.where(np.isfinite(lons), (lons - around + 180.0) % 360.0 - 180.0 + around, lons)
