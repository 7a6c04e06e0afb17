"""Signals that cancel a run; the standard library alone, so that they are heard before anything heavy is imported.

The first raises KeyboardInterrupt, and everything that was begun is undone. Python swallows it where it falls into a
callback of an import or of a collected object; so it is remembered, and every report of progress raises it again. The
second gives the undoing a few seconds, and ends the process in any case.
"""

from __future__ import annotations

import _thread
import atexit
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

CANCELLED = 130
"""The exit code."""
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_PATIENCE_S = 5.0
_LAST_S = 10.0
_CLEANING_S = 5.0
_LONGEST_EXIT_S = 60.0
_received: list[int] = []


def install() -> None:
    """Hears the signals; one that the caller ignores stays ignored, as `nohup` and background jobs want."""
    _received.clear()
    for number in _heard():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _cancel)
    sys.unraisablehook = _swallowed
    threading.excepthook = _lost


def is_cancelled() -> bool:
    """Whether a signal came, also where the interrupt that it raised was swallowed."""
    return bool(_received)


def check() -> None:
    """Raises the interrupt again that was swallowed.

    Raises:
        KeyboardInterrupt: a signal came.
    """
    if _received:
        raise KeyboardInterrupt


def ignore() -> None:
    """Hears no signal any more: the exit code is settled, and what is left to do is short."""
    for number in _heard():
        signal.signal(number, signal.SIG_IGN)


def exit_soon(code: int = CANCELLED, seconds: float | None = None) -> None:
    """Ends the process after some seconds if it has not ended by itself; hidden folders are removed before."""
    if seconds is None:
        seconds = _PATIENCE_S if code == CANCELLED else _LONGEST_EXIT_S
    threading.Thread(target=_exit_after, args=(code, seconds), daemon=True).start()


def stop_at_eof() -> None:
    """Cancels when standard input ends: whoever holds its other end cancelled or died."""
    threading.Thread(target=_wait_for_eof, daemon=True).start()


def _heard() -> list[signal.Signals]:
    """The signals of this system."""
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]


def _cancel(number: int, _frame: FrameType | None) -> None:
    """The first signal raises; a second would only disturb the undoing, so it sets a limit to it."""
    _received.append(number)
    if len(_received) == 1:
        raise KeyboardInterrupt
    ignore()
    exit_soon()


def _exit_after(code: int, seconds: float) -> None:
    time.sleep(seconds)
    # Among them is the removal of hidden folders, as at an exit that is not stuck; one of them may be stuck too.
    cleaner = threading.Thread(target=atexit._run_exitfuncs, daemon=True)
    cleaner.start()
    cleaner.join(_CLEANING_S)
    os._exit(code)


def _wait_for_eof() -> None:
    while os.read(0, 1024):
        pass
    if sys.platform == "win32":
        _thread.interrupt_main(signal.SIGTERM)
    else:  # a real signal also wakes a main thread that waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    exit_soon(seconds=_LAST_S)


def _swallowed(unraisable: Any) -> None:
    """Says nothing of an interrupt that Python could not raise, because it is remembered; of an error, one line."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt) and sys.stderr is not None:
        from sar_colorize.credentials import without_credentials

        print(f"note: {without_credentials(repr(unraisable.exc_value))}", file=sys.stderr)  # noqa: T201  # no click yet


def _lost(thread: threading.ExceptHookArgs) -> None:
    """Keeps the traceback of a library's thread for the debug log; whoever waits for it says what it could not do."""
    import logging

    kept = (thread.exc_type, thread.exc_value or thread.exc_type(), thread.exc_traceback)
    logging.getLogger("sar_colorize").debug("a thread ended in an error", exc_info=kept)
