"""Sentinel-1 products on servers, as a user names them: which files they have, and where.

A product is named by its name, which is looked up in the catalogues; by the address of its STAC item; or by that of its
manifest.safe. Servers keep the files of a GRD product under ESA's long names, or under short ones such as iw-vv.tiff.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from ..credentials import name_without_credentials
from ..errors import NetworkError, SettingError
from .catalogues import catalogues, token_of, with_token
from .client import AbsentError, Client
from .search import item_at, web_address
from .web import host_of

_NAME = re.compile(
    r"(?P<stem>(?P<mission>S1[A-D])_(?P<mode>IW|EW|S[1-6])_GRD[FHM]_1S(?P<pol>SV|SH|DV|DH)_(?P<start>\d{8}T\d{6})"
    r"_(?P<stop>\d{8}T\d{6})_(?P<orbit>\d{6})_(?P<take>[0-9A-F]{6}))(?P<code>_[0-9A-F]{4})?(?P<cog>_COG)?"
    r"(?P<rtc>_rtc)?(?:\.SAFE)?",
)
_POLARIZATIONS = {"SV": ("vv",), "SH": ("hh",), "DV": ("vv", "vh"), "DH": ("hh", "hv")}
_MEMBER = re.compile(r"(?:measurement|annotation(?:/calibration)?)/[\w.-]{1,200}\.(?:tiff?|xml)")
_LONG = re.compile(
    r"(?P<folder>measurement/|annotation/(?:calibration/(?:calibration|noise)-)?)s1[a-d]-(?P<mode>\w+)-grd-"
    r"(?P<pol>vv|vh|hh|hv)-.+(?P<end>\.tiff?|\.xml)",
)
_MANIFEST_BYTES = 8 << 20
_LONGEST = 4096


@dataclass(frozen=True)
class Named:
    """A product as a user named it."""

    text: str
    way: str
    """"name", "item" or "manifest"."""

    @property
    def shown(self) -> str:
        """For messages and tags, without what signs an address."""
        return name_without_credentials(self.text)


@dataclass(frozen=True)
class RemoteProduct:
    """A product, and where its files are."""

    name: str
    """As ESA or its catalogue calls it."""
    is_rtc: bool
    """Whether it is gamma nought on a map, one file a polarisation; else a GRD product with its annotation."""
    urls: Mapping[str, str]
    """Addresses by members of the .SAFE folder; of RTC by VV, VH, HH and HV."""

    @property
    def host(self) -> str:
        """The server of its files."""
        return host_of(next(iter(self.urls.values())))


def parse_product(text: str) -> Named | None:
    """The product on a server that a text names; None where it names something else, such as a file.

    Raises:
        SettingError: an address with user and password.
    """
    if len(text) > _LONGEST:
        return None
    if _NAME.fullmatch(text):
        return None if Path(text).exists() else Named(text, "name")
    if not re.match(r"https?://", text):
        return None
    try:
        parts = urlsplit(text)
        path = parts.path.lower()
    except ValueError:
        return None
    is_manifest = path.endswith(("/manifest.safe", ".safe", ".safe/"))
    if not is_manifest and not re.search(r"/items/[^/]+$|\.(?:geo)?json$", path):
        return None
    if web_address(text) is None:
        raise SettingError(
            f"input must be an address without user and password, got {name_without_credentials(text):.200}; leave "
            "them out"
        )
    return Named(text, "manifest" if is_manifest else "item")


def find_product(client: Client, named: Named) -> RemoteProduct:
    """The files of a product.

    Raises:
        NetworkError: no catalogue has it, or what is there is no Sentinel-1 GRD or RTC product.
    """
    if named.way == "manifest":
        return _of_manifest(client, named.text)
    if named.way == "item":
        return _of_item(client, item_at(client, named.text), named.text)
    return _of_name(client, named.text)


def _of_name(client: Client, text: str) -> RemoteProduct:
    """The product of a name: an item of the first catalogue that has it, with ESA's code at its end or without."""
    match = _NAME.fullmatch(text)
    assert match is not None
    kind = "rtc" if match["rtc"] else "grd"
    whole = text.removesuffix(".SAFE")
    ids = dict.fromkeys((match["stem"] + (match["rtc"] or ""), whole.removesuffix("_COG"), whole))
    asked: list[str] = []
    refusal: NetworkError | None = None
    for place in catalogues(kind):
        asked.append(place.host)
        for collection in place.collections:
            for name in ids:
                url = f"{place.address}/collections/{collection}/items/{quote(name)}"
                try:
                    return _of_item(client, item_at(client, url), url)
                except AbsentError as error:
                    refusal = refusal or (error if error.status not in (404, 410) else None)
                except NetworkError as error:
                    client.check()
                    refusal = refusal or error
                    break
    raise refusal or NetworkError(
        f"{client.what} must be in a catalogue, got no product of this name from {' and '.join(asked)}; look for one "
        "with find, or give the address of its manifest.safe"
    )


