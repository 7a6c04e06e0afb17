"""What this machine has left: memory, and room on a disk."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")


def available_memory_bytes() -> int | None:
    """Memory that this process may still take without swapping, beside what it has; None where the system does not say.

    The least of what the kernel has available and what the control groups of a container leave.
    """
    found = [value for value in (_of_kernel(), _of_group(2), _of_group(1)) if value is not None]
    return min(found) if found else _of_sysconf()


def own_memory_bytes() -> int:
    """Memory that this process has now; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def free_disk_bytes(folder: Path) -> int | None:
    """Room in a folder, or where it will be made; None where the system does not say."""
    for there in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(there).free
    return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, numpy or torch found no memory; torch, which may not be imported here, has its own errors."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and ("allocate memory" in str(error) or "enough memory" in str(error))


def _of_kernel() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _of_group(version: int) -> int | None:
    """What the tightest control group of this process leaves; pages of files that it may drop count as left."""
    limit, usage, dropped = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    found = []
    for folder in _groups(version):
        with contextlib.suppress(OSError, ValueError):
            most = int((folder / limit).read_text())  # "max" is no number: no limit
            used = int((folder / usage).read_text())
            lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
            used -= sum(int(line[1]) for line in lines if line[0] == dropped)
            found.append(max(0, most - used))
    return min(found, default=None)


def _groups(version: int) -> list[Path]:
    """The folders of this process's group and of those around it."""
    root = _CGROUPS if version == 2 else _CGROUPS / "memory"
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if (controllers == "") if version == 2 else ("memory" in controllers.split(",")):
                inner = root / path.lstrip("/")
                return [folder for folder in (inner, *inner.parents) if folder.is_relative_to(root)]
    return []


def _of_sysconf() -> int | None:
    """All memory of the machine, where nothing says how much of it is left."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None
