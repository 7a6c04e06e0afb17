"""Sentinel-1 GRD products made on the spot, to the published layout: small, with known gains, noise and positions.

Ground control points are those of a descending pass, seen from the east: the first column is the eastern edge.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.control import GroundControlPoint

HEIGHT, WIDTH = 400, 600
STEM = "s1a-iw-grd-{}-20210119t031653-20210119t031718-036201-043ed0-00{}"
NAME = "S1A_IW_GRDH_1SDV_20210119T031653_20210119T031718_036201_043ED0_8255"
LINES, PIXELS = (0, 200, 399), (0, 150, 300, 450, 599)


def position(row: float, col: float) -> tuple[float, float]:
    """Longitude and latitude of a place in radar pixels, corners at whole numbers; smooth, 10 m a pixel, turned."""
    east, north = -10.0 * col + 1.7 * row, -1.7 * col - 10.0 * row
    north += 2e-5 * north * north / 10.0
    return float(11.0 + east / (111_320.0 * np.cos(np.radians(46.0)))), float(46.0 + north / 110_574.0)


def gain_at(line: float, pixel: float) -> float:
    """The sigma nought gain, bilinear in line and pixel, so that interpolation must give it back exactly."""
    return 300.0 + 0.1 * pixel + 0.05 * line


@dataclass(frozen=True)
class Make:
    """What a product may differ in."""

    ipf: str = "003.31"
    old_noise: bool = False
    mode: str = "IW"
    kind: str = "GRD"
    polarizations: tuple[str, ...] = ("VV", "VH")
    noise: float = 900.0
    dn: Callable[[str], np.ndarray] | None = None


def default_dn(polarization: str) -> np.ndarray:
    """(HEIGHT, WIDTH) uint16: speckled fields, a black frame of three pixels."""
    rng = np.random.default_rng(5 if polarization in ("VV", "HH") else 6)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    level = (110.0 if polarization in ("VV", "HH") else 60.0) * (1.0 + 0.4 * np.sin(x / 60) * np.cos(y / 45))
    dn = np.sqrt(level**2 * rng.gamma(4.4, 1 / 4.4, level.shape)).round().clip(1, 65535).astype(np.uint16)
    dn[:3], dn[-3:], dn[:, :3], dn[:, -3:] = 0, 0, 0, 0
    return dn


def make_safe(folder: Path, made: Make | None = None) -> Path:
    """Writes a .SAFE folder and returns it."""
    made = made or Make()
    safe = folder / f"{NAME.replace('_IW_', f'_{made.mode}_').replace('_GRDH_', f'_{made.kind}H_')}.SAFE"
    for part in ("measurement", "annotation/calibration"):
        (safe / part).mkdir(parents=True)
    (safe / "manifest.safe").write_text(_MANIFEST.format(ipf=made.ipf))
    for number, polarization in enumerate(made.polarizations, 1):
        stem = STEM.format(polarization.lower(), number).replace("-iw-", f"-{made.mode.lower()}-")
        header = _HEADER.format(kind=made.kind, polarization=polarization, mode=made.mode)
        (safe / f"annotation/{stem}.xml").write_text(_annotation(header))
        (safe / f"annotation/calibration/calibration-{stem}.xml").write_text(_calibration(header))
        (safe / f"annotation/calibration/noise-{stem}.xml").write_text(_noise(header, made))
        _write_measurement(safe / f"measurement/{stem}.tiff", (made.dn or default_dn)(polarization))
    return safe


def make_zip(safe: Path, *others: Path) -> Path:
    """Zips .SAFE folders, each under its own name, and returns the zip."""
    path = safe.parent / f"{safe.stem}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in (safe, *others):
            for file in sorted(folder.rglob("*")):
                archive.write(file, file.relative_to(folder.parent))
    return path


def copy_of(safe: Path, name: str) -> Path:
    """The same product under another name beside it."""
    return Path(shutil.copytree(safe, safe.parent / name))


def _write_measurement(path: Path, dn: np.ndarray) -> None:
    points = [
        GroundControlPoint(row=line, col=pixel, x=position(line, pixel)[0], y=position(line, pixel)[1], z=0.0)
        for line in LINES
        for pixel in PIXELS
    ]
    height, width = dn.shape
    with rasterio.open(path, "w", driver="GTiff", height=height, width=width, count=1, dtype="uint16", blockysize=1,
                       gcps=points, crs="EPSG:4326") as dataset:  # fmt: skip
        dataset.write(dn, 1)


def _annotation(header: str) -> str:
    points = ""
    for line in LINES:
        for pixel in PIXELS:
            lon, lat = position(line + 0.5, pixel + 0.5)
            points += (
                f"<geolocationGridPoint><line>{line}</line><pixel>{pixel}</pixel><latitude>{lat!r}</latitude>"
                f"<longitude>{lon!r}</longitude><height>{100 + line}</height><incidenceAngle>45.0</incidenceAngle>"
                "</geolocationGridPoint>"
            )
    return (
        f"<product>{header}<generalAnnotation><productInformation><pass>Descending</pass></productInformation>"
        "</generalAnnotation><imageAnnotation><imageInformation><rangePixelSpacing>10.0</rangePixelSpacing>"
        f"<azimuthPixelSpacing>10.0</azimuthPixelSpacing><numberOfSamples>{WIDTH}</numberOfSamples>"
        f"<numberOfLines>{HEIGHT}</numberOfLines></imageInformation></imageAnnotation><geolocationGrid>"
        f"<geolocationGridPointList>{points}</geolocationGridPointList></geolocationGrid></product>"
    )


def _calibration(header: str) -> str:
    vectors = "".join(
        f"<calibrationVector><line>{line}</line><pixel>{_words(PIXELS)}</pixel>"
        f"<sigmaNought>{_words(gain_at(line, p) for p in PIXELS)}</sigmaNought>"
        f"<betaNought>{_words(0.8 * gain_at(line, p) for p in PIXELS)}</betaNought>"
        f"<gamma>{_words(0.9 * gain_at(line, p) for p in PIXELS)}</gamma></calibrationVector>"
        for line in LINES
    )
    return f"<calibration>{header}<calibrationVectorList>{vectors}</calibrationVectorList></calibration>"


def _noise(header: str, made: Make) -> str:
    if made.old_noise:
        vectors = "".join(
            f"<noiseVector><line>{line}</line><pixel>{_words(PIXELS)}</pixel>"
            f"<noiseLut>{_words(made.noise + p for p in PIXELS)}</noiseLut></noiseVector>"
            for line in LINES
        )
        return f"<noise>{header}<noiseVectorList>{vectors}</noiseVectorList></noise>"
    ranged = "".join(
        f"<noiseRangeVector><line>{line}</line><pixel>{_words(PIXELS)}</pixel>"
        f"<noiseRangeLut>{_words(made.noise + p for p in PIXELS)}</noiseRangeLut></noiseRangeVector>"
        for line in LINES
    )
    azimuth = "".join(
        f"<noiseAzimuthVector><swath>{made.mode}{number}</swath><firstAzimuthLine>0</firstAzimuthLine>"
        f"<firstRangeSample>{first}</firstRangeSample><lastAzimuthLine>{HEIGHT - 1}</lastAzimuthLine>"
        f"<lastRangeSample>{last}</lastRangeSample><line>0 100 399</line>"
        f"<noiseAzimuthLut>{_words(factors)}</noiseAzimuthLut></noiseAzimuthVector>"
        for number, first, last, factors in ((1, 0, 299, (1.0, 1.2, 1.2)), (2, 300, 599, (0.5, 0.5, 0.5)))
    )
    return (
        f"<noise>{header}<noiseRangeVectorList>{ranged}</noiseRangeVectorList>"
        f"<noiseAzimuthVectorList>{azimuth}</noiseAzimuthVectorList></noise>"
    )


def _words(numbers: object) -> str:
    return " ".join(repr(number) for number in numbers)  # type: ignore[attr-defined]


_HEADER = (
    "<adsHeader><missionId>S1A</missionId><productType>{kind}</productType><polarisation>{polarization}</polarisation>"
    "<mode>{mode}</mode><swath>{mode}</swath><startTime>2021-01-19T03:16:53.799379</startTime>"
    "<stopTime>2021-01-19T03:17:18.797132</stopTime><absoluteOrbitNumber>36201</absoluteOrbitNumber></adsHeader>"
)
_MANIFEST = (
    '<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe/sentinel-1.0"><metadataSection>'
    '<safe:software name="Sentinel-1 IPF" version="{ipf}"/>'
    '<safe:relativeOrbitNumber type="start">79</safe:relativeOrbitNumber></metadataSection></xfdu:XFDU>'
)
