"""Layers of QGIS as sources for the backend: a path that another process can open, or a refusal in one sentence."""

from __future__ import annotations

import re
from pathlib import Path

from qgis.core import Qgis, QgsCoordinateReferenceSystem, QgsRaster, QgsRasterLayer

from .text import tr

_COMPLEX = (
    Qgis.DataType.CInt16,
    Qgis.DataType.CInt32,
    Qgis.DataType.CFloat32,
    Qgis.DataType.CFloat64,
)
_POLARIZATION = re.compile(r"(?<![A-Za-z])(VV|VH|HH|HV)(?![A-Za-z])", re.IGNORECASE)
_SUBDATASET = re.compile(r"^SENTINEL1_[A-Z0-9_]+:(?:[A-Z0-9_]+:)?(?P<manifest>.*manifest\.safe)(?::.*)?$")


MOSAICS = ("worldcover", "mosaic-120", "sentinel-2")
"""Names of the sources that the backend fetches a reference from."""
_MOSAIC = re.compile(rf"(?:{'|'.join(MOSAICS)})(?::[\d+-]{{1,10}})?|stac:https?://\S+#\S+|auto|none")


class SourceError(Exception):
    """A layer that the backend cannot read; the message says why and what to do."""


def product_of(value: object) -> str:
    """The Sentinel-1 product that a path names: a .SAFE folder, the manifest in it, or a zip; empty if none."""
    if not isinstance(value, str) or not value:
        return ""
    subdataset = _SUBDATASET.match(value)
    text = subdataset["manifest"] if subdataset else value
    path = Path(text)
    if path.name.lower() == "manifest.safe" and path.parent.suffix.upper() == ".SAFE":
        return str(path.parent)
    if path.suffix.lower() == ".zip" and path.is_file():
        return str(path)
    return str(path) if path.suffix.upper() == ".SAFE" and path.is_dir() else ""


def mosaic_of(value: object) -> str:
    """The mosaic on the network that a text names, with its year or month; also auto and none; empty if none."""
    return value if isinstance(value, str) and _MOSAIC.fullmatch(value) else ""


def path_of(layer: QgsRasterLayer) -> str:
    """What the backend is given for a raster layer.

    Raises:
        SourceError: it is not a file that another process can open.
    """
    name = layer.name()
    if layer.providerType() != "gdal":
        raise SourceError(
            tr(
                "layer must be a raster file, got {name}, which comes from {provider}; save it as GeoTIFF first "
                "(right click, Export, Save As, Raw data)"
            ).format(name=name, provider=_provider(layer))
        )
    source = layer.source().split("|")[0]
    if source.startswith("<") or source.upper().startswith(("WMS:", "WMTS:", "WCS:")) or "<GDAL_WMS>" in source:
        raise SourceError(
            tr(
                "layer must be a raster file, got {name}, which is a web service; save it as GeoTIFF first (right "
                "click, Export, Save As, Raw data)"
            ).format(name=name)
        )
    if source.startswith("/vsimem/"):
        raise SourceError(
            tr(
                "layer must be a raster file, got {name}, which is held in memory only; save it as GeoTIFF first"
            ).format(name=name)
        )
    return product_of(source) or source


def check_bands(layer: QgsRasterLayer) -> None:
    """Refuses what cannot be backscatter.

    Raises:
        SourceError: complex values, or three and more bands none of which is named by polarisation.
    """
    provider, name = layer.dataProvider(), layer.name()
    bands = range(1, layer.bandCount() + 1)
    if any(provider.sourceDataType(band) in _COMPLEX for band in bands):
        raise SourceError(
            tr(
                "layer must hold real numbers, got {name} with complex values (SLC); detect and multilook it first, or "
                "take the GRD product"
            ).format(name=name)
        )
    # GDAL's mask is shown as one more band, an alpha.
    seen = [band for band in bands if provider.colorInterpretation(band) != QgsRaster.ColorInterpretation.AlphaBand]
    named = any(_POLARIZATION.search(layer.bandName(band).replace("_", " ")) for band in seen)
    if len(seen) > 2 and not named:
        raise SourceError(
            tr(
                "layer must have one band (VV), two (VV, VH), or bands named by polarisation, got {count} without such "
                "names in {name}; export the radar band alone, or name the bands"
            ).format(count=len(seen), name=name)
        )


def crs_argument(crs: QgsCoordinateReferenceSystem) -> str:
    """A CRS as the backend reads it: its code, or its definition."""
    return crs.authid() or crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED)


def _provider(layer: QgsRasterLayer) -> str:
    """The kind of source, in words that users know."""
    kind = layer.providerType()
    if kind == "wms" and "type=xyz" in layer.source():
        return tr("XYZ tiles")
    return kind.upper() if len(kind) <= 4 else kind
