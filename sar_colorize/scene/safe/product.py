"""What a SAFE product says of itself: manifest and annotation, turned into one record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ...errors import SceneError, UnitError, UnreadableError
from ..control import GroundControl
from .archive import Archive
from .numbers import FARTHEST, decimal, text_of, whole

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

WIDEST_PX, LONGEST_PX = 100_000, 1_000_000
"""Sizes above which this is no product: IW GRDH is about 26,000 x 17,000. A few rows of it must fit in memory."""
POLARIZATIONS = ("VV", "VH", "HH", "HV")
_MEASUREMENT = re.compile(r"^measurement/(s1[a-d]-\w+-grd-(vv|vh|hh|hv)-.+?)(?:-cog)?\.tiff?$", re.IGNORECASE)
_OTHER_KINDS = {
    "SLC": "a single look complex product, which has phases and bursts; take the GRD product of the same pass",
    "OCN": "an ocean product, which holds wind and waves and no picture; take the GRD product of the same pass",
    "RAW": "raw echoes that no one has focused; take the GRD product of the same pass",
}


@dataclass(frozen=True)
class Channel:
    """One polarisation of a product: its measurement and its metadata, as members of the archive."""

    polarization: str
    measurement: str
    annotation: str
    calibration: str
    noise: str | None


@dataclass(frozen=True)
class Product:
    """A Sentinel-1 GRD product."""

    archive: Archive
    name: str
    mission: str
    """Such as "S1A"."""
    mode: str
    """Such as "IW"."""
    kind: str
    """Such as "GRD"."""
    direction: str
    """"ascending" or "descending"."""
    start: str
    """UTC."""
    stop: str
    """UTC."""
    absolute_orbit: int
    relative_orbit: int | None
    """None if the product does not say it."""
    ipf: str
    """Version of ESA's processor, such as "3.31"."""
    width: int
    """Of the measurement, in pixels."""
    height: int
    """Of the measurement, in pixels."""
    pixel_m: tuple[float, float]
    """Ground spacing along range and azimuth."""
    control: GroundControl
    """The geolocation grid."""
    channels: tuple[Channel, ...]
    """By polarisation, co-polarised first."""

    def facts(self) -> dict[str, str]:
        """The record in words, for `info` and tags."""
        orbit = f"absolute {self.absolute_orbit}"
        if self.relative_orbit is not None:
            orbit = f"relative {self.relative_orbit}, {orbit}"
        return {
            "product": self.name,
            "mission": self.mission,
            "mode": f"{self.mode} {self.kind}",
            "time": f"{self.start} to {self.stop} UTC",
            "pass": self.direction,
            "orbit": orbit,
            "processor": f"IPF {self.ipf}",
            "radar_grid": f"{self.width} x {self.height} px, {self.pixel_m[0]:g} x {self.pixel_m[1]:g} m, "
            f"{len(self.control.rows)} ground control points",
        }


def read_product(archive: Archive, only: str | None = None) -> Product:
    """The product in an archive.

    Args:
        only: a measurement member, to read this channel alone.

    Raises:
        SceneError: not a GRD product. UnreadableError: a part is missing or damaged.
    """
    _refuse_other_kinds(archive)
    channels = _channels(archive, only)
    annotation = archive.xml(channels[0].annotation)
    where = f"{channels[0].annotation} of {archive.source}"
    header = _find(annotation, "adsHeader", where)
    kind = text_of(header, "productType", where)
    if kind != "GRD":
        raise SceneError(_not_grd(kind, archive.source))
    image = _find(annotation, "imageAnnotation/imageInformation", where)
    absolute = whole(header, "absoluteOrbitNumber", where, least=0)
    manifest = archive.xml("manifest.safe") if "manifest.safe" in archive.members else None
    return Product(
        archive=archive,
        name=archive.name,
        mission=text_of(header, "missionId", where),
        mode=text_of(header, "mode", where),
        kind=kind,
        direction=text_of(annotation, "generalAnnotation/productInformation/pass", where).lower(),
        start=text_of(header, "startTime", where),
        stop=text_of(header, "stopTime", where),
        absolute_orbit=absolute,
        relative_orbit=_relative_orbit(manifest),
        ipf=_ipf(manifest),
        width=whole(image, "numberOfSamples", where, least=1, most=WIDEST_PX),
        height=whole(image, "numberOfLines", where, least=1, most=LONGEST_PX),
        pixel_m=(
            decimal(image, "rangePixelSpacing", where, least=0.1, most=1e4),
            decimal(image, "azimuthPixelSpacing", where, least=0.1, most=1e4),
        ),
        control=_control(annotation, where),
        channels=channels,
    )


