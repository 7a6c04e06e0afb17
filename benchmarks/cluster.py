"""A dask cluster on this machine: what a scene and a block cost a worker, and what several scenes at once gain.

    python benchmarks/cluster.py [--workers 1,2,4] [--rounds 3] [--scenes 6]

Scheduler and workers are processes as `dask scheduler` and `dask worker` start them, each worker with one thread. Two
scenes of the same content, of 4 and of 16 blocks, are coloured in turn, so that what a scene costs a worker is told
from what a block costs; a first one, for which workers import the package and compile, stands by itself. In the same
round the same blocks are computed by local processes: by one, and by as many side by side as there are workers and
callers, because processes that share cores and caches cost more each.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
from processes import ONE_THREAD, Run, measured, ours
from scenes import scene_file

SMALL, LARGE = 2048, 4096
"""Sides of the two scenes."""
BLOCKS = {side: (side // 1024) ** 2 for side in (SMALL, LARGE)}
IDLE_SECONDS = 5.0
SETUPS: dict[str, dict[str, str]] = {
    "as dask starts them": {},
    "with docs/cluster.md's settings": {
        "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
        "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
        "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "1s",
        "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "5s",
    },
}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="1,2,4", help="how many, or nothing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scenes", type=int, default=6, help="of one call, or 0")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if chosen.workers:
            print(table(place, [int(each) for each in chosen.workers.split(",")], chosen.rounds), flush=True)
        if chosen.scenes:
            print("\n" + several(place, chosen.scenes, chosen.rounds))


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one scene on a cluster."""

    workers: float
    """Nannies included, without what they take when they have nothing to do."""
    caller: float
    scheduler: float
    wall: float


def table(place: Path, workers: Sequence[int], rounds: int) -> str:
    """The section of the page: blocks here, and on workers."""
    scenes = {side: scene_file(place, side) for side in (SMALL, LARGE)}
    here: dict[int, list[float]] = {count: [] for count in sorted({1, *(count + 1 for count in workers)})}
    lines = [
        "| workers | idle, CPU ms/s each | first scene, CPU s each | a scene, CPU s each | a block, CPU ms | to here "
        "| to here side by side | all 16 blocks, CPU s of workers | of the caller | of the scheduler | wall s |",
        "|---" * 11 + "|",
    ]
    for count in workers:
        for setup, environment in SETUPS.items():
            costs: dict[int, list[Cost]] = {side: [] for side in scenes}
            alone: dict[int, list[float]] = {1: [], count + 1: []}
            with _cluster(place, count, environment) as cluster:
                idle, first = cluster.idle(), cluster.colorize(scenes[SMALL], place)
                for _ in range(rounds):
                    for beside, found in alone.items():
                        found.append(_blocks_here(scenes[LARGE], beside))
                    for side, scene in scenes.items():
                        costs[side].append(cluster.colorize(scene, place, idle))
            for beside, found in alone.items():
                here[beside] += found
            used = {side: median(cost.workers for cost in found) for side, found in costs.items()}
            block = (used[LARGE] - used[SMALL]) / (BLOCKS[LARGE] - BLOCKS[SMALL])
            scene = (used[SMALL] - block * BLOCKS[SMALL]) / count
            start = (first.workers - block * BLOCKS[SMALL]) / count
            ratios = [block / median(alone[beside]) for beside in (1, count + 1)]
            caller, scheduler, wall = (
                median(getattr(cost, name) for cost in costs[LARGE]) for name in ("caller", "scheduler", "wall")
            )
            lines.append(
                f"| {count} {setup} | {1000 * idle / count:.0f} | {start:.2f} | {scene:.2f} | {1000 * block:.0f} | "
                f"{ratios[0]:.2f} | {ratios[1]:.2f} | {used[LARGE]:.2f} | {caller:.2f} | {scheduler:.2f} | {wall:.1f} |"
            )
    words = ", ".join(f"{count}: {1000 * median(found):.0f}" for count, found in here.items())
    about = [
        "## A dask cluster on this machine",
        f"The default in blocks of 1024 px, {os.cpu_count()} cores for all processes together, so wall seconds cannot "
        f"fall below that many workers; medians of {rounds}. Local processes side by side take {words} CPU ms a block. "
        "Each row is compared with those of its own rounds. A scene: what each worker takes for it besides its blocks. "
        "What workers take when they are idle is counted by itself.",
        "",
    ]
    return "\n".join(about + lines)


