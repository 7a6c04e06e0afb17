"""Runs a module as `python -m` does, in a Python other than QGIS's, and ends it with its children when QGIS lets go.

    PYTHON -I guard.py MODULE ARGUMENT ...

Whoever started it holds the other end of its standard input: when that closes, because the run was cancelled or QGIS
died, the process and all that it started are killed. What it prints comes on standard error. Standard library only.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time

_LATER_S = 5.0


def main() -> None:
    """Runs the module of the arguments."""
    held = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # nothing may ask the user, who sees no terminal
    os.dup2(2, 1)
    if sys.platform != "win32":
        os.setsid()
    threading.Thread(target=_end_with, args=(held,), daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with(held: int) -> None:
    """Waits for the end of what is held."""
    while os.read(held, 1024):
        pass
    if sys.platform == "win32":  # QGIS ends the tree of processes, of which this one is the root; if it lives
        time.sleep(_LATER_S)
        os._exit(1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
