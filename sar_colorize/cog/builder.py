"""The child in which GDAL builds Cloud Optimized GeoTIFFs: its copy is one long call, but a process can be killed.

A child takes jobs, one JSON object a line, until its input ends: then the parent gave up or died, and it ends at once.
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
while True:
    job, code = jobs.get(), 0
    sys.path[:] = job["path"]
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

    def _listen(self) -> None:
        for line in self._child.stderr or ():
            self._said.put(line)
        self._said.put(None)

    def build(self, job: Mapping[str, Any]) -> tuple[int, list[str]]:
        """Has a file built; the exit code of it, and every line that the child printed."""
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(json.dumps(dict(job)).encode() + b"\n")
            self._child.stdin.flush()
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


def build(job: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Has a file built by a child of its own, or inside `one_builder` by that which built the one before.

    Raises:
        OSError: as `Builder`.
    """
    idle: list[Builder] | None = getattr(_kept, "idle", None)
    builder = idle.pop() if idle else Builder()
    is_whole = False
    try:
        made = builder.build(job)
        is_whole = made == (0, [])
        return made
    finally:
        if idle is not None and is_whole:
            idle.append(builder)
        else:
            builder.close()


@contextlib.contextmanager
def one_builder() -> Iterator[None]:
    """Inside it one child builds the files of this thread one after the other; each start would take 0.2 s.

    One that complained of anything is not used again.
    """
    if getattr(_kept, "idle", None) is not None:  # inside another
        yield
        return
    _kept.idle = []
    try:
        yield
    finally:
        idle, _kept.idle = _kept.idle, None
        for builder in idle:
            builder.close()
