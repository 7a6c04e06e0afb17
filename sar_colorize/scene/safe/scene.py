"""A Sentinel-1 GRD product as a lazy scene of calibrated power, in radar geometry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import SettingError, UnreadableError
from ...raster import Float32, Grid, Raster, Unit, Window
from ..declare import Declaration
from ..gdal import TIFF, open_quietly, readable_by_gdal
from ..scene import Scene, sample_windows
from .archive import Archive, open_archive
from .border import Border, find_border
from .measurement import BAND_ROWS, Measurement, piece_of
from .product import Channel, Product, check_polarization, read_product
from .vectors import QUANTITIES, Noise, Vectors, read_gain, read_noise

SAMPLE_BANDS = 12
SAMPLE_ROWS = 32
SAMPLE_TILES = 16
"""Of a product that is stored in tiles, at most."""


@dataclass(frozen=True)
class CalibratedChannel:
    """One polarisation: its digital numbers, and how they become power. noise is None where it is kept."""

    measurement: Measurement
    gain: Vectors
    noise: Noise | None

    @property
    def is_whole(self) -> bool:
        """Whether every value of its vectors is known."""
        return self.gain.is_whole and (self.noise is None or self.noise.is_whole)

    def power(self, window: Window) -> tuple[Float32, Float32]:
        """Power and digital numbers of a window, (height, width).

        Power is negative where the noise is above it, and NaN where gain or noise is not known.

        power = (DN**2 - noise) / A**2
        """
        dn = self.measurement.read(window).astype(np.float32)
        squared = dn * dn
        if self.noise is not None:
            squared -= self.noise.at(window).astype(np.float32)
        gain = self.gain.at(window).astype(np.float32)
        return squared / (gain * gain), dn


@dataclass(frozen=True)
class SafeScene(Scene):
    """Calibrated power of a product, read by windows.

    Invalid where a digital number is 0, at a dark border, and where calibration or noise is not known.
    """

    product: Product | None = field(default=None, repr=False, compare=False)
    channels: Mapping[str, CalibratedChannel] = field(default_factory=dict, repr=False, compare=False)
    border: Border | None = field(default=None, repr=False, compare=False)

    @property
    def reads_in_threads(self) -> bool:
        """A product on this machine: rows are decoded once, by one thread at a time, and the rest runs beside it."""
        return all(channel.measurement.before_read is None for channel in self.channels.values())

    def _read_inside(self, window: Window) -> Raster:
        powers = []
        valid = np.ones(window.shape, dtype=bool)
        for band in self.bands:
            power, dn = self.channels[band].power(window)
            valid &= dn > 0
            if not self.channels[band].is_whole:
                valid &= np.isfinite(power)
            powers.append(np.maximum(power, np.float32(0.0)))
        if self.border is not None:
            valid &= self.border.inside(window)
        return Raster(np.stack(powers), valid, self.bands, self.unit)

    def stop(self) -> None:
        """Ends reads that wait for a server."""
        if self.product is not None:
            self.product.archive.stop()

    def samples(self) -> Iterator[Raster]:
        """A few strips of whole rows, or tiles, as the product is stored."""
        for window in self._sample_windows():
            yield self.read(window)

    def sampled_facts(self) -> dict[str, str]:
        """How many of the sampled measurements are below the thermal noise, and were set to 0, by channel."""
        said = []
        for band in self.bands:
            below = total = 0
            for window in self._sample_windows():
                power, dn = self.channels[band].power(window)
                below += int(((power < 0) & (dn > 0)).sum())
                total += int((dn > 0).sum())
            said.append(f"{band} {below} of {total} ({100 * below / max(1, total):.2g} %)")
        return {"below_noise": "set to 0: " + ", ".join(said) + ", sampled"}

    def _sample_windows(self) -> Iterator[Window]:
        height, width = self.grid.height, self.grid.width
        if self.block_shape[1] < width:
            yield from sample_windows(self.grid, self.block_shape, SAMPLE_TILES)
            return
        bands = min(SAMPLE_BANDS, max(1, height // SAMPLE_ROWS))
        for number in range(bands):
            row = (2 * number + 1) * height // (2 * bands) // BAND_ROWS * BAND_ROWS
            yield Window(row, 0, SAMPLE_ROWS, width).intersect(self.grid.window)


def open_product(
    source: str, *, polarization: str | None = None, calibration: str = "sigma0", remove_noise: bool = True
) -> SafeScene:
    """A SAFE product as a scene; reads its metadata, and of old products the edges.

    Args:
        source: a .SAFE folder, its zip, its manifest.safe, or one of its measurement TIFFs.
        polarization: the one channel to use; all of them where None.
        calibration: "sigma0", "beta0" or "gamma0".
        remove_noise: whether thermal noise is subtracted; power below it becomes 0.

    Raises:
        UnreadableError: a part is missing or damaged. SceneError: not a GRD product. UnitError: no such polarisation.
        SettingError: an unknown calibration.
    """
    archive, only = open_archive(source)
    return scene_of(archive, only, polarization=polarization, calibration=calibration, remove_noise=remove_noise)


def scene_of(
    archive: Archive,
    only: str | None = None,
    *,
    polarization: str | None = None,
    calibration: str = "sigma0",
    remove_noise: bool = True,
) -> SafeScene:
    """The product in an archive as a scene: `open_product` for any archive.

    Args:
        only: a measurement member, to read this channel alone.
    """
    if calibration not in QUANTITIES:
        raise SettingError(f"calibration must be one of {', '.join(QUANTITIES)}, got {calibration!r}; sigma0 is usual")
    source = archive.source
    product = read_product(archive, only)
    used = check_polarization(product, polarization)
    noises = {channel.polarization: _noise(product, channel) for channel in used}
    channels = {
        channel.polarization: CalibratedChannel(
            _measurement(product, channel),
            read_gain(archive.xml(channel.calibration), calibration, f"{channel.calibration} of {source}"),
            noises[channel.polarization] if remove_noise else None,
        )
        for channel in used
    }
    border = None
    first = noises[used[0].polarization]
    if first is not None and not first.along:  # before IPF 2.90: the year in which ESA began to clear borders too
        border = find_border(channels[used[0].polarization].measurement, first, product.height, product.width)
    bands = tuple(channels)
    said = _what_is_done(calibration, remove_noise, list(noises.values()))
    declared = Declaration(
        bands, tuple(range(len(bands))), "from the product's annotation", Unit.POWER, said, True,
        f"{calibration} is absolute",
    )  # fmt: skip
    about = product.facts() | {
        "noise_form": first.form if first is not None else "none",
        "border": border.describe() if border is not None else "cleared by ESA's processor",
        "calibration": said,
    }
    return SafeScene(
        source, Grid(product.height, product.width), declared, _block_shape(channels),
        _validity(border, channels), notes=tuple(_notes(channels, noises, remove_noise)), about=about,
        control=product.control, pixel_m=product.pixel_m[0], product=product, channels=channels, border=border,
    )  # fmt: skip


def _block_shape(channels: Mapping[str, CalibratedChannel]) -> tuple[int, int]:
    """Rows and columns of the pieces in which the first channel is read."""
    return next(iter(channels.values())).measurement.piece


def _validity(border: Border | None, channels: Mapping[str, CalibratedChannel]) -> str:
    ways = ["digital number 0"]
    if border is not None:
        ways.append("dark border")
    if not all(channel.is_whole for channel in channels.values()):
        ways.append("impossible calibration or noise")
    return ", ".join(ways)


def _notes(
    channels: Mapping[str, CalibratedChannel], noises: Mapping[str, Noise | None], remove_noise: bool
) -> Iterator[str]:
    if None in noises.values() and remove_noise:
        yield "the product has no noise file: thermal noise was left in"
    damaged = [band for band, channel in channels.items() if not channel.is_whole]
    if damaged:
        yield f"impossible calibration or noise values of {', '.join(damaged)}: pixels that depend on them are invalid"


def _what_is_done(calibration: str, remove_noise: bool, noises: list[Noise | None]) -> str:
    name = {"sigma0": "sigma nought", "beta0": "beta nought", "gamma0": "gamma nought"}[calibration]
    removed = remove_noise and None not in noises
    return f"{name} by the product's calibration vectors, thermal noise {'removed' if removed else 'kept'}"


def _noise(product: Product, channel: Channel) -> Noise | None:
    if channel.noise is None:
        return None
    return read_noise(product.archive.xml(channel.noise), f"{channel.noise} of {product.archive.source}")


def _measurement(product: Product, channel: Channel) -> Measurement:
    """The measurement of a channel, whose header must agree with the annotation."""
    source = f"{channel.measurement} of {product.archive.source}"
    location = product.archive.gdal_path(channel.measurement)
    with readable_by_gdal(source), open_quietly(location, TIFF, alone=True) as dataset:
        size, dtype, block = (dataset.width, dataset.height), dataset.dtypes[0], dataset.block_shapes[0]
    if size != (product.width, product.height) or dtype != "uint16":
        raise UnreadableError(
            f"measurement must be {product.width} x {product.height} px of uint16 as its annotation says, got "
            f"{size[0]} x {size[1]} of {dtype} in {source}; download the product again"
        )
    piece = piece_of(block, (product.height, product.width))
    return Measurement(
        location, source, (product.height, product.width), piece, product.archive.before_read(channel.measurement)
    )