def _of_item(client: Client, item: dict[str, Any], url: str) -> RemoteProduct:
    """The product of a STAC item.

    Raises:
        NetworkError: it has no measurements, or names files that are not on the web.
    """
    assets, name, collection = item["assets"], item["id"], str(item.get("collection") or "")
    hrefs = {key: str(asset.get("href", "")) for key, asset in assets.items() if isinstance(asset, dict)}
    match = _NAME.fullmatch(name)
    found = [pol for pol in ("vv", "vh", "hh", "hv") if pol in hrefs]
    is_rtc = not any(key.startswith("schema-") for key in hrefs)
    if not found or match is None:
        raise NetworkError(
            f"{client.what} must be an item of Sentinel-1 GRD or RTC, got {name!r:.80} with {len(found)} measurements "
            f"from {host_of(url)}; choose one of sentinel-1-grd or sentinel-1-rtc"
        )
    wanted: dict[str, str] = {}
    for number, pol in enumerate(found, 1):
        if is_rtc:
            wanted[pol.upper()] = hrefs[pol]
            continue
        long = _long_name(match, pol, number)
        wanted[f"measurement/{long}.tiff"] = hrefs[pol]
        wanted[f"annotation/{long}.xml"] = hrefs.get(f"schema-product-{pol}", "")
        wanted[f"annotation/calibration/calibration-{long}.xml"] = hrefs.get(f"schema-calibration-{pol}", "")
        if f"schema-noise-{pol}" in hrefs:
            wanted[f"annotation/calibration/noise-{long}.xml"] = hrefs[f"schema-noise-{pol}"]
    if not is_rtc and "safe-manifest" in hrefs:
        wanted["manifest.safe"] = hrefs["safe-manifest"]
    urls = {member: web_address(href, url) for member, href in wanted.items()}
    outside = next((member for member, place in urls.items() if place is None or not wanted[member]), None)
    if outside is not None:
        got = repr(name_without_credentials(wanted[outside]))[:120] if wanted[outside] else "none"
        raise NetworkError(
            f"{client.what} must name files on the web, got {got} for {outside} from {host_of(url)}; choose another "
            "catalogue"
        )
    token = token_of(client, url, collection) if re.fullmatch(r"[\w.-]{1,100}", collection) else ""
    return RemoteProduct(name, is_rtc, with_token({member: str(place) for member, place in urls.items()}, token))


def _of_manifest(client: Client, text: str) -> RemoteProduct:
    """The product beside a manifest, or in a .SAFE folder.

    Raises:
        NetworkError: there is no manifest, or no measurement that it names.
    """
    parts = urlsplit(text)
    folder = parts.path.rstrip("/")
    if folder.lower().endswith("/manifest.safe"):
        folder, _, manifest = folder.rpartition("/")
    else:
        manifest = "manifest.safe"

    def url_of(member: str) -> str:
        return urlunsplit((parts.scheme, parts.netloc, f"{folder}/{member}", parts.query, ""))

    members = _members_in(client, client.listing(url_of(manifest), _MANIFEST_BYTES), host_of(text))
    name = re.sub(r"\.SAFE$", "", posixpath.basename(folder), flags=re.IGNORECASE)
    match = _NAME.fullmatch(name)
    if not any(member.startswith("measurement/") for member in members) and match is not None:
        longs = [_long_name(match, pol, number) for number, pol in enumerate(_POLARIZATIONS[match["pol"]], 1)]
        members = [f"{folder}{long}{end}" for long in longs for folder, end in _FOLDERS]
    measurements = [member for member in members if member.startswith("measurement/") and _LONG.fullmatch(member)]
    if not measurements:
        raise NetworkError(
            f"{client.what} must be the manifest of a GRD product, got one without GRD measurements from "
            f"{host_of(text)}; take the GRD product of the same pass"
        )
    try:
        client.part(url_of(measurements[0]), 0, 1)
        urls = {member: url_of(member) for member in members}
    except AbsentError:
        urls = {member: url_of(_short_name(member)) for member in members}
    return RemoteProduct(name, is_rtc=False, urls=urls | {"manifest.safe": url_of(manifest)})


_FOLDERS = (
    ("measurement/", ".tiff"), ("annotation/", ".xml"), ("annotation/calibration/calibration-", ".xml"),
    ("annotation/calibration/noise-", ".xml"),
)  # fmt: skip


def _members_in(client: Client, manifest: bytes, host: str) -> list[str]:
    """Measurements and metadata that a manifest names, by their path in the .SAFE folder.

    Raises:
        NetworkError: it is no plain XML.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(manifest, forbid_dtd=True)
    except (DefusedXmlException, SyntaxError, ValueError, LookupError) as error:
        raise NetworkError(
            f"{client.what} must lead to a manifest in plain XML, got something else from {host}; check the address"
        ) from error
    found = (str(element.get("href", "")).removeprefix("./") for element in root.iter())
    return sorted({member for member in found if _MEMBER.fullmatch(member)})


def _long_name(match: re.Match[str], pol: str, number: int) -> str:
    """ESA's name of a measurement, without its end, from the product's name."""
    parts = (match["mission"], match["mode"], "grd", pol, match["start"], match["stop"], match["orbit"], match["take"])
    return "-".join(parts).lower() + f"-{number:03}"


def _short_name(member: str) -> str:
    """A member as it is called in buckets: measurement/iw-vv.tiff, annotation/calibration/noise-iw-vv.xml."""
    match = _LONG.fullmatch(member)
    return f"{match['folder']}{match['mode']}-{match['pol']}{match['end']}" if match else member
