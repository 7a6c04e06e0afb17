"""Files that a server does not have, such as tiles of open sea: remembered for a while, so that nobody asks again."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable
from pathlib import Path

from .cache import cache_folder, replace_text

KEPT_S = 30 * 86400.0
"""How long an absence is believed: sources may grow."""
MOST = 20_000
"""Addresses that are remembered, the newest ones."""
_BYTES = 8 << 20


def _file() -> Path:
    return cache_folder() / "absent.json"


def absent_files() -> frozenset[str]:
    """Addresses of files that were not there when they were last asked for, not long ago."""
    return frozenset(_known())


def remember_absent(urls: Iterable[str]) -> None:
    """Keeps that files are not there; where the cache cannot be written, they are asked for again.

    Args:
        urls: without user, password and query.
    """
    new = {url: int(time.time()) for url in urls}
    if not new:
        return
    newest = sorted((_known() | new).items(), key=lambda entry: -entry[1])[:MOST]
    with contextlib.suppress(OSError):  # an OutputError too
        replace_text(_file(), json.dumps(dict(newest)))


def _known() -> dict[str, float]:
    """When each was asked for, of those that still count; a damaged file knows nothing."""
    now = time.time()
    try:
        if _file().stat().st_size > _BYTES:
            return {}
        kept = json.loads(_file().read_text(encoding="utf-8"))
        return {str(url): float(asked) for url, asked in kept.items() if 0.0 <= now - float(asked) < KEPT_S}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
