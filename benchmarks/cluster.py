"""A dask cluster on this machine: what a block costs a worker, and what more workers gain.

    python benchmarks/cluster.py [--side 4096] [--workers 1,2,4]

Scheduler and workers are processes as `dask scheduler` and `dask worker` start them, each worker with one thread. The
scene is coloured once before, so that what workers import is not counted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
from processes import ONE_THREAD, Run, measured, ours
from scenes import scene_file


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--workers", default="1,2,4")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        print(table(scene_file(place, chosen.side), place, [int(each) for each in chosen.workers.split(",")]))


def table(scene: Path, place: Path, workers: Sequence[int]) -> str:
    """The section of the page."""
    here = _blocks_here(scene)
    lines = [
        "## A dask cluster on this machine",
        f"The default, {os.cpu_count()} cores for all processes together, so wall seconds cannot fall below that many "
        f"workers. Here the blocks alone take {here.cpu:.2f} CPU s.",
        "",
        "| workers | CPU s of workers | relative to here | CPU s of the caller | of the scheduler | wall s |",
        "|---" * 6 + "|",
    ]
    for count in workers:
        used, caller, scheduler = _on_cluster(scene, place, count)
        lines.append(
            f"| {count} | {used:.2f} | {used / here.cpu:.2f} | {caller.cpu:.2f} | {scheduler:.2f} | {caller.wall:.1f} |"
        )
    return "\n".join(lines)


def _blocks_here(scene: Path) -> Run:
    """All blocks of a scene, one after the other, in a process of their own."""
    code = (
        "import sys, time\n"
        "from sar_colorize.scene import open_scene\n"
        "from sar_colorize.prepare import ColorizeSettings, prepare\n"
        "from sar_colorize.tiles import blocks\n"
        "made = prepare(open_scene(sys.argv[1]), ColorizeSettings())\n"
        "parts = list(blocks(made.scene.grid.window, 1024))\n"
        "made.colorizer.block(made.scene, parts[0])\n"
        "cpu, wall = time.process_time(), time.perf_counter()\n"
        "for part in parts: made.colorizer.block(made.scene, part)\n"
        "print(time.process_time() - cpu, time.perf_counter() - wall)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(scene)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | ONE_THREAD,
    )
    cpu, wall = map(float, done.stdout.split())
    return Run(cpu, wall)


def _on_cluster(scene: Path, place: Path, workers: int) -> tuple[float, Run, float]:
    """Processor seconds of the workers, the process that calls, and processor seconds of the scheduler."""
    with _cluster(place, workers) as (address, scheduler, family):
        call = ours("colorize", scene, place / "there.tif", "--offline", "--overwrite", "--scheduler", address)
        measured(call)
        before, of_scheduler = _cpu(family), _cpu([scheduler])
        caller = measured(call)
        return _cpu(family) - before, caller, _cpu([scheduler]) - of_scheduler


@contextlib.contextmanager
def _cluster(place: Path, workers: int) -> Iterator[tuple[str, psutil.Process, list[psutil.Process]]]:
    """Address, scheduler, and the workers with their nannies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, environment = f"tcp://127.0.0.1:{port}", os.environ | ONE_THREAD
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    dask = [sys.executable, "-m", "dask"]
    of_worker = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(place)]
    calls = [[*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    calls += [[*dask, "worker", address, *of_worker]] * workers
    started = [subprocess.Popen(call, **quiet) for call in calls]  # type: ignore[call-overload]
    try:
        _wait_for(address, workers)
        nannies = [psutil.Process(each.pid) for each in started[1:]]
        family = [member for nanny in nannies for member in (nanny, *nanny.children(recursive=True))]
        yield address, psutil.Process(started[0].pid), family
    finally:
        for each in reversed(started):
            each.terminate()
        for each in started:
            each.wait()


def _wait_for(address: str, workers: int) -> None:
    from distributed import Client

    deadline = time.monotonic() + 60
    while True:
        try:
            with Client(address, timeout=2, set_as_default=False) as client:
                client.wait_for_workers(workers, timeout=60)
                return
        except OSError:
            if time.monotonic() > deadline:
                raise


def _cpu(processes: Sequence[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main()
