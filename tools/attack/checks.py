"""Cases that must be counted as failed: a check that cannot fail is none."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from .case import BrokenPromiseError, Case
from .judge import attempt


def run(case: Case, folder: Path) -> str:
    """By number: 0 holds, 1 hangs, 2 crashes, 3 gives a traceback, 4 needs too much memory, 5 fails a promise."""
    if case.number == 1:
        time.sleep(600)
    elif case.number == 2:
        os.kill(os.getpid(), signal.SIGSEGV)
    elif case.number == 3:
        attempt(lambda: {}["missing"])
    elif case.number == 4:
        attempt(lambda: bytearray(1 << 36))
    elif case.number == 5:
        (folder / "evidence.txt").write_text("what was attacked")
        raise BrokenPromiseError("a promise did not hold")
    return "done"
