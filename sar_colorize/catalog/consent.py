"""Whether the network may be asked without a source being named: never, until the user says so once."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from ..errors import OutputError, SettingError

VARIABLE = "SAR_COLORIZE_NETWORK"
FILE_VARIABLE = "SAR_COLORIZE_CONFIG"
_YES, _NO = ("1", "on", "yes", "true"), ("0", "off", "no", "false")


def config_file() -> Path:
    """Where the user's answer is kept: SAR_COLORIZE_CONFIG, or the place that the system has for such."""
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "sar_colorize" / "config.json"


def network_consent() -> tuple[bool, str]:
    """Whether the user lets the network be asked, and who says so.

    Raises:
        SettingError: the variable of the environment holds no answer.
    """
    text = os.environ.get(VARIABLE, "").strip().lower()
    if text:
        if text not in (*_YES, *_NO):
            raise SettingError(f"{VARIABLE} must be 1 or 0, got {text:.80}; unset it for what the configuration says")
        return text in _YES, VARIABLE
    file = config_file()
    with contextlib.suppress(OSError, ValueError, AttributeError):  # a damaged file is no consent
        if json.loads(file.read_text(encoding="utf-8")).get("network") is True:
            return True, str(file)
    return False, "nobody allowed it"


def set_network_consent(allowed: bool) -> Path:
    """Keeps the user's answer for all later runs, and returns the file that holds it.

    Raises:
        OutputError: it cannot be written.
    """
    file = config_file()
    kept: dict[str, object] = {}
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(file.read_text(encoding="utf-8"))
        kept = found if isinstance(found, dict) else {}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened, name = tempfile.mkstemp(".json", ".unfinished-", file.parent)
        try:
            with os.fdopen(opened, "w", encoding="utf-8") as made:
                json.dump(kept | {"network": allowed}, made)
            Path(name).replace(file)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise OutputError(
            f"configuration must be writable, got {error.strerror or error} for {file}; set {FILE_VARIABLE} to another "
            "file"
        ) from error
    return file
