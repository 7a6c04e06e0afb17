"""A web server on this machine that counts who asks; in a process of its own, for GDAL holds Python while it waits."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVER = """
import http.server, sys
from pathlib import Path
log = Path(sys.argv[1])
class Handler(http.server.SimpleHTTPRequestHandler):
    def log_request(self, *_):
        with log.open("a") as file:
            file.write(self.requestline + "\\n")
    def log_error(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


class Server:
    """Where the server is, and what was asked of it."""

    def __init__(self, url: str, log: Path) -> None:
        self.url, self._log = url, log

    def requests(self) -> list[str]:
        """Lines of requests until now."""
        return self._log.read_text().splitlines() if self._log.exists() else []


@contextmanager
def serving(folder: Path, log: Path) -> Iterator[Server]:
    """Serves a folder while the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(log)], cwd=folder, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Server(f"http://127.0.0.1:{process.stdout.readline().strip()}", log)
    finally:
        process.kill()
        process.communicate()
