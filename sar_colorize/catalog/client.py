"""HTTP as sources are read: byte ranges and short listings, every answer checked, bounded in time and in bytes.

Why not GDAL's own /vsicurl: it follows redirects to any server, asks again without minding Retry-After, and does not
say how many bytes it took (seen with GDAL 3.10). GDAL reads through `ranges` instead, with as many requests and bytes:
`python -m tools.fetch_bytes` shows both.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request

from ..errors import NetworkError
from .web import host_of, opener_for

_AGAIN = (408, 429, 500, 502, 503, 504)
"""Answers after which asking again may help."""
_CHUNK = 1 << 16


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for."""

    timeout_s: float = 20.0
    """Until it must answer, and between two parts of its answer."""
    least_bytes_s: float = 1000.0
    """Bytes a second below which an answer is given up, after `timeout_s`."""
    retries: int = 3
    """How often it is asked again."""
    first_wait_s: float = 1.0
    """Before it is asked again the first time; twice as long each time, unless it says how long by Retry-After."""
    most_wait_s: float = 60.0
    """The longest that it may ask to wait."""
    total_s: float = 900.0
    """For everything that a scene needs."""


PATIENCE = Patience()


class AbsentError(NetworkError):
    """The server has no such file, or does not show it: open sea, for these sources."""

    def __init__(self, message: str, status: int = 404) -> None:
        super().__init__(message)
        self.status = status


class _PassingError(Exception):
    """Something that may go better the next time."""

    def __init__(self, what: str, wait_s: float | None = None) -> None:
        super().__init__(what)
        self.wait_s = wait_s


class _Range(NamedTuple):
    """The bytes that an answer holds, the last one too, and the size of the file."""

    first: int
    last: int
    total: int


