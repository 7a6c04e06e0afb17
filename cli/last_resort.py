"""What is kept of an error that nobody foresaw, for a report: no values of options that are secret."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import tempfile
import traceback

from sar_colorize.credentials import clean_error, name_without_credentials, without_credentials

PREFIX = "sar-colorize-error-"


def write_report(error: BaseException) -> str | None:
    """The path of a file in the system's temporary folder, for its owner alone; None where none can be written.

    Holds the command line, the traceback and what `doctor` finds.
    """
    clean_error(error)
    words = shlex.join(["sar-colorize", *map(name_without_credentials, sys.argv[1:])])
    parts = [
        f"command: {words}",
        f"system: {platform.platform()}, Python {platform.python_version()}",
        "".join(traceback.format_exception(error)),
        _examined(),
    ]
    try:
        handle, path = tempfile.mkstemp(prefix=PREFIX, suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(without_credentials("\n\n".join(parts)))
    except OSError:
        return None
    return path


def _examined() -> str:
    """What `doctor` finds, a line for each check."""
    try:
        from sar_colorize.api import examine

        return "\n".join(f"{check.name}: {check.detail}" for check in examine().checks)
    except Exception as error:  # noqa: BLE001  # the error may be in what doctor looks at
        return f"doctor failed: {type(error).__name__}: {error}"
