"""Virtual rasters from users: read here, checked, and written anew for GDAL, with every source below one folder.

A virtual raster may name any file of the machine, servers, other virtual rasters, and Python code to be run. So a file
opens as one only if it is local and named `.vrt`; its parts are those of mosaics, stacks of bands and warps (_PARTS);
its sources are GeoTIFF, PNG, JPEG or JPEG 2000, told by their first bytes, or `.vrt` files of which the same holds, all
of them below the folder of the file that the user named. GDAL never sees the file itself but what is written from it
here, so that no difference between two readers of XML can be used.

Source: GDAL, VRT -- GDAL Virtual Format, and its notes on security.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UnreadableError
from .gdal import open_quietly, readable_by_gdal
from .names import is_local
from .sidecars import TIFF_STARTS, check_sidecars

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

SUFFIX = ".vrt"
XML_BYTES = 32 << 20
MOST_SOURCES = 10_000
DEEPEST = 3
"""Virtual rasters within each other."""
_BLOCK_PX = 4096
"""The largest side of a block that is kept; GDAL's own is 128."""
_STARTS = (*TIFF_STARTS, b"\x89PNG", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")
_CLASSES = {
    "VRTDataset": {"", "VRTWarpedDataset"},
    "VRTRasterBand": {"", "VRTSourcedRasterBand", "VRTWarpedRasterBand"},
}
_SOURCES = ("SourceFilename", "SourceDataset")
_PARTS = frozenset({
    "VRTDataset", "SRS", "GeoTransform", "GCPList", "GCP", "Metadata", "MDI", "VRTRasterBand", "Description",
    "UnitType", "ColorInterp", "ColorTable", "Entry", "CategoryNames", "Category", "NoDataValue",
    "HideNoDataValue", "Offset", "Scale", "MaskBand", "OverviewList", "Overview", "BlockXSize", "BlockYSize",
    "SimpleSource", "ComplexSource", "AveragedSource", "KernelFilteredSource", "NoDataFromMaskSource", "Kernel",
    "Size", "Coefs", "SourceFilename", "SourceBand", "SourceProperties", "SrcRect", "DstRect", "NODATA",
    "UseMaskBand", "ScaleOffset", "ScaleRatio", "ColorTableComponent", "Exponent", "SrcMin", "SrcMax", "DstMin",
    "DstMax", "Clamp", "LUT", "GDALWarpOptions", "WarpMemoryLimit", "ResampleAlg", "WorkingDataType", "Option",
    "Options", "SourceDataset", "Transformer", "ApproxTransformer", "MaxError", "BaseTransformer",
    "GenImgProjTransformer",
    "SrcGeoTransform", "SrcInvGeoTransform", "DstGeoTransform", "DstInvGeoTransform", "ReprojectTransformer",
    "ReprojectionTransformer", "SourceSRS", "TargetSRS", "BandList", "BandMapping", "SrcNoDataReal",
    "SrcNoDataImag", "DstNoDataReal", "DstNoDataImag", "SrcAlphaBand", "DstAlphaBand",
})  # fmt: skip
"""Everything else is refused: pixel functions, raw bands, open options, processing steps, nested XML."""
_DOMAINS = ("", "IMAGE_STRUCTURE")


def is_vrt(source: str) -> bool:
    """Whether a name is a local one of a virtual raster."""
    return is_local(source) and source.lower().endswith(SUFFIX)


def own_vrt(source: str) -> str:
    """The XML that GDAL opens for a user's virtual raster.

    Raises:
        UnreadableError: no virtual raster, or one with other parts or other sources than are allowed.
    """
    path = Path(source)
    return _Checked(source, path.parent.resolve()).read(path, 1)


class _Checked:
    """One user's virtual raster and those within it."""

    def __init__(self, source: str, root: Path) -> None:
        self._source, self._root = source, root
        self._count = 0
        self._known: set[Path] = set()

    def read(self, path: Path, depth: int) -> str:
        from xml.etree.ElementTree import tostring

        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            if path.stat().st_size > XML_BYTES:
                raise self._refusal(f"{path.stat().st_size >> 20} MB of XML")
            root: Element = fromstring(path.read_bytes(), forbid_dtd=True)
        except (DefusedXmlException, SyntaxError, ValueError, LookupError, OSError) as error:
            if isinstance(error, UnreadableError):
                raise
            raise UnreadableError(
                f"input must be a whole virtual raster, got {self._source} ({error}); make it again with gdalbuildvrt"
            ) from None
        if root.tag != "VRTDataset":
            raise self._refusal(f"the XML {root.tag!r:.40}")
        for element in root.iter():
            self._check(element)
        for element in [part for part in root.iter() if part.tag in _SOURCES]:
            element.text = self._source_of(element, path, depth)
            element.attrib = {"relativeToVRT": "0", "shared": "0"}
        return tostring(root, encoding="unicode")

    def _check(self, element: Element) -> None:
        """One part of the XML, by a list of what is allowed."""
        if element.tag not in _PARTS:
            raise self._refusal(f"the part {element.tag!r:.60}")
        subclass = element.get("subClass", "")
        if subclass and subclass not in _CLASSES.get(element.tag, ()):
            raise self._refusal(f"the subclass {subclass!r:.60}")
        if element.tag in ("Metadata", "MDI") and element.get("domain", "") not in _DOMAINS:
            raise self._refusal(f"metadata of the domain {element.get('domain')!r:.60}")
        if element.tag == "Option" and any(mark in (element.text or "") for mark in "/\\:"):
            raise self._refusal(f"the option {element.get('name')!r:.40}")
        for name in ("blockXSize", "blockYSize"):
            size = element.get(name, "0")
            if not (size.isdecimal() and int(size[:9]) <= _BLOCK_PX):
                del element.attrib[name]
        if element.tag in ("BlockXSize", "BlockYSize") and not (
            (element.text or "").isdecimal() and int((element.text or "")[:9]) <= _BLOCK_PX
        ):
            element.text = "128"

    def _source_of(self, element: Element, vrt: Path, depth: int) -> str:
        """The absolute path of a source, or the XML of a virtual one."""
        name = (element.text or "").strip()
        self._count += 1
        if self._count > MOST_SOURCES:
            raise self._refusal(f"more than {MOST_SOURCES} sources")
        if not name or not is_local(name) or name.startswith("<") or "\0" in name or "\n" in name:
            raise self._refusal(f"the source {name!r:.80}, which is no local file,")
        base = vrt.parent if element.get("relativeToVRT", "0") == "1" else Path()
        try:
            path = (base / name).resolve()
            inside, exists = path.is_relative_to(self._root), path.is_file()
        except (OSError, ValueError, RuntimeError):
            inside, exists = True, False
        if not inside:
            raise UnreadableError(
                f"sources of a virtual raster must lie below its folder, got {name!r:.120} in {self._source}; move "
                "the .vrt above them"
            )
        if not exists:
            raise UnreadableError(
                f"sources of a virtual raster must exist, got {name!r:.120} in {self._source}; correct its path"
            )
        if path.suffix.lower() == SUFFIX:
            if depth >= DEEPEST:
                raise self._refusal(f"virtual rasters more than {DEEPEST} deep")
            return self.read(path, depth + 1)
        self._check_pixels(path)
        return str(path)

    def _check_pixels(self, path: Path) -> None:
        """A source that is no virtual raster holds its own pixels, by its first bytes and by what GDAL finds in it."""
        if path in self._known:
            return
        with path.open("rb") as file:
            start = file.read(1024)
        if not start.startswith(_STARTS) or b"<" in start.split(b"\0", 1)[0]:
            raise UnreadableError(
                f"sources of a virtual raster must be GeoTIFF, PNG, JPEG or JPEG 2000, got another format in {path}; "
                "convert it with gdal_translate"
            )
        check_sidecars(path)
        with readable_by_gdal(str(path)):
            open_quietly(str(path)).close()
        self._known.add(path)

    def _refusal(self, got: str) -> UnreadableError:
        return UnreadableError(
            f"virtual raster must be a mosaic, a stack of bands or a warp of local files, got {got} in {self._source}; "
            "copy it with gdal_translate if you trust it"
        )
