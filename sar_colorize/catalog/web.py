"""What opens addresses of the web: one server, no other schemes, the proxies and certificates of the environment."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from ..errors import NetworkError

_BUCKET = re.compile(r"([a-z0-9-]+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com")


class _OneHost(HTTPRedirectHandler):
    """Follows redirects on one server only, and never from https to http."""

    max_redirections = 3

    def __init__(self, what: str) -> None:
        self.what = what

    def http_error_302(self, req: Request, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """The answer behind a redirect.

        Raises:
            NetworkError: it leads elsewhere.
        """
        target = urljoin(req.full_url, headers.get("Location") or headers.get("URI") or "")
        old, new = urlsplit(req.full_url), urlsplit(target)
        is_upgrade = (
            (old.scheme, new.scheme) == ("http", "https") and old.port in (None, 80) and new.port in (None, 443)
        )
        is_same = old.hostname == new.hostname and ((old.scheme, old.port) == (new.scheme, new.port) or is_upgrade)
        if not is_same and not _is_one_bucket(old.hostname, new.hostname, new.scheme):
            fp.close()
            leads = f"{new.scheme}://{new.hostname}" if new.hostname else f"{new.scheme}:"
            raise NetworkError(
                f"{self.what} must stay on its server, got a redirect from {old.hostname} to {leads}; set the source's "
                "address to the new server if you trust it"
            )
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _is_one_bucket(old: str | None, new: str | None, scheme: str) -> bool:
    """Whether two servers are Amazon's for one bucket, which sends from its address to that of a region."""
    buckets = [_BUCKET.fullmatch(host or "") for host in (old, new)]
    return scheme == "https" and all(buckets) and len({found[1] for found in buckets if found}) == 1


def opener_for(what: str) -> OpenerDirector:
    """What opens addresses of the web and nothing else, by the proxies and certificates of the environment."""
    proxy = os.environ.get("GDAL_HTTP_PROXY")
    opener = OpenerDirector()
    for handler in (
        ProxyHandler({"http": proxy, "https": proxy} if proxy else None), HTTPHandler(), HTTPSHandler(context=_tls()),
        HTTPDefaultErrorHandler(), HTTPErrorProcessor(), _OneHost(what),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


def _tls() -> ssl.SSLContext:
    """Whom to believe: the bundle that the environment names for curl or requests, else the system's and certifi's."""
    for name in ("GDAL_CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        bundle = os.environ.get(name)
        if bundle and Path(bundle).is_file():
            return ssl.create_default_context(cafile=bundle)
    context = ssl.create_default_context()
    with contextlib.suppress(ImportError, OSError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def host_of(url: str) -> str:
    """The server of an address, without user and password."""
    return urlsplit(url).netloc.rpartition("@")[2]
