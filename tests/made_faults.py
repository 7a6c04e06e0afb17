"""How servers misbehave: answers to a request, given the content of the file that was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable

from tools.mosaic_server import Handler

Answer = Callable[[Handler, bytes], object]


def status(code: int, **headers: str) -> Answer:
    """An answer of a status, always."""
    return lambda handler, content: handler.send(b"no", code, {k.replace("_", "-"): v for k, v in headers.items()})


def ranged(first: int = 0, last: int = 0, total: int = 0, said: str | None = None) -> Answer:
    """The right bytes under a Content-Range that is off by so many, or that is something else."""

    def answer(handler: Handler, content: bytes) -> None:
        start, end = handler.asked(len(content))
        text = f"bytes {start + first}-{end + last}/{len(content) + total}" if said is None else said
        handler.send(content[start : end + 1], 206, {"Content-Range": text} if text else {})

    return answer


def cut(share: float) -> Answer:
    """A body that breaks off."""

    def answer(handler: Handler, content: bytes) -> None:
        start, end = handler.asked(len(content))
        part = content[start : end + 1]
        headers = {"Content-Range": f"bytes {start}-{end}/{len(content)}", "Content-Length": str(len(part))}
        handler.send(part[: -int(-len(part) * share // 1)], 206, headers)

    return answer


def endless(code: int, *, ranged: bool = False) -> Answer:
    """A body that never ends."""

    def answer(handler: Handler, content: bytes) -> None:
        start, end = handler.asked(len(content))
        handler.send_response(code)
        if ranged:
            handler.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
        handler.end_headers()
        handler.wfile.write(content[start : end + 1] if ranged else b"")
        while True:
            handler.wfile.write(b"x" * 65536)

    return answer


def headers_without_end(handler: Handler, content: bytes) -> None:
    """A head that never ends."""
    handler.send_response(206)
    for number in range(500):
        handler.send_header(f"X-{number}", "x")
    handler.end_headers()


def trickle(handler: Handler, content: bytes) -> None:
    """Bytes one by one."""
    start, end = handler.asked(len(content))
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
    handler.end_headers()
    for place in range(start, end):
        handler.wfile.write(content[place : place + 1])
        handler.wfile.flush()
        time.sleep(0.02)


def stall(handler: Handler, content: bytes) -> None:
    """No answer."""
    time.sleep(1.0)


def redirected(target: str) -> Answer:
    """A redirect; {path} is that of the request, {port} the server's."""

    def answer(handler: Handler, content: bytes) -> None:
        place = target.format(path=handler.path, port=handler.server.server_port)
        handler.send(b"", 302, {"Location": place})

    return answer


def times(number: int, answer: Answer) -> Answer:
    """A fault that goes away after so many requests."""
    asked: list[str] = []

    def passing(handler: Handler, content: bytes) -> object:
        asked.append(handler.path)
        return answer(handler, content) if len(asked) <= number else False

    return passing
