"""Processes measured whole: processor and wall seconds, and peak memory, child processes included."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import psutil

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
"""Threads that wait for work count as processor time."""
SAMPLES_A_SECOND = 20


@dataclass(frozen=True)
class Run:
    """What a process took."""

    cpu: float
    """Processor seconds."""
    wall: float
    """Wall seconds."""
    peak: float = 0.0
    """Memory in MB at its highest, pages that processes share counted once."""


def ours(*arguments: object) -> list[str]:
    """A command line of sar-colorize."""
    return [sys.executable, "-m", "sar_colorize_cli.main", *map(str, arguments)]


def measured(command: Sequence[str], environment: Mapping[str, str] = ONE_THREAD) -> Run:
    """A process from its start to its end; memory is sampled.

    Raises:
        SystemExit: it failed.
    """
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = 0
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | dict(environment)
    )

    def watch() -> None:
        nonlocal peak
        me = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, sum(map(_memory, [me, *me.children(recursive=True)])))
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
            time.sleep(1.0 / SAMPLES_A_SECOND)

    watcher = threading.Thread(target=watch)
    watcher.start()
    said = process.communicate()[1]
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:4])} ended with {process.returncode}: {said.decode()[-500:]}")
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return Run(used, wall, peak / 1e6)


def _memory(process: psutil.Process) -> int:
    """Its share of what it has together with others: a process that was just forked has its parent's pages."""
    found = process.memory_full_info()
    return int(getattr(found, "pss", 0) or found.rss)


def alternating(jobs: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, Run]:
    """The medians of each job, all of them in turn in every round, so that what else the machine does hits all."""
    found: dict[str, list[Run]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            found[name].append(job())
    return {
        name: Run(median(r.cpu for r in runs), median(r.wall for r in runs), median(r.peak for r in runs))
        for name, runs in found.items()
    }
