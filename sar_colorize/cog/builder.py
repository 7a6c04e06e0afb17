"""The child in which GDAL builds Cloud Optimized GeoTIFFs: its copy is one long call, but a process can be killed.

A child takes where modules are and then jobs, one line of JSON each, until its input ends: then the parent gave up or
died, and it ends at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any

_LISTEN_SECONDS = 5.0
_WAIT_SECONDS = 0.2
"""So often does a wait let Ctrl-C through, which on Windows nothing else does."""
_END = b"\0"
"""Before the exit code of a job, on standard error, behind all that libraries printed of it."""
_kept = threading.local()
_SERVE = """
import json, logging, os, queue, sys, threading
jobs = queue.Queue()
def listen():
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    os._exit(1)
threading.Thread(target=listen, daemon=True).start()
logging.basicConfig(level=logging.ERROR)
sys.path[:] = jobs.get()
try:
    import rasterio, rasterio.shutil
except Exception:  # said below, of the first job
    pass
while True:
    job, code = jobs.get(), 0
    try:
        import rasterio, rasterio.shutil
        with rasterio.Env(**job["config"]):
            rasterio.shutil.copy(job["source"], job["target"], driver="COG", **job["options"])
    except Exception as error:
        print(error, file=sys.stderr, flush=True)
        code = 1
    os.write(2, b"\\0%d\\n" % code)
"""


class Builder:
    """One such child.

    Raises:
        OSError: no process or no file may be opened any more.
    """

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", _SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,  # a file on the disk that is full would lose them
            # GDAL would mix its chatter into the complaints, or send them elsewhere.
            env={key: value for key, value in os.environ.items() if key not in ("CPL_DEBUG", "CPL_LOG")},
            start_new_session=True,  # Ctrl-C in a terminal reaches this process only
        )
        self._said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._tell(sys.path)

    def _listen(self) -> None:
        for line in self._child.stderr or ():
            self._said.put(line)
        self._said.put(None)

    def _tell(self, what: Any) -> None:
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # `result` says that it ended
            self._child.stdin.write(json.dumps(what).encode() + b"\n")
            self._child.stdin.flush()

    def begin(self, job: Mapping[str, Any]) -> None:
        """Has a file built, and does not wait for it."""
        self._tell(dict(job))

    def result(self) -> tuple[int, list[str]]:
        """Waits for that file: its exit code, and every line that the child printed."""
        lines: list[bytes] = []
        while True:
            try:
                line = self._said.get(timeout=_WAIT_SECONDS)
            except queue.Empty:
                continue
            text, end, code = (line or b"").partition(_END)
            lines.append(text)
            if line is None or end:
                found = int(code) if end else self._child.wait() or 1
                return found, [part for part in b"".join(lines).decode(errors="replace").splitlines() if part]

    def close(self) -> None:
        """Ends the child, whatever it is doing."""
        self._child.kill()
        self._child.wait()
        with contextlib.suppress(OSError):
            assert self._child.stdin is not None
            self._child.stdin.close()
        self._listener.join(_LISTEN_SECONDS)
        if self._child.stderr is not None:
            self._child.stderr.close()


def take() -> Builder:
    """A child for one file: inside `builders` one that is idle, else a new one.

    Raises:
        OSError: as `Builder`.
    """
    idle: list[Builder] | None = getattr(_kept, "idle", None)
    return idle.pop() if idle else Builder()


def give_back(builder: Builder, *, is_whole: bool) -> None:
    """Keeps a child for the next file inside `builders`, and ends it elsewhere, or where it complained of anything."""
    idle: list[Builder] | None = getattr(_kept, "idle", None)
    if idle is not None and is_whole:
        idle.append(builder)
    else:
        builder.close()


@contextlib.contextmanager
def builders(ready: int = 0) -> Iterator[None]:
    """Inside it children build one file of this thread after the other; each start would take 0.2 s.

    ready: so many are started now, while there is other work to do. Inside another one, the outer keeps them.
    """
    outer: list[Builder] | None = getattr(_kept, "idle", None)
    idle: list[Builder] = [] if outer is None else outer
    try:
        _kept.idle = idle
        with contextlib.suppress(OSError):  # said where one is needed
            while len(idle) < ready:
                idle.append(Builder())
        yield
    finally:
        _kept.idle = outer
        if outer is None:
            for builder in idle:
                builder.close()
