"""The local files that a source is made of, so that no output replaces one of them.

A source is more than the path that names it: an archive around a raster, the sources of a virtual raster and theirs,
masks and overviews beside it, all of a product, the parts of a shapefile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .names import is_special
from .safe import is_product
from .scene import Scene

MOST_FILES = 10_000
"""Where a folder or a chain of virtual rasters holds more, the rest is not looked at."""
_XML_BYTES = 64 << 20
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".html", ".htm")
_ALONE = (".tif", ".tiff", ".vrt", ".zip", ".safetensors", *_PICTURES)
"""Files that may share a stem with another source and are none of its parts."""


def files_of(source: str) -> set[Path]:
    """Every local file that is read where `source` is: a path, or a name that GDAL opens; empty for what is remote."""
    found: set[Path] = set()
    waiting = _places(source)
    while waiting and len(found) < MOST_FILES:
        path = waiting.pop()
        if path in found:
            continue
        if path.is_dir():
            waiting += [file for file, _ in zip(_below(path), range(MOST_FILES), strict=False)]
            continue
        found.add(path)
        waiting += _together_with(path)
    return found


def files_of_scene(scene: Scene) -> set[Path]:
    """Every local file that a scene reads."""
    inner = getattr(scene, "radar", None)  # of one that is drawn on a map
    names = {scene.source, getattr(scene, "location", "")} - {""}
    found = files_of_scene(inner) if isinstance(inner, Scene) else set()
    return found.union(*(files_of(name) for name in names))


def product_folder(source: str) -> Path | None:
    """The folder of the product that a local path names, or of which it names a part; None where it is no folder."""
    path = Path(source)
    if not is_product(source) or path.suffix.lower() == ".zip":
        return None
    if path.is_dir():
        return path
    return path.parent if path.name.lower() == "manifest.safe" else path.parents[1]


def _places(name: str, folder: Path | None = None) -> list[Path]:
    """Local files and folders that a name means: a path, a URL of a file, an archive's member, a subdataset.

    Args:
        folder: where a relative name may begin too.
    """
    if name.lstrip().startswith("<"):
        return _named_in(name, folder)
    bases = [Path(), folder] if folder is not None else [Path()]
    for text in _spellings(name):
        places = [place for base in bases if (place := _existing(base / text)) is not None]
        if places:
            return places
    return []


def _spellings(name: str) -> Iterator[str]:
    """A name without what GDAL and rasterio put around a path, the most literal reading first."""
    yield name
    if "://" in name:
        scheme, path = name.split(":", 1)[0], urlsplit(name).path
        if re.fullmatch(r"(?:(?:zip|tar|gzip)\+)?file|zip|tar|gzip", scheme):
            inner = name.split("://", 1)[1].removeprefix("file://")
            yield from (inner.split("!", 1)[0], path.split("!", 1)[0], unquote(path))
        return
    if name.startswith("/vsi"):
        inner = re.sub(r"/vsi\w+/(?:[\d_]+,)?", "", name).replace("{", "").replace("}", "")
        yield from (inner, f"/{inner}")
        return
    parts = [part for part in re.split(r":(?!\\)", name) if part]
    for first in range(len(parts)):
        for last in range(len(parts), first, -1):
            yield ":".join(parts[first:last]).strip("\"'")


def _existing(path: Path) -> Path | None:
    """The file or folder itself, or the file that a path goes through, such as a zip."""
    try:
        if path.exists():
            return path.resolve()
        for parent in path.parents:
            if parent.exists():
                return parent.resolve() if parent.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        pass
    return None


def _below(folder: Path) -> Iterator[Path]:
    """Files in a folder, at any depth."""
    return (file for file in folder.rglob("*") if file.is_file())


def _together_with(path: Path) -> list[Path]:
    """What is read together with a file; found by names, because GDAL would open a stranger's file by its content."""
    folder = product_folder(str(path))
    near = [folder] if folder is not None else []
    for name in _names_in(path.parent):
        is_part = name.lower().startswith(f"{path.stem.lower()}.") and not name.lower().endswith(_ALONE)
        if is_part or name.startswith(f"{path.name}."):
            near.append(path.with_name(name))
    if path.suffix.lower() == ".dim":
        near.append(path.with_suffix(".data"))
    text = _xml_of(path)
    return [place for place in near if place.exists()] + (_named_in(text, path.parent) if text else [])


def _names_in(folder: Path) -> list[str]:
    """What stands in a folder."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def _xml_of(path: Path) -> str:
    """The text of a file that is XML, such as a virtual raster under any name; "" of another."""
    if is_special(path):
        return ""
    try:
        with path.open("rb") as file:
            start = file.read(1024)
            if not start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
                return ""
            return (start + file.read(_XML_BYTES)).decode(errors="replace")
    except OSError:
        return ""


def _named_in(text: str, folder: Path | None) -> list[Path]:
    """Files that the texts and values in XML name, absolute, beside it or from here."""
    words = {
        unescape(word).strip() for word in re.findall(r">([^<>]+)<|=\"([^\"]+)\"|='([^']+)'", text) for word in word
    }
    return [place for word in words if 0 < len(word) < 4096 for place in _places(word, folder) if place.is_file()]
