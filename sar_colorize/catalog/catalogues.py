"""The STAC catalogues that are asked, in their order, their names for collections, and the tokens that one gives."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..credentials import name_without_credentials
from ..errors import NetworkError, SettingError
from .client import Client

VARIABLE, GATE_VARIABLE = "SAR_COLORIZE_STAC_URL", "SAR_COLORIZE_STAC_TOKEN_URL"
EARTH_SEARCH = "https://earth-search.aws.element84.com/v1"
PLANETARY_COMPUTER = "https://planetarycomputer.microsoft.com/api/stac/v1"
_TOKENS = {"planetarycomputer.microsoft.com": "https://planetarycomputer.microsoft.com/api/sas/v1/token"}
"""Where catalogues give the token that their files need, to anybody who asks."""
_ALL = {
    "sentinel-2": ("sentinel-2-c1-l2a", "sentinel-2-l2a"),
    "grd": ("sentinel-1-grd",),
    "rtc": ("sentinel-1-rtc",),
}
"""Collections of each kind, by the names that one catalogue or another has for them."""
KINDS = tuple(_ALL)


@dataclass(frozen=True)
class Catalogue:
    """A STAC API."""

    address: str
    """Without a slash at the end."""
    collections: tuple[str, ...]
    """Of one kind, the first that has any is taken."""

    @property
    def host(self) -> str:
        """The server."""
        return urlsplit(self.address).netloc.rpartition("@")[2]


def catalogues(kind: str) -> tuple[Catalogue, ...]:
    """The catalogues that have a kind of picture, in the order in which they are asked.

    Args:
        kind: "sentinel-2", "grd" or "rtc".

    Raises:
        SettingError: the variable of the environment holds no addresses.
    """
    if named := os.environ.get(VARIABLE, "").split():
        return tuple(Catalogue(checked_address(address, VARIABLE), _ALL[kind]) for address in named)
    planetary = Catalogue(PLANETARY_COMPUTER, _ALL[kind][-1:])
    return (planetary,) if kind == "rtc" else (Catalogue(EARTH_SEARCH, _ALL[kind]), planetary)


def checked_address(address: str, what: str) -> str:
    """An address of the web, without a slash at the end.

    Args:
        what: the setting or variable that holds it, for messages.

    Raises:
        SettingError: it is none, or one with user, password or query.
    """
    try:
        parts = urlsplit(address)
        is_plain = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc and not parts.query
    except ValueError:
        is_plain = False
    if not is_plain or any(ord(character) <= 32 for character in address):
        raise SettingError(
            f"{what} must be an address such as {EARTH_SEARCH}, without user, password and query, got "
            f"{name_without_credentials(address):.200}; leave it out for the usual one"
        )
    return address.rstrip("/")


def token_of(client: Client, address: str, collection: str) -> str:
    """What the files of a collection need behind their address; "" where their catalogue gives no tokens.

    Raises:
        NetworkError: it gives none.
    """
    gate = os.environ.get(GATE_VARIABLE) or _TOKENS.get(urlsplit(address).hostname or "")
    if gate is None:
        return ""
    answer = client.listing(f"{gate.rstrip('/')}/{collection}")
    try:
        token: str = json.loads(answer)["token"].lstrip("?")
        if token.isprintable() and " " not in token:
            return token
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise NetworkError(
        f"{client.what} must give a token for its files, got none from {urlsplit(gate).hostname}; try again later"
    )


def with_token(urls: Mapping[str, str], token: str) -> dict[str, str]:
    """Addresses with a token behind each."""
    return {name: f"{url}{'&' if '?' in url else '?'}{token}" if token else url for name, url in urls.items()}
