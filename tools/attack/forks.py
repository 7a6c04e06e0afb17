"""The command line in forks of a process that has loaded it: a start takes milliseconds, not seconds."""

from __future__ import annotations

import atexit
import contextlib
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from .case import BrokenPromiseError

LIMIT_S = 50.0
"""A command that takes longer hangs."""
EARLY_S = 0.2
"""So long after its begin a command may still be without handlers of signals, on a busy machine."""
NEVER_BEGAN = 253
"""Exit code of a fork that SIGINT ended before the command heard signals."""
NOBODY = 65534


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    """Exit code, or minus the signal."""
    stderr: str
    """What it wrote there."""
    seconds: float
    """How long it took."""


class Command:
    """A command line under way in a fork of this process."""

    def __init__(
        self,
        words: Sequence[str],
        folder: Path,
        *,
        temporary: Path,
        stdout: str = os.devnull,
        limits: Mapping[int, int] | None = None,
        user: int | None = None,
    ) -> None:
        """Starts it.

        Args:
            words: after `sar-colorize`.
            folder: where it runs; what it writes on standard error is kept beside it.
            temporary: its TMPDIR.
            stdout: where results go.
            limits: resource limits by number.
            user: whose rights it has; None for those of this process.
        """
        _load()
        self._reader, writer = os.pipe()
        self._started, self._mark = time.monotonic(), folder / "began"
        self._mark.unlink(missing_ok=True)
        self._text = bytearray()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._reader)
            _in_the_fork(words, folder, self._mark, temporary, stdout, writer, dict(limits or {}), user)
        os.close(writer)

    def kill(self, sent: signal.Signals) -> None:
        """Sends a signal, where it still lives."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, sent)

    def is_early(self) -> bool:
        """Whether the command has not begun yet, or just so: no handler of signals may be in place."""
        try:
            return time.time() - self._mark.stat().st_mtime < EARLY_S
        except FileNotFoundError:
            return True

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def children(self) -> list[psutil.Process]:
        """What it has started."""
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def wait(self) -> Ended:
        """Waits for its end.

        Raises:
            BrokenPromiseError: it hangs, and was killed.
        """
        os.set_blocking(self._reader, False)
        deadline, status = self._started + LIMIT_S, None
        while status is None:
            self._drain()
            found, code = os.waitpid(self.pid, os.WNOHANG)
            if found:
                status = code
            elif time.monotonic() > deadline:
                children = self.children()
                os.kill(self.pid, signal.SIGABRT)  # Python's fault handler writes the stacks
                time.sleep(0.5)
                self._drain()
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                for child in children:
                    with contextlib.suppress(psutil.Error):
                        child.kill()
                os.close(self._reader)
                stacks = bytes(self._text)[-5000:].decode(errors="replace")
                raise BrokenPromiseError(f"hang of more than {LIMIT_S:.0f} s") from RuntimeError(stacks)
            else:
                time.sleep(0.005)
        self._drain()
        os.close(self._reader)
        text = bytes(self._text).decode(errors="replace")
        return Ended(os.waitstatus_to_exitcode(status), text, time.monotonic() - self._started)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while part := os.read(self._reader, 1 << 16):
                self._text += part


def gone(children: Sequence[psutil.Process]) -> None:
    """Waits for the children of a command that has ended.

    Raises:
        BrokenPromiseError: one lives on.
    """
    _, alive = psutil.wait_procs(children, timeout=10)
    for child in alive:
        with contextlib.suppress(psutil.Error):
            words = " ".join(child.cmdline())[:80]
            child.kill()
            raise BrokenPromiseError(f"a child lives on after its parent: {words}")


@cache
def _load() -> None:
    """Imports what commands import, and starts no thread."""
    import geopandas  # noqa: F401 what follows is loaded for the forks
    import rasterio  # noqa: F401
    import safetensors.torch  # noqa: F401
    import torch  # noqa: F401
    from sar_colorize_cli import adapt, colorize, despeckle, despeckle_stack, evaluate, main, pairs, train  # noqa: F401

    import sar_colorize.evaluation.color.run
    import sar_colorize.training.color.adapt
    import sar_colorize.training.color.loop  # noqa: F401


def _in_the_fork(
    words: Sequence[str], folder: Path, mark: Path, temporary: Path, stdout: str, stderr: int, limits: dict[int, int],
    user: int | None,
) -> None:  # fmt: skip
    """Becomes the command, and ends as Python ends: threads, then what was registered, then the exit code."""
    code = 254
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(os.open(stdout, os.O_WRONLY), 1)
        os.dup2(stderr, 2)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w", errors="backslashreplace") for number in (1, 2))
        sys.stdin = os.fdopen(0, closefd=False)
        import tempfile

        mark.touch()
        os.environ["TMPDIR"], tempfile.tempdir = str(temporary), str(temporary)
        for limit, value in limits.items():
            resource.setrlimit(limit, (value, value))
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        sys.argv = ["sar-colorize", *words]
        from sar_colorize_cli.main import main

        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
        threading._shutdown()  # type: ignore[attr-defined]  # as Python does before it ends
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BaseException as error:  # noqa: BLE001 a traceback is what the attack looks for
        if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            code = NEVER_BEGAN
        with contextlib.suppress(BaseException):
            traceback.print_exc()
            sys.stderr.flush()
    finally:
        os._exit(code)
