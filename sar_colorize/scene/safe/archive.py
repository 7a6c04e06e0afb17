"""The members of one SAFE product, in a folder or in its zip, which is never unpacked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ...errors import UnreadableError
from ...raster import Window
from ..members import member_of_zip, members_of_folder, members_of_zip, too_large

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

XML_BYTES = 64 << 20
"""The largest metadata file that is read; real ones are under 8 MB."""
_SAFE_FOLDER = re.compile(r"^(?:.*/)?[^/]+\.SAFE(?=/)", re.IGNORECASE)


@dataclass(frozen=True)
class Archive:
    """One product: where it is, and its members by their path inside the .SAFE folder."""

    source: str
    """As the user named it, for messages."""
    container: Path
    """The folder, or the zip."""
    prefix: str
    """What stands before a member in the zip; "" in a folder."""
    members: tuple[str, ...]

    @property
    def is_zip(self) -> bool:
        """Whether the product is a zip, and no folder."""
        return self.container.is_file()

    @property
    def name(self) -> str:
        """The product's name, without .SAFE."""
        stem = PurePosixPath(self.prefix.rstrip("/")).name or self.container.name
        return re.sub(r"\.(SAFE|zip)$", "", stem, flags=re.IGNORECASE)

    def gdal_path(self, member: str) -> str:
        """The name under which GDAL opens a member in place.

        Raises:
            UnreadableError: it is no file, such as a pipe, in which GDAL would wait for ever.
        """
        if self.is_zip:
            return f"/vsizip/{self.container.resolve().as_posix()}/{self.prefix}{member}"
        self._check_file(member)
        return str(self.container / member)

    def before_read(self, member: str) -> Callable[[Window], None] | None:  # noqa: ARG002  # others have something
        """What must be called before pixels of a measurement are read; None where it is whole."""
        return None

    def stop(self) -> None:
        """Ends reads that wait for a server; of a folder or zip there are none."""

    def xml(self, member: str) -> Element:
        """A metadata file, parsed without entities or document types.

        Raises:
            UnreadableError: missing, damaged, too large, or with a document type.
        """
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        text = self._read(member)
        try:
            root: Element = fromstring(text, forbid_dtd=True)
            return root
        except DefusedXmlException:
            raise UnreadableError(
                f"product metadata must be plain XML, got a document type or entities in {member} of {self.source}; "
                "download the product again"
            ) from None
        except (SyntaxError, ValueError, LookupError) as error:  # ParseError is a SyntaxError; encodings the others
            raise UnreadableError(
                f"product metadata must be whole, got damaged XML in {member} of {self.source} ({error}); "
                "download the product again"
            ) from None

    def _check_file(self, member: str) -> Path:
        """The path of a member of a folder, which is there and a file."""
        path = self.container / member
        try:
            if path.is_file():
                return path
            reason = "no file" if path.exists() else "missing"
        except (OSError, ValueError) as error:
            reason = str(error)
        raise UnreadableError(
            f"product must be whole, got an unreadable {member} in {self.source} ({reason}); download it again"
        )

    def _read(self, member: str) -> bytes:
        if self.is_zip:
            return member_of_zip(self.container, self.prefix + member, XML_BYTES, self.source)
        try:
            path = self._check_file(member)
            if path.stat().st_size <= XML_BYTES:
                return path.read_bytes()
        except (OSError, ValueError) as error:
            if isinstance(error, UnreadableError):
                raise
            raise UnreadableError(
                f"product must be whole, got an unreadable {member} in {self.source} ({error}); download it again"
            ) from error
        raise UnreadableError(too_large(member, self.source, XML_BYTES))


def is_product(source: str) -> bool:
    """Whether a local path is, or holds, a SAFE product: its folder, its zip, its manifest, or one of its TIFFs."""
    path = Path(source)
    try:
        if path.is_dir():
            return path.suffix.upper() == ".SAFE" or (path / "manifest.safe").is_file()
        if path.name.lower() == "manifest.safe":
            return True
        if path.suffix.lower() == ".zip" and path.is_file():
            return any(_is_of_product(name) for name in members_of_zip(path))
        return _is_measurement(path)
    except (OSError, ValueError):  # a damaged zip too: whoever opens it says so
        return False


def open_archive(source: str) -> tuple[Archive, str | None]:
    """The product that a path belongs to, and the member that was named if the path is one of its TIFFs.

    Raises:
        UnreadableError: missing, damaged, more than one product in a zip, or a member that points outside.
    """
    path = Path(source)
    if not path.exists():
        raise UnreadableError(f"input must be an existing product, got {source}, which does not exist; check the path")
    if path.is_dir():
        return _folder(source, path), None
    if path.name.lower() == "manifest.safe":
        return _folder(source, path.parent), None
    if path.suffix.lower() != ".zip":
        return _folder(source, path.parents[1]), f"measurement/{path.name}"
    names = members_of_zip(path)
    prefixes = sorted({match[0] + "/" for name in names if (match := _SAFE_FOLDER.match(name))})
    if not prefixes and "manifest.safe" in names:
        prefixes = [""]
    if len(prefixes) > 1:
        listed = ", ".join(PurePosixPath(prefix).name for prefix in prefixes[:3])
        raise UnreadableError(
            f"product zip must hold one product, got {len(prefixes)} in {source} ({listed}); unpack it and name one"
        )
    if not prefixes:
        raise UnreadableError(f"product zip must hold a product, got none in {source}; download it again")
    prefix = prefixes[0]
    members = tuple(sorted(name[len(prefix) :] for name in names if name.startswith(prefix)))
    return Archive(source, path, prefix, members), None


def _folder(source: str, folder: Path) -> Archive:
    return Archive(source, folder, "", members_of_folder(folder))


def _is_of_product(name: str) -> bool:
    return bool(_SAFE_FOLDER.match(name)) or name == "manifest.safe"


def _is_measurement(path: Path) -> bool:
    """A measurement TIFF that stands in its product, beside its annotation."""
    return (
        path.suffix.lower() in (".tif", ".tiff")
        and path.parent.name == "measurement"
        and path.is_file()
        and (path.parents[1] / "annotation").is_dir()
    )
