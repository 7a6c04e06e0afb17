"""A folder or zip with one file for each polarisation, as one virtual raster with a band for each.

So do ASF's HyP3 and OPERA deliver, and the Planetary Computer keep, their scenes: NAME_VV.tif, NAME_VH.tif and, under
the same NAME, layers that are no backscatter. SNAP's own format, BEAM-DIMAP, is NAME.dim beside the folder NAME.data
with one ENVI file for each band.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from ..errors import SceneError, UnreadableError
from .gdal import TIFF, open_quietly
from .members import members_of_zip
from .names import folder_entries
from .sidecars import check_pipes, check_sidecars, check_sidecars_in_zip

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_POLARIZED = re.compile(r"(.*?)(?<![A-Za-z])(VV|VH|HH|HV)((?:\.rtc)?\.tiff?)", re.IGNORECASE)


MOST_FILES = 10_000
"""In a folder."""


@dataclass(frozen=True)
class Package:
    """One scene in several files."""

    files: dict[str, str]
    """Where GDAL finds each band, by its name: VV, VH, HH, HV in this order, or SNAP's names such as Sigma0_VV."""
    beside: tuple[str, ...]
    """Names of the other rasters, or how they end."""
    is_envi: bool = False
    """Whether the files are ENVI's, as SNAP writes them; else they are GeoTIFFs."""


def find_package(source: str) -> Package | None:
    """The package that a local folder or zip is; None if it is none, such as a single raster or several scenes."""
    path = Path(source)
    if path.suffix.lower() == ".dim" and path.is_file():
        path = path.with_suffix(".data")
    if path.is_dir():
        names = sorted(entry.name for entry in folder_entries(path, MOST_FILES) if entry.is_file())
        if path.suffix.lower() == ".data":
            found = _dimap(path, names)
            for location in found.files.values() if found else ():
                check_pipes(Path(location))
            return found
        found = _group(names, path.resolve().as_posix())
        for location in found.files.values() if found else ():
            check_sidecars(Path(location))
        return found
    if path.suffix.lower() != ".zip" or not path.is_file():
        return None
    try:
        members = members_of_zip(path)
    except UnreadableError:  # whoever opens it says so
        return None
    root = f"/vsizip/{path.resolve().as_posix()}"
    found = _group(members, root)
    for location in found.files.values() if found else ():
        check_sidecars_in_zip(path, location.removeprefix(f"{root}/"), members)
    return found


def _group(names: Iterable[str], root: str) -> Package | None:
    """Files that differ only in their polarisation; any other raster must share the name before it."""
    rasters = sorted(name for name in names if re.search(r"(?:^|/)[^.][^/]*\.tiff?$", name, re.IGNORECASE))
    matches = {name: match for name in rasters if (match := _POLARIZED.fullmatch(name))}
    stems = {(match[1], match[3]) for match in matches.values()}
    if len(stems) != 1 or len(rasters) < 2:
        return None
    stem = stems.pop()[0]
    beside = [name for name in rasters if name not in matches]
    if beside and (not PurePosixPath(stem).name or not all(name.startswith(stem) for name in beside)):
        return None
    found = {match[2].upper(): f"{root}/{name}" for name, match in matches.items()}
    files = {band: found[band] for band in ("VV", "VH", "HH", "HV") if band in found}
    return Package(files, tuple(f"*{name[len(stem.rstrip('_-.')) :]}" for name in beside))


def _dimap(folder: Path, names: Iterable[str]) -> Package | None:
    """SNAP's folder of bands, those that name a polarisation."""
    bands = [folder / name for name in names if name.lower().endswith(".img")]
    files = {file.stem: file.resolve().as_posix() for file in bands if re.search(r"_(?:VV|VH|HH|HV)(?:_|$)", file.stem)}
    beside = tuple(file.name for file in bands if file.stem not in files)
    return Package(files, beside, is_envi=True) if files else None


