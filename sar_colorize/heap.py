"""How the C library keeps memory: arrays that are freed stay with the process, for the next ones.

glibc gives arrays of 128 KiB and more back to the system when they are freed, and takes them anew, zeroed page by page,
until it has seen larger ones freed; then it keeps up to 32 MiB of them. Dask's nanny sets MALLOC_TRIM_THRESHOLD_, which
switches this learning off for good: a block then costs three times the processor time, most of it page faults.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from functools import cache

KEPT_BYTES = 32 << 20
"""Arrays up to this size are kept, as glibc itself comes to do; larger ones go back at once, as they always do."""
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h


@cache
def keep_freed_memory() -> bool:
    """Sets once in a process what glibc would learn by itself, whatever the environment says.

    Returns:
        Whether it was set; not with another C library, which is left alone.
    """
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.gnu_get_libc_version  # noqa: B018  # musl has a mallopt that does nothing, and not this
        return bool(libc.mallopt(_MMAP_THRESHOLD, KEPT_BYTES) and libc.mallopt(_TRIM_THRESHOLD, 2 * KEPT_BYTES))
    return False
