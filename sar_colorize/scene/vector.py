"""Vector files from users: a few formats, told by their content, that hold their own shapes and lead nowhere else.

GDAL's vector formats include virtual layers, web services, databases and pipelines, each taken from the content. Here
the content is looked at first: GeoPackage, FlatGeobuf and Shapefile by first bytes, GeoJSON by parsing it, KML and
GML by their first element. GML is read without its schema, which it may ask for from a server.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..credentials import name_without_credentials
from ..errors import SettingError, UnreadableError
from .gdal import one_line
from .members import member_of_zip, members_of_zip
from .names import check_name, is_local
from .sidecars import check_pipes

MOST_BYTES = 64 << 20
"""Of a file; an area of interest is a few polygons."""
_TIMEOUT_S = 30.0
_LEAST_BYTES_S = 1000.0
"""A server that sends less over `_TIMEOUT_S` seconds is given up."""
_SUFFIXES = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".kml", ".gml")
"""Members of a zip that are taken for vector files."""
_GEOJSON = {
    "FeatureCollection", "Feature", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString",
    "Polygon", "MultiPolygon",
}  # fmt: skip
_ELSEWHERE = re.compile(
    rb"<(?:OGRVRT|VRTDataset|OGRWFS|OGRCSW|GDAL_|WMS_|WMTS_|WCS_|\w*:?WFS_Capabilities)|gdal_streamed_alg|\x00",
    re.IGNORECASE,
)
"""Marks of formats that lead elsewhere, which GDAL finds anywhere in a text."""


def read_vector(path: str) -> Any:
    """The layer of a vector file, as a GeoDataFrame.

    Args:
        path: of a file or of a zip with one, or its URL, which is downloaded whole.

    Raises:
        SettingError: missing, unreachable, damaged, too large, or of another format.
    """
    check_name(path, "aoi", SettingError)
    shown = name_without_credentials(path)
    if path.startswith("/vsi"):
        raise SettingError(f"aoi must be a file or a URL, got {shown}; give the file itself")
    if not is_local(path):
        return _from_bytes(_download(path, shown), shown)
    file = Path(path)
    if not file.exists():
        raise SettingError(f"aoi must be an existing vector file, got {shown}, which does not exist; check the path")
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        raise SettingError(f"aoi must be a file of at most {MOST_BYTES >> 20} MB, got {shown}; name one file")
    with _one_sentence(shown), file.open("rb") as opened:
        start = opened.read(100)
    if start.startswith(b"PK\x03\x04"):
        return _from_zip(file, shown)
    if _is_shapefile(start):
        check_pipes(file, "aoi", SettingError)
        with _one_sentence(shown):
            return _frame(str(file))
    with _one_sentence(shown):
        return _from_bytes(file.read_bytes(), shown)


def _is_shapefile(start: bytes) -> bool:
    return start.startswith(b"\x00\x00\x27\x0a")


def _from_zip(file: Path, shown: str) -> Any:
    """The one vector file in a zip; a shapefile is read in place, for it is several members."""
    try:
        inside = [name for name in members_of_zip(file) if name.lower().endswith(_SUFFIXES)]
        if len(inside) != 1:
            raise SettingError(f"aoi zip must hold one vector file, got {len(inside)} in {shown}; unpack it")
        content = member_of_zip(file, inside[0], MOST_BYTES, shown)
    except UnreadableError as error:
        raise SettingError(f"aoi cannot be used: {error}") from error
    if not _is_shapefile(content):
        return _from_bytes(content, shown)
    with _one_sentence(shown):
        return _frame(f"/vsizip/{file.resolve().as_posix()}/{inside[0]}")


def _from_bytes(content: bytes, shown: str) -> Any:
    """A layer out of one file's content."""
    import io

    with _one_sentence(shown):
        if content.startswith(b"SQLite format 3\x00") and content[68:72] in (b"GPKG", b"GP10", b"GP11"):
            return _frame(io.BytesIO(content))
        if content.startswith(b"fgb\x03fgb"):
            return _frame(io.BytesIO(content))
        text = content.removeprefix(b"\xef\xbb\xbf").lstrip()
        if not _ELSEWHERE.search(text):
            if text.startswith(b"{"):
                parsed = json.loads(text)
                if parsed.get("type") in _GEOJSON:
                    return _frame(io.BytesIO(json.dumps(parsed).encode()))
            if text.startswith(b"<"):
                kind = _first_element(text)
                if kind == "kml":
                    return _frame(io.BytesIO(content))
                if kind == "FeatureCollection":
                    return _frame(io.BytesIO(content), DOWNLOAD_SCHEMA="NO")
    raise SettingError(
        f"aoi must be a vector file that GDAL reads, of the formats GeoPackage, GeoJSON, Shapefile, FlatGeobuf, KML or "
        f"GML, got another in {shown}; convert it with ogr2ogr"
    )


def _first_element(text: bytes) -> str:
    """Name, without namespace, of the outermost element of XML without entities."""
    from defusedxml.ElementTree import fromstring

    return str(fromstring(text, forbid_dtd=True).tag).rpartition("}")[2]


def _frame(source: Any, **options: str) -> Any:
    """What GDAL reads; its warnings about odd shapes are not for the user."""
    import warnings

    import geopandas

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = geopandas.read_file(source, engine="pyogrio", **options)
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise TypeError("it holds no geometries")
    return frame


@contextmanager
def _one_sentence(shown: str) -> Iterator[None]:
    """Whatever a reader of vector files says of a damaged one."""
    try:
        yield
    except (SettingError, ModuleNotFoundError):
        raise
    except Exception as error:  # GDAL, pyogrio, shapely, PROJ, JSON and XML each have errors of their own
        raise SettingError(
            f"aoi must be a vector file that GDAL reads, got {shown} ({one_line(error)}); save it again"
        ) from error


def _download(url: str, shown: str) -> bytes:
    """The content behind a URL of the web.

    Raises:
        SettingError: no such, unreachable, or too large.
    """
    from urllib.request import Request, urlopen

    if not url.lower().startswith(("https://", "http://")):
        raise SettingError(f"aoi must be a file or a URL of the web, got {shown}; download it first")
    try:
        with urlopen(Request(url), timeout=_TIMEOUT_S) as answer:  # its scheme was checked above
            content = _all_of(answer)
    except Exception as error:  # urllib, http, ssl and socket each have errors of their own
        raise SettingError(
            f"aoi must be reachable, got {shown} ({name_without_credentials(one_line(error))}); download it first"
        ) from error
    if len(content) > MOST_BYTES:
        raise SettingError(f"aoi must be at most {MOST_BYTES >> 20} MB, got more at {shown}; cut out the area")
    return content


def _all_of(answer: Any) -> bytes:
    """The body of an answer, or MOST_BYTES of it and some more.

    Raises:
        TimeoutError: it comes too slowly.
    """
    content, started = bytearray(), time.monotonic()
    while len(content) <= MOST_BYTES and (part := answer.read1(1 << 16)):
        content += part
        seconds = time.monotonic() - started
        if seconds > _TIMEOUT_S and len(content) < _LEAST_BYTES_S * seconds:
            raise TimeoutError(f"the server sent {len(content)} bytes in {seconds:.0f} s")
    return bytes(content)