def to_vrt(package: Package, source: str) -> str:
    """The package as one virtual raster, a band for each polarisation, as the XML that GDAL opens.

    GDAL opens the sources of a virtual raster by their content. A GeoTIFF is one by its first bytes, which no other
    format has; ENVI's files have none, so they are given as raw pixels, which no driver looks at.

    Raises:
        SceneError: the files differ in size, grid or type, have more than one band, or a mask.
    """
    from rasterio.dtypes import dtype_rev, typename_fwd
    from rasterio.enums import MaskFlags

    root = Element("VRTDataset")
    first = ""
    for number, (name, location) in enumerate(package.files.items(), 1):
        with open_quietly(location, ("ENVI",) if package.is_envi else TIFF) as dataset:
            found = _shape(dataset)
            if not first:
                first = found
                root.attrib.update(rasterXSize=str(dataset.width), rasterYSize=str(dataset.height))
                if dataset.crs:
                    SubElement(root, "SRS").text = dataset.crs.to_wkt()
                if not dataset.transform.is_identity:
                    SubElement(root, "GeoTransform").text = ", ".join(map(repr, dataset.transform.to_gdal()))
            if found != first or dataset.count != 1:
                raise SceneError(
                    f"polarisations must share one grid and type, one band each, got {first} and {found} in {source}; "
                    "name one of its files"
                )
            if MaskFlags.per_dataset in dataset.mask_flag_enums[0]:
                raise SceneError(
                    f"polarisations in several files must say no data by a value, got a mask band in {source}; name "
                    "one of its files"
                )
            rows, columns = dataset.block_shapes[0]
            band = SubElement(
                root, "VRTRasterBand", dataType=typename_fwd[dtype_rev[dataset.dtypes[0]]], band=str(number),
            )  # fmt: skip
            SubElement(band, "Description").text = name
            SubElement(band, "Scale").text = repr(dataset.scales[0])
            SubElement(band, "Offset").text = repr(dataset.offsets[0])
            if dataset.nodata is not None:
                SubElement(band, "NoDataValue").text = repr(dataset.nodata)
            if package.is_envi:
                _add_raw_source(band, dataset, location)
                continue
            band.attrib.update(blockXSize=str(columns), blockYSize=str(rows))
            part = SubElement(band, "SimpleSource")
            # Not shared: each thread opens files of its own.
            SubElement(part, "SourceFilename", relativeToVRT="0", shared="0").text = location
            SubElement(part, "SourceBand").text = "1"
    assert root is not None  # a package has a file
    return tostring(root, encoding="unicode")


def _add_raw_source(band: Element, dataset: DatasetReader, location: str) -> None:
    """The pixels of one ENVI file, by where its header says that they are.

    Raises:
        SceneError: compressed.
    """
    import numpy as np

    header = dataset.tags(ns="ENVI")
    skipped, order = header.get("header_offset", "0").strip(), header.get("byte_order", "0").strip()
    if header.get("file_compression", "0").strip() != "0" or not skipped.isdecimal() or order not in ("0", "1"):
        raise SceneError(
            f"SNAP's files must be plain ENVI, got another header of {location}; write them again with SNAP"
        )
    size = np.dtype(dataset.dtypes[0]).itemsize
    band.set("subClass", "VRTRawRasterBand")
    SubElement(band, "SourceFilename", relativeToVRT="0").text = location
    SubElement(band, "ImageOffset").text = skipped
    SubElement(band, "PixelOffset").text = str(size)
    SubElement(band, "LineOffset").text = str(size * dataset.width)
    SubElement(band, "ByteOrder").text = "MSB" if order == "1" else "LSB"


def _shape(dataset: DatasetReader) -> str:
    """What must be alike, in words."""
    crs = dataset.crs.to_string() if dataset.crs else "no CRS"
    corner = ", ".join(f"{value:.9g}" for value in tuple(dataset.transform)[:6])
    return f"{dataset.width} x {dataset.height} {dataset.dtypes[0]} in {crs[:24]} at ({corner})"