class Client:
    """Asks servers for one scene, from any number of threads, and counts what they send.

    Args:
        what: the setting and source, for messages.
        most_bytes: of all answers together.
        mend: the way out where they are more.
        instead: what one can give in place of an address that does not answer.

    Attributes:
        bytes: of the bodies that came until now. requests: how many were sent.
    """

    def __init__(
        self,
        what: str,
        most_bytes: int,
        wait: Patience | None = None,
        mend: str = "choose a coarser `reference_resolution`",
        instead: str = "give a file",
    ) -> None:
        self.what, self.most_bytes, self.patience = what, most_bytes, wait or patience()
        self._mend, self._instead, self._way_out = mend, instead, f"try again later, or {instead}"
        self.bytes, self.requests = 0, 0
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._end = time.monotonic() + self.patience.total_s
        self._opener = opener_for(what)

    def stop(self) -> None:
        """Makes every request of every thread end, at once where it waits and within a time-out where it reads."""
        self._stopped.set()

    def part(self, url: str, first: int, length: int, size: int = 0) -> tuple[bytes, int]:
        """Bytes of a file from `first` on, fewer than `length` where it ends before, and its size.

        A body that breaks off is gone on with where it ended.

        Args:
            url: of the file. first: from 0. length: at least 1.
            size: of the file as an earlier answer said it; 0 before the first.

        Raises:
            AbsentError: there is no such file. NetworkError: one sentence.
        """
        got, total, tries = bytearray(), size, 0
        while True:
            before = len(got)
            try:
                with self._answer(url, f"bytes={first + before}-{first + length - 1}") as answer:
                    found = self._checked(answer, first + before, first + length - 1)
                    if total and found.total != total:
                        raise NetworkError(
                            f"{self.what} must stay as it is while it is read, got a file of {total} and then of "
                            f"{found.total} bytes from {host_of(url)}; try again"
                        )
                    total, wanted = found.total, before + found.last - found.first + 1
                    self._take(answer, got, wanted)
                if len(got) >= wanted:
                    return bytes(got), total
                raise _PassingError(f"{len(got) - before} of {wanted - before} bytes")
            except _PassingError as error:
                tries = self._wait(url, error, 1 if len(got) > before else tries + 1)

    def listing(self, url: str, most: int = 1 << 20, body: bytes | None = None) -> bytes:
        """The whole of a short document.

        Args:
            url: of it. most: bytes. body: JSON that is sent, by POST; None asks by GET.

        Raises:
            AbsentError: there is none. NetworkError: one sentence, also for one of more than `most` bytes.
        """
        tries = 0
        while True:
            got = bytearray()
            try:
                with self._answer(url, None, body) as answer:
                    self._take(answer, got, most + 1)
                    if len(got) > most:
                        raise NetworkError(
                            f"{self.what} must list what it has in at most {most >> 10} kB, got more from "
                            f"{host_of(url)}; {self._way_out}"
                        )
                    if answer.length:
                        raise _PassingError(f"{len(got)} of {len(got) + answer.length} bytes")
                return bytes(got)
            except _PassingError as error:
                tries = self._wait(url, error, tries + 1)

    def check(self) -> None:
        """Refuses to go on when it was stopped, or when all took too long.

        Raises:
            NetworkError: one of the two.
        """
        if self._stopped.is_set():
            raise NetworkError(f"{self.what} must not be stopped while it is fetched, got a cancelled run; run it anew")
        if time.monotonic() > self._end:
            raise NetworkError(
                f"{self.what} must come within {self.patience.total_s:.0f} s, got {self.bytes / 1e6:.1f} MB in that "
                f"time; {self._way_out}"
            )

    @contextlib.contextmanager
    def _answer(self, url: str, wanted: str | None, body: bytes | None = None) -> Iterator[Any]:
        """The open answer to a request.

        Raises:
            AbsentError, NetworkError: final. _PassingError: asking again may help.
        """
        self.check()
        headers = {"User-Agent": "sar-colorize", "Accept-Encoding": "identity"}
        request = Request(url, body, headers if body is None else headers | {"Content-Type": "application/json"})
        if wanted is not None:
            request.add_header("Range", wanted)
        with self._lock:
            self.requests += 1
        try:
            with self._opener.open(request, timeout=self.patience.timeout_s) as answer:
                yield answer
        except HTTPError as error:
            with error:
                raise self._of_status(url, error) from None
        except (URLError, OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, NetworkError):
                raise
            raise self._of_failure(url, error) from None

    def _of_status(self, url: str, error: HTTPError) -> Exception:
        """What an answer that is no success means."""
        said = f"HTTP {error.code} ({http.client.responses.get(error.code, 'unknown')})"
        if error.code in (401, 403, 404, 410):
            return AbsentError(
                f"{self.what} must be readable without an account, got {said} from {host_of(url)}; {self._way_out}",
                error.code,
            )
        if error.code in _AGAIN:
            return _PassingError(said, _seconds(error.headers.get("Retry-After")))
        return NetworkError(f"{self.what} must be readable, got {said} from {host_of(url)}; {self._way_out}")

    def _of_failure(self, url: str, error: BaseException) -> Exception:
        """What an answer that did not come means."""
        cause = getattr(error, "reason", error)
        said = " ".join(str(getattr(cause, "strerror", None) or cause).split())[:200] or type(cause).__name__
        if isinstance(cause, TimeoutError):
            return _PassingError(f"no answer in {self.patience.timeout_s:g} s")
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NetworkError(
                f"{self.what} must prove who it is, got {said} from {host_of(url)}; set SSL_CERT_FILE to the "
                "certificates of your network"
            )
        if isinstance(cause, socket.gaierror | ConnectionRefusedError):
            where = f"{said} for {host_of(url)}"
            return NetworkError(f"{self.what} must be reachable, got {where}; check the network, or {self._instead}")
        return _PassingError(said)

    def _checked(self, answer: Any, first: int, last: int) -> _Range:
        """The range of an answer, where it is that which was asked for."""
        host = host_of(answer.url)
        if answer.status != 206:
            raise NetworkError(
                f"{self.what} must serve parts of files, got HTTP {answer.status} for a range from {host}; take a "
                f"server that knows ranges, or {self._instead}"
            )
        said = answer.headers.get("Content-Range", "")
        found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", said.strip(), re.ASCII)
        part = _Range(*map(int, found.groups())) if found else _Range(-1, -1, 0)
        is_right = part.first == first and part.last == min(last, part.total - 1) >= part.first
        length = answer.headers.get("Content-Length", "")
        if not is_right or (length.isdecimal() and int(length) != part.last - part.first + 1):
            raise NetworkError(
                f"{self.what} must send the bytes that are asked for, got {said!r:.60} for {first}-{last} from {host}; "
                f"{self._way_out}"
            )
        return part

    def _take(self, answer: Any, got: bytearray, wanted: int) -> None:
        """Reads the body of an answer until `got` holds `wanted` bytes or it ends."""
        started, before = time.monotonic(), len(got)
        while len(got) < wanted:
            self.check()
            part = answer.read1(min(_CHUNK, wanted - len(got)))
            if not part:
                return
            got += part
            with self._lock:
                self.bytes += len(part)
                too_many = self.bytes > self.most_bytes
            if too_many:
                raise NetworkError(
                    f"{self.what} must need at most {self.most_bytes / 1e6:.0f} MB for this scene, got more; "
                    f"{self._mend}"
                )
            seconds = time.monotonic() - started
            if seconds > self.patience.timeout_s and len(got) - before < self.patience.least_bytes_s * seconds:
                raise NetworkError(
                    f"{self.what} must send at least {self.patience.least_bytes_s:.0f} bytes a second, got "
                    f"{len(got) - before} in {seconds:.0f} s from {host_of(answer.url)}; {self._way_out}"
                )

    def _wait(self, url: str, error: _PassingError, tries: int) -> int:
        """Waits before a request is sent again; how many times it was sent.

        Raises:
            NetworkError: it was sent often enough, or the server asks for too long a wait.
        """
        ours = self.patience
        wait_s = ours.first_wait_s * 2.0 ** (tries - 1) if error.wait_s is None else error.wait_s
        if tries > ours.retries or wait_s > ours.most_wait_s:
            often = f" {tries} times" if tries > ours.retries else f", which asks to wait {wait_s:.0f} s"
            raise NetworkError(
                f"{self.what} must answer in full, got {error} from {host_of(url)}{often}; {self._way_out}"
            )
        self._stopped.wait(min(wait_s, max(0.0, self._end - time.monotonic())))
        return tries


def patience() -> Patience:
    """The usual patience, with what GDAL's variables of the environment say."""
    more: dict[str, Any] = {}
    names = {
        "timeout_s": "GDAL_HTTP_TIMEOUT",
        "retries": "GDAL_HTTP_MAX_RETRY",
        "first_wait_s": "GDAL_HTTP_RETRY_DELAY",
    }
    for name, variable in names.items():
        with contextlib.suppress(KeyError, ValueError):
            value = float(os.environ[variable])
            if 0 <= value < 3600:
                more[name] = int(value) if name == "retries" else value
    return Patience(**(PATIENCE.__dict__ | more))


def _seconds(retry_after: str | None) -> float | None:
    """How long a server asks to wait; None where it does not say."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    with contextlib.suppress(TypeError, ValueError):
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None
