"""Ground control points: places whose position is known both in a radar picture and on the ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import SarColorizeError, SceneError
from .gdal import one_line

METRES_PER_DEGREE = 111_320.0
SPLINE_POINTS = 500
"""Above this many ground control points the spline gives way to a polynomial of order 3; a spline costs n**3."""
Float64 = NDArray[np.float64]
_FARTHEST = 1e10
"""No coordinate, row or column is as large."""


@dataclass(frozen=True, eq=False)
class GroundControl:
    """Places whose position is known in radar pixels and on the ground; arrays of (n,)."""

    rows: Float64
    """In pixels, 0 at the outer corner of the first."""
    cols: Float64
    """In pixels, 0 at the outer corner of the first."""
    xs: Float64
    """In `crs`, longitudes unwrapped."""
    ys: Float64
    """In `crs`."""
    heights_m: Float64
    """Above the ellipsoid."""
    incidence_deg: Float64
    """Of the radar's beam, 0 to 90; NaN where not known."""
    crs: str
    is_geographic: bool
    """Whether `crs` counts in degrees."""

    @classmethod
    def of(
        cls, rows: Sequence[float], cols: Sequence[float], xs: Sequence[float], ys: Sequence[float],
        heights_m: Sequence[float], crs: str, incidence_deg: Sequence[float] | None = None,
    ) -> Self:  # fmt: skip
        """From sequences; longitudes on both sides of 180 degrees are made to follow each other."""
        from rasterio.crs import CRS

        is_geographic = CRS.from_user_input(crs).is_geographic
        x = np.asarray(xs, dtype=np.float64)
        row, col, y, height = (np.asarray(values, dtype=np.float64) for values in (rows, cols, ys, heights_m))
        incidence = np.full(len(x), np.nan) if incidence_deg is None else np.asarray(incidence_deg, dtype=np.float64)
        return cls(row, col, unwrapped(x, x[0]) if is_geographic else x, y, height, incidence, crs, is_geographic)

    def thinned(self, keep: NDArray[np.bool_]) -> GroundControl:
        """Only the points where `keep` is true."""
        row, col, x, y, height, incidence = (
            values[keep] for values in (self.rows, self.cols, self.xs, self.ys, self.heights_m, self.incidence_deg)
        )
        return GroundControl(row, col, x, y, height, incidence, self.crs, self.is_geographic)

    def check(self, source: str) -> None:
        """Refuses points of which none can make a map, whatever GDAL does with them.

        Raises:
            SceneError: not finite, or fewer than four places; `source` is named.
        """
        numbers = np.stack([self.rows, self.cols, self.xs, self.ys])
        if (
            np.isfinite(numbers).all()
            and np.abs(numbers).max() < _FARTHEST
            and len(np.unique(numbers[2:], axis=1).T) > 3
        ):
            return
        raise SceneError(
            f"ground control points must be four or more places, got {len(self.rows)} that are not in {source}; use "
            "`grid` radar to leave them out"
        )

    def to_degrees(self) -> tuple[Float64, Float64]:
        """Longitudes and latitudes of the points."""
        from rasterio.warp import transform

        lons, lats = transform(self.crs, "EPSG:4326", self.xs, self.ys)
        return unwrapped(np.asarray(lons), lons[0]), np.asarray(lats)

    def measured_pixel_m(self, source: str) -> float:
        """Mean ground size of a radar pixel in metres, from a plane through the points, to two digits.

        Raises:
            SceneError: points that span no area; `source` is named.
        """
        lons, lats = self.to_degrees()
        east, north = lons * METRES_PER_DEGREE * np.cos(np.radians(lats.mean())), lats * METRES_PER_DEGREE
        design = np.stack([np.ones_like(self.cols), self.cols, self.rows], 1)
        fitted, _, rank, _ = np.linalg.lstsq(design, np.stack([east, north], 1), rcond=None)
        area = abs(np.linalg.det(fitted[1:]))
        if rank < 3 or not area > 0:
            raise SceneError(
                f"ground control points must span an area, got {len(self.rows)} in a line in {source}; use "
                "`grid` radar to leave them out"
            )
        return float(f"{area**0.5:.2g}")

    def describe_terrain(self) -> str:
        """How far off a place above the points is drawn: 130 % of its height where incidence is not said."""
        known = (self.incidence_deg > 0) & (self.incidence_deg < 90)
        per_m = float((1.0 / np.tan(np.radians(self.incidence_deg[known]))).mean()) if known.any() else 1.3
        return (
            f"ground 100 m above the points, which stand {self.heights_m.min():.0f} to {self.heights_m.max():.0f} m "
            f"high, is drawn about {100 * per_m:.0f} m towards the radar"
        )

    def transformer(self) -> Any:
        """GDAL's transformer through these points, forth and back."""
        from rasterio.control import GroundControlPoint
        from rasterio.transform import GCPTransformer

        points = [
            GroundControlPoint(row=row, col=col, x=x, y=y)
            for row, col, x, y in zip(self.rows, self.cols, self.xs, self.ys, strict=True)
        ]
        return GCPTransformer(points, tps=len(points) <= SPLINE_POINTS)


@contextmanager
def refusing_points(source: str) -> Iterator[None]:
    """What GDAL, PROJ and numpy say of control points that make no map, as one sentence.

    Raises:
        SceneError: such points; `source` is named.
    """
    from rasterio._err import CPLE_BaseError  # GDAL's errors of which rasterio makes none of its own
    from rasterio.errors import CRSError, RasterioError

    try:
        with np.errstate(all="ignore"):
            yield
    except (CPLE_BaseError, RasterioError, CRSError, ValueError, OverflowError, np.linalg.LinAlgError) as error:
        if isinstance(error, SarColorizeError):
            raise
        raise SceneError(
            f"ground control points must make a map, got others in {source} ({one_line(error)}); use `grid` radar to "
            "leave them out"
        ) from error


def unwrapped(lons: Float64, around: float) -> Float64:
    """Longitudes within 180 degrees of `around`; other numbers stay as they are."""
    return np.where(np.isfinite(lons), (lons - around + 180.0) % 360.0 - 180.0 + around, lons)