def several(place: Path, count: int, rounds: int) -> str:
    """What is gained where several scenes of one call are under way at once, on one worker."""
    folder = place / "several"
    folder.mkdir()
    for number in range(count):
        shutil.copy(scene_file(place, SMALL), folder / f"scene_{number}.tif")
    lines = [
        f"{count} scenes of {SMALL} x {SMALL} px in one call over one worker, medians of {rounds} in turn:",
        "",
        "| scenes at once | wall s | share of it with blocks under way | CPU s of the caller | its peak MB |",
        "|---" * 5 + "|",
    ]
    found: dict[int, list[tuple[Run, float]]] = {1: [], 2: [], 3: []}
    with _cluster(place, 1, SETUPS["with docs/cluster.md's settings"]) as cluster:
        cluster.colorize(scene_file(place, SMALL), place)
        for _ in range(rounds):
            for at_once, runs in found.items():
                share = place / "share.txt"
                run = measured([sys.executable, "-c", _SEVERAL, str(at_once), cluster.address, str(folder), str(share)])
                runs.append((run, float(share.read_text())))
    for at_once, runs in found.items():
        wall, cpu, peak = (median(getattr(run, name) for run, _ in runs) for name in ("wall", "cpu", "peak"))
        lines.append(f"| {at_once} | {wall:.1f} | {median(share for _, share in runs):.2f} | {cpu:.1f} | {peak:.0f} |")
    return "\n".join(lines)


_SEVERAL = """
import sys, threading, time
from pathlib import Path
import sar_colorize as sc
from sar_colorize.api import threads
from sar_colorize.run import connection
threads.SCENES_AT_ONCE, address, folder, share = int(sys.argv[1]), *sys.argv[2:]
under_way, ended = [], threading.Event()
def sample():
    while not ended.wait(0.01):
        open_now = connection._current.get(address)
        under_way.append(open_now is not None and any(run.under_way for run in list(open_now.runs)))
sampler = threading.Thread(target=sample)
sampler.start()
made = sc.colorize_many([folder], Path(folder).parent / "several_out", scheduler=address, overwrite=True)
ended.set()
assert not made.failed, made.failed
Path(share).write_text(str(sum(under_way) / len(under_way)))
"""
"""Of a caller, which also looks a hundred times a second whether blocks are under way."""


_BLOCKS_HERE = """
import sys, time
from sar_colorize.scene import open_scene
from sar_colorize.prepare import ColorizeSettings, prepare
from sar_colorize.tiles import blocks
made = prepare(open_scene(sys.argv[1]), ColorizeSettings())
parts = list(blocks(made.scene.grid.window, 1024))
made.colorizer.block(made.scene, parts[0])
print("ready", flush=True)
input()
cpu = time.process_time()
for part in parts: made.colorizer.block(made.scene, part)
print((time.process_time() - cpu) / len(parts))
"""


def _blocks_here(scene: Path, processes: int) -> float:
    """CPU seconds of a block where so many processes compute all of a scene side by side, each alone."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _BLOCKS_HERE, str(scene)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | ONE_THREAD,
        )
        for _ in range(processes)
    ]  # fmt: skip
    for each in started:
        assert each.stdout is not None
        each.stdout.readline()
    for each in started:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    return sum(float(each.communicate()[0]) for each in started) / processes


@dataclass(frozen=True)
class Cluster:
    """Processes of this machine."""

    address: str
    scheduler: psutil.Process
    family: list[psutil.Process]
    """The workers with their nannies."""

    def idle(self) -> float:
        """CPU seconds that all workers take in a second in which they have nothing to do."""
        before, started = _cpu(self.family), time.perf_counter()
        time.sleep(IDLE_SECONDS)
        return (_cpu(self.family) - before) / (time.perf_counter() - started)

    def colorize(self, scene: Path, place: Path, idle: float = 0.0) -> Cost:
        """One call for one scene."""
        before, of_scheduler = _cpu(self.family), _cpu([self.scheduler])
        out = place / "there.tif"
        run = measured(ours("colorize", scene, out, "--offline", "--overwrite", "--scheduler", self.address))
        used = _cpu(self.family) - before - idle * run.wall
        return Cost(used, run.cpu, _cpu([self.scheduler]) - of_scheduler, run.wall)


@contextlib.contextmanager
def _cluster(place: Path, workers: int, environment: Mapping[str, str]) -> Iterator[Cluster]:
    """A scheduler and workers, ended behind it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    around = os.environ | ONE_THREAD | dict(environment)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": around}
    dask = [sys.executable, "-m", "dask"]
    of_worker = ["--nthreads", "1", "--no-dashboard", "--local-directory", str(place)]
    calls = [[*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]]
    calls += [[*dask, "worker", address, *of_worker]] * workers
    started = [subprocess.Popen(call, **quiet) for call in calls]  # type: ignore[call-overload]
    try:
        _wait_for(address, workers)
        nannies = [psutil.Process(each.pid) for each in started[1:]]
        family = [member for nanny in nannies for member in (nanny, *nanny.children(recursive=True))]
        yield Cluster(address, psutil.Process(started[0].pid), family)
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