def _refuse_other_kinds(archive: Archive) -> None:
    for kind in _OTHER_KINDS:
        if re.search(rf"_{kind}_", archive.name):
            raise SceneError(_not_grd(kind, archive.source))


def _not_grd(kind: str, source: str) -> str:
    said = _OTHER_KINDS.get(kind, f"a product of type {kind}; take the GRD product of the same pass")
    return f"product must be GRD, got {source}, {said}"


def _channels(archive: Archive, only: str | None) -> tuple[Channel, ...]:
    found: dict[str, Channel] = {}
    for member in archive.members:
        match = _MEASUREMENT.match(member)
        if match is None or (only is not None and member != only):
            continue
        stem, polarization = match[1].lower(), match[2].upper()
        if polarization in found:
            raise UnreadableError(
                f"product must hold one measurement of each polarization, got two of {polarization} in "
                f"{archive.source}; name one of them"
            )
        annotation, calibration, noise = (
            _metadata_of(archive, stem, folder)
            for folder in ("annotation/", "annotation/calibration/calibration-", "annotation/calibration/noise-")
        )
        for what, name in (("annotation", annotation), ("calibration", calibration)):
            if name is None:
                raise UnreadableError(
                    f"product must be whole, got no {what} of {PurePosixPath(member).name} in {archive.source}; "
                    "download it again"
                )
        found[polarization] = Channel(polarization, member, str(annotation), str(calibration), noise)
    if not found:
        raise UnreadableError(
            f"product must hold a GRD measurement (measurement/s1*-grd-*.tiff), got none in {archive.source}; "
            "download it again"
        )
    return tuple(found[name] for name in POLARIZATIONS if name in found)


def _metadata_of(archive: Archive, stem: str, folder: str) -> str | None:
    wanted = f"{folder}{stem}.xml"
    return next((member for member in archive.members if member.lower() == wanted), None)


def _control(annotation: Element, where: str) -> GroundControl:
    """The geolocation grid; its line and pixel count centres from 0, a pixel's corner is half a pixel before."""
    points = annotation.findall("geolocationGrid/geolocationGridPointList/geolocationGridPoint")
    if len(points) < 4:
        raise UnreadableError(
            f"annotation must hold a geolocation grid, got {len(points)} points in {where}; download the product again"
        )

    def column(tag: str, most: float) -> Sequence[float]:
        return [decimal(point, tag, where, -most, most) for point in points]

    return GroundControl.of(
        rows=[line + 0.5 for line in column("line", FARTHEST)],
        cols=[pixel + 0.5 for pixel in column("pixel", FARTHEST)],
        xs=column("longitude", 360.0),
        ys=column("latitude", 90.0),
        heights_m=column("height", 1e5),
        incidence_deg=column("incidenceAngle", 90.0),
        crs="EPSG:4326",
    )


def _relative_orbit(manifest: Element | None) -> int | None:
    """The track, 1 to 175; None where the manifest says none or what cannot be one, for nothing depends on it."""
    if manifest is None:
        return None
    for element in manifest.iter():
        if element.tag.endswith("}relativeOrbitNumber") and element.get("type") in (None, "start") and element.text:
            text = element.text.strip()
            return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else None
    return None


def _ipf(manifest: Element | None) -> str:
    """Version of ESA's processor, "unknown" without a manifest."""
    for element in manifest.iter() if manifest is not None else ():
        if element.tag.endswith("}software") and "IPF" in (element.get("name") or ""):
            return ".".join(_trimmed(element.get("version") or ""))
    return "unknown"


def _trimmed(version: str) -> list[str]:
    """The numbers of a version without leading zeros: 003.31 is "3", "31"."""
    major, *rest = re.findall(r"[0-9]{1,6}", version)[:4] or ["0"]
    return [str(int(major)), *rest]


def _find(element: Element, path: str, where: str) -> Element:
    found = element.find(path)
    if found is None:
        raise UnreadableError(f"annotation must hold {path}, got none in {where}; download the product again")
    return found


def check_polarization(product: Product, wanted: str | None) -> tuple[Channel, ...]:
    """The channels in use.

    Raises:
        UnitError: a polarisation that the product has not.
    """
    if wanted is None:
        return product.channels
    kept = tuple(channel for channel in product.channels if channel.polarization == wanted.upper())
    if not kept:
        listed = ", ".join(channel.polarization for channel in product.channels)
        raise UnitError(f"polarization must be one of {listed} in {product.archive.source}, got {wanted}")
    return kept
