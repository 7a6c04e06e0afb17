"""Workers that are watched: a case that hangs or crashes is counted, and its worker started anew."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from .case import Case, Verdict

ROOT = Path(__file__).parents[2]
LIMIT_S = 60.0
"""What takes longer is a hang."""
_START_S = 60.0
CASES = 200
"""After so many a worker is started anew: what a process keeps of many strange calls is no use of memory by a case."""


class Worker:
    """A process that runs one case at a time."""

    def __init__(self, scratch: Path, limit_s: float = LIMIT_S) -> None:
        self._scratch, self._limit_s = scratch, limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._cases = 0

    def run(self, case: Case, folder: Path) -> Verdict:
        """Runs a case in `folder`; a hang or a crash is a verdict too."""
        if self._cases >= CASES:
            self.close()
        process = self._process or self._start()
        started = self._process is None
        self._process = process
        self._cases = 1 if started else self._cases + 1
        assert process.stdin is not None
        assert process.stdout is not None
        asked = {"kind": case.kind, "seed": case.seed, "number": case.number, "folder": str(folder)}
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        deadline = time.monotonic() + self._limit_s + (_START_S if started else 0.0)
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                where = self._where_it_hangs()
                self.close()
                return Verdict(False, f"hang of more than {self._limit_s:.0f} s", where)
            part = os.read(process.stdout.fileno(), 1 << 20)
            if not part:
                code = process.wait()
                detail = self._complaints()
                self.close()
                return Verdict(False, f"crash, exit code {code}", detail)
            line += part
        answer = json.loads(line)
        return Verdict(**answer)

    def close(self) -> None:
        """Ends the process and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        quiet = {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONWARNINGS": "ignore",
            "SAR_COLORIZE_NETWORK": "0",
        }
        temporary = self._scratch / f"tmp-{id(self)}"
        temporary.mkdir(exist_ok=True)
        with (self._scratch / f"worker-{id(self)}.txt").open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "tools.attack.worker"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, start_new_session=True, env=os.environ | quiet | {"TMPDIR": str(temporary)},
            )  # fmt: skip

    def _where_it_hangs(self) -> str:
        """The stacks of a process that hangs: SIGABRT makes Python's fault handler write them."""
        assert self._process is not None
        self._process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        return self._complaints()

    def _complaints(self) -> str:
        path = self._scratch / f"worker-{id(self)}.txt"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""
