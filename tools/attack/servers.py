"""Sources on a web server that stalls, cuts answers short, or lies; the server is one of this machine's own."""

from __future__ import annotations

import contextlib
import http.server
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from .case import Case
from .damage import Random, draw
from .ground import Ground, make_ground
from .rasters import call_and_judge

STALL_S = 75.0
"""Longer than a case may take."""


def run(case: Case, folder: Path) -> str:
    """One source on a server of one kind."""
    random = case.random()
    (folder / "in").mkdir()
    manner = draw(random, MANNERS)
    address = draw(random, {"/vsicurl/http://": 3, "http://": 2, "/vsicurl_streaming/http://": 1})
    with _server(_ground().scene.read_bytes(), manner, random) as port:
        # Each case has a name of its own, because GDAL remembers what it has read.
        source = f"{address}127.0.0.1:{port}/{case.name}.tif"
        return call_and_judge(source, f"a server that {manner.__name__.replace('_', ' ')}", folder, random)


@cache
def _ground() -> Ground:
    return make_ground(Path(mkdtemp(prefix="ground-")))


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives one file, whole or by ranges, in the manner of its server."""

    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        """Length and range support."""
        self.server.manner(self, b"", None, head=True)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        """The file, or a range of it."""
        data = self.server.data  # type: ignore[attr-defined]
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        span = (int(asked[1]), int(asked[2] or len(data) - 1)) if asked else None
        part = data if span is None else data[span[0] : span[1] + 1]
        self.server.manner(self, part, span)  # type: ignore[attr-defined]

    def answer(
        self, part: bytes, span: tuple[int, int] | None, *, length: int | None = None, code: int | None = None,
        total: int | None = None, head: bool = False,
    ) -> None:  # fmt: skip
        """An answer in which every number may be a lie."""
        size = len(self.server.data)  # type: ignore[attr-defined]
        self.send_response(code if code is not None else 206 if span else 200)
        self.send_header("Accept-Ranges", "bytes")
        if span:
            self.send_header("Content-Range", f"bytes {span[0]}-{span[0] + len(part) - 1}/{total or size}")
        self.send_header("Content-Length", str(length if length is not None else size if head else len(part)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if not head:
            with contextlib.suppress(OSError):
                self.wfile.write(part)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


Span = tuple[int, int] | None
Manner = Callable[..., None]


def is_honest(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """As it should be."""
    handler.answer(part, span, head=head)


def knows_no_ranges(handler: Handler, _part: bytes, _span: Span, *, head: bool = False) -> None:
    """The whole file, whatever was asked for."""
    handler.answer(handler.server.data if not head else b"", None, head=head)  # type: ignore[attr-defined]


def stalls(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """Half an answer, and then nothing."""
    if head:
        handler.answer(part, span, head=True)
        return
    handler.answer(part[: len(part) // 2], span, length=len(part))
    handler.wfile.flush()
    handler.server.stop.wait(STALL_S)  # type: ignore[attr-defined]


def stalls_later(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """The header of the file comes, and then nothing."""
    if span is not None and span[0] > 0:
        stalls(handler, part, span, head=head)
    else:
        handler.answer(part, span, head=head)


def is_slow(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """Every answer takes a moment."""
    time.sleep(0.2)
    handler.answer(part, span, head=head)


def ends_early(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """Half of what was promised."""
    handler.answer(part[: len(part) // 2], span, length=len(part) if not head else None, head=head)


def lies_about_length(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """A file of another size."""
    size = len(handler.server.data)  # type: ignore[attr-defined]
    handler.answer(part, span, length=size * 1000 if head else None, total=size * 1000, head=head)


def sends_noise(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """Other bytes of the right number."""
    handler.answer(handler.server.random.bytes(len(part)), span, head=head)  # type: ignore[attr-defined]


def fails_at_times(handler: Handler, part: bytes, span: Span, *, head: bool = False) -> None:
    """Server errors, half of the time."""
    if handler.server.random.random() < 0.5:  # type: ignore[attr-defined]
        handler.answer(b"", None, code=503, length=0)
    else:
        handler.answer(part, span, head=head)


def sends_a_page(handler: Handler, _part: bytes, _span: Span, *, head: bool = False) -> None:
    """A page that asks for a password."""
    handler.answer(b"" if head else b"<html>log in</html>", None, length=19)


def has_nothing(handler: Handler, *_asked: object, **_how: object) -> None:
    """404."""
    handler.answer(b"", None, code=404, length=0)


def leads_in_circles(handler: Handler, *_asked: object, **_how: object) -> None:
    """A redirect to itself."""
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


MANNERS: dict[Manner, float] = {
    is_honest: 3, knows_no_ranges: 2, stalls: 0.6, stalls_later: 0.6, is_slow: 1, ends_early: 3, lies_about_length: 2,
    sends_noise: 2, fails_at_times: 2, sends_a_page: 1, has_nothing: 1, leads_in_circles: 1,
}  # fmt: skip
"""Each manner, and how often it is taken."""


class _Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no error."""


@contextmanager
def _server(data: bytes, manner: Manner, random: Random) -> Iterator[int]:
    """A server on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), Handler)
    server.data, server.manner = data, manner  # type: ignore[attr-defined]
    server.random, server.stop = random.spawn(1)[0], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.stop.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
