"""A scene: a lazy radar raster that says what it is, and why it thinks so."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from ..errors import SarColorizeError, UnitError, require
from ..notebook import as_html, data_uri
from ..position import in_words, middle_of
from ..raster import Grid, Raster, Unit, Window
from .declare import Declaration
from .names import is_local
from .thumbnail import thumbnail

if TYPE_CHECKING:
    import xarray

    from .control import GroundControl

SAMPLE_BLOCKS = 64
SAMPLE_BLOCK_PX = 512
SAMPLE_VALUES = 1 << 21
"""Values of each band that are kept of them at most, about, where only their distribution counts."""
"""A sample of a scene is at most this many windows of at most this width: the same cost for any size of scene."""


@dataclass(frozen=True)
class Scene(ABC):
    """A radar raster read by windows."""

    source: str
    """Its path or name, for messages and tags."""
    grid: Grid
    declaration: Declaration
    block_shape: tuple[int, int]
    """Rows and columns in which its source is stored; windows along it read fastest."""
    validity: str = "not finite"
    """How it says which pixels are invalid, in words."""
    notes: tuple[str, ...] = ()
    """What a user should know before using it."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What else it says of itself, such as the pass and the processor of a product, by name."""
    control: GroundControl | None = field(default=None, repr=False)
    """Ground control points of a scene in radar geometry; None of a scene that has a grid."""
    pixel_m: float | None = None
    """Ground size of a radar pixel in metres; None if not known."""

    @abstractmethod
    def _read_inside(self, window: Window) -> Raster:
        """`read` for a window that lies wholly in the grid."""

    @property
    def bands(self) -> tuple[str, ...]:
        """Polarisations, in the order in which `read` gives them."""
        return self.declaration.bands

    @property
    def unit(self) -> Unit:
        """What its values measure."""
        return self.declaration.unit

    @property
    def reads_in_threads(self) -> bool:
        """Whether several threads may read it at once, and gain by it; false unless a scene knows that they do."""
        return False

    def read(self, window: Window) -> Raster:
        """Values and validity in a window.

        Args:
            window: may reach outside the grid; there every pixel is invalid.

        Returns:
            (C, height, width) float32 in `unit`. Valid where every band is finite and not masked by nodata, mask
            band or alpha; 0 elsewhere.

        Raises:
            UnreadableError: the source is damaged.
        """
        inside = window.intersect(self.grid.window)
        values = np.zeros((len(self.bands), *window.shape), dtype=np.float32)
        valid = np.zeros(window.shape, dtype=bool)
        if not inside.is_empty:
            part = self._read_inside(inside)
            rows, cols = inside.within(window)
            valid[rows, cols] = part.valid
            values[:, rows, cols] = np.where(part.valid, part.values, np.float32(0.0))
        return Raster(values, valid, self.bands, self.unit)

    def select(self, *bands: str) -> Self:
        """The same scene with only these bands, in this order.

        Raises:
            UnitError: it has no such band.
        """
        missing = [band for band in bands if band not in self.bands]
        if missing:
            raise UnitError(
                f"polarization must be one of {', '.join(self.bands)} in {self.source}, got {missing[0]}; "
                f"its bands: {self.declaration.bands_reason}"
            )
        indexes = tuple(self.declaration.indexes[self.bands.index(band)] for band in bands)
        return replace(self, declaration=replace(self.declaration, bands=bands, indexes=indexes))

    def samples(self) -> Iterator[Raster]:
        """A few windows spread evenly over the scene, the same ones each time."""
        for window in sample_windows(self.grid, self.block_shape):
            yield self.read(window)

    def sampled_facts(self) -> dict[str, str]:
        """What only a look at some of its values can tell, by name; costs as much as `samples`."""
        return {}

    def stop(self) -> None:  # noqa: B027  # most scenes have nothing to end
        """Ends reads that wait for a server, for a run that is given up."""

    def in_reading_order(self, windows: Iterable[Window]) -> list[Window]:
        """Windows in the order in which the source gives them fastest; as they are unless it knows better."""
        return list(windows)

    def to_xarray(self) -> xarray.DataArray:
        """A lazy DataArray (band, y, x), float32, NaN where invalid.

        Dask chunks are whole multiples of the source's blocks; CRS and transform stand in `spatial_ref` as rioxarray
        writes them; `attrs["units"]` is the unit, and the band coordinate the polarisation.
        """
        from .to_xarray import to_xarray

        require("dask", "rioxarray")
        return to_xarray(
            self.read, self.grid, self.bands, self.unit,
            block_shape=self.block_shape, absolute=self.declaration.absolute, source=self.source,
        )  # fmt: skip

    def _repr_html_(self) -> str:
        """What a notebook shows: what the scene is, and a picture of it where no server need be asked."""
        declared, place = self.declaration, middle_of(self.grid)
        rows = [
            ("size", f"{self.grid.width} x {self.grid.height} px"),
            ("bands", f"{', '.join(self.bands)} ({declared.bands_reason})"),
            ("unit", f"{self.unit} ({declared.unit_reason})"),
            ("scale", f"{'absolute' if declared.absolute else 'relative'} ({declared.scale_reason})"),
            ("middle", in_words(*place) if place else "not known, there is no georeference"),
            ("invalid", f"where {self.validity}"),
            *((name.replace("_", " "), text) for name, text in self.about.items()),
        ]
        picture, caption = "", ""
        if is_local(self.source) and "server" not in self.about and not self.grid.window.is_empty:
            try:
                codes, valid, caption = thumbnail(self.select(self.bands[0]).read, self.grid.window)
                picture = data_uri(codes, valid)
            except SarColorizeError as error:
                rows.append(("picture", f"none, {error}"))
        return as_html(f"Radar scene {self.source}", rows, self.notes, picture=picture, caption=caption)


def sample_windows(grid: Grid, block_shape: tuple[int, int], most: int = SAMPLE_BLOCKS) -> Iterator[Window]:
    """Windows of at most SAMPLE_BLOCK_PX on a regular lattice of at most so many places, aligned to blocks."""
    height, width = (min(SAMPLE_BLOCK_PX, max(64, side)) for side in block_shape)
    rows, cols = -(-grid.height // height), -(-grid.width // width)
    per_side = most**0.5
    row_count = max(1, min(rows, most, round(per_side * (rows / cols) ** 0.5) if cols else 1))
    col_count = max(1, min(cols, most // row_count))
    for i in range(row_count):
        for j in range(col_count):
            row = (2 * i + 1) * rows // (2 * row_count) * height
            col = (2 * j + 1) * cols // (2 * col_count) * width
            window = Window(row, col, height, width).intersect(grid.window)
            if not window.is_empty:
                yield window


def sample_step(windows: Sequence[Window]) -> int:
    """Of every so many values of the windows one is kept, so that they are SAMPLE_VALUES of a band at most, about."""
    return max(1, -(-sum(window.height * window.width for window in windows) // SAMPLE_VALUES))
