"""A dask cluster on this machine: what a block costs a worker, and what several scenes at once gain.

    python benchmarks/cluster.py [--side 4096] [--workers 1,2,4] [--rounds 3] [--scenes 6]

Scheduler and workers are processes as `dask scheduler` and `dask worker` start them, each worker with one thread. A
worker notes what each block takes in its thread; what its process takes besides, such as sending results, stands by
itself, and so does what it takes when it has nothing to do. In the same round the same blocks are computed by local
processes: by one, and by as many side by side as there are workers and callers, because processes that share cores and
caches cost more each. The first scene, for which workers import the package and compile, stands by itself.
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
from typing import Any

import block_times
import psutil
from distributed import Client
from processes import ONE_THREAD, Run, measured, ours
from scenes import scene_file

SMALL = 2048
"""Side of each of several scenes."""
IDLE_SECONDS = 5.0
RARE = "with the settings of docs/cluster.md"
SETUPS: dict[str, dict[str, str]] = {
    "as dask starts it": {},
    RARE: {
        "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
        "DASK_DISTRIBUTED__ADMIN__TICK__INTERVAL": "1s",
        "DASK_DISTRIBUTED__WORKER__MEMORY__MONITOR_INTERVAL": "1s",
        "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__INTERVAL": "5s",
    },
}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--workers", default="1,2,4", help="how many, or nothing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scenes", type=int, default=6, help="of one call, or 0")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if chosen.workers:
            print(
                table(
                    scene_file(place, chosen.side),
                    place,
                    [int(each) for each in chosen.workers.split(",")],
                    chosen.rounds,
                ),
                flush=True,
            )
        if chosen.scenes:
            print("\n" + several(place, chosen.scenes, chosen.rounds))


@dataclass(frozen=True)
class Cost:
    """CPU seconds of one scene on a cluster."""

    blocks: list[list[float]]
    """Of each worker, of its blocks in their order."""
    besides: float
    """What workers and their nannies took besides blocks, without what they take when they have nothing to do."""
    caller: float
    scheduler: float
    wall: float

    @property
    def count(self) -> int:
        """How many blocks there were."""
        return sum(map(len, self.blocks))


def table(scene: Path, place: Path, workers: Sequence[int], rounds: int) -> str:
    """The section of the page: blocks here, and on workers."""
    here: dict[int, list[float]] = {count: [] for count in sorted({1, *(count + 1 for count in workers)})}
    lines = [
        "| workers | first scene, CPU s each, without its blocks | first block of a later one, CPU ms more | a block, "
        "CPU ms | to here | to here side by side | besides, CPU ms a block | together, to here side by side | CPU s of "
        "the caller | of the scheduler | wall s |",
        "|---" * 11 + "|",
    ]
    for count in workers:
        costs: list[Cost] = []
        alone: dict[int, list[float]] = {1: [], count + 1: []}
        with _cluster(place, count, SETUPS[RARE]) as cluster:
            first, idle = cluster.colorize(scene, place), cluster.idle()
            for _ in range(rounds):
                for beside, found in alone.items():
                    found += _blocks_here(scene, beside)
                costs.append(cluster.colorize(scene, place, idle))
        for beside, found in alone.items():
            here[beside] += found
        block = median(each for cost in costs for of_worker in cost.blocks for each in of_worker[1:])
        more = median(of_worker[0] for cost in costs for of_worker in cost.blocks if of_worker) - block
        start = (sum(map(sum, first.blocks)) + first.besides - block * first.count) / count
        besides = median(cost.besides / cost.count for cost in costs)
        one, beside = median(alone[1]), median(alone[count + 1])
        caller, scheduler, wall = (median(getattr(c, name) for c in costs) for name in ("caller", "scheduler", "wall"))
        lines.append(
            f"| {count} | {start:.2f} | {1000 * more:.0f} | {1000 * block:.0f} | {block / one:.2f} | "
            f"{block / beside:.2f} | {1000 * besides:.0f} | {(block + besides) / beside:.2f} | {caller:.2f} | "
            f"{scheduler:.2f} | {wall:.1f} |"
        )
    words = ", ".join(f"{1000 * median(found):.0f} in {count}" for count, found in here.items())
    about = [
        "## A dask cluster on this machine",
        f"The default in blocks of 1024 px, {os.cpu_count()} cores for all processes together, so wall seconds cannot "
        f"fall below that many workers; medians of {rounds} rounds. CPU ms of a block in local processes side by side: "
        f"{words}. CPU ms a second of an idle worker: {_idle(place)}.",
        "",
    ]
    return "\n".join(about + lines)


def _idle(place: Path) -> str:
    """What one worker takes when it has nothing to do, in words."""
    found = []
    for name, environment in SETUPS.items():
        with _cluster(place, 1, environment) as cluster:
            found.append(f"{1000 * cluster.idle():.0f} {name}")
    return ", ".join(found)


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
    with _cluster(place, 1, SETUPS[RARE]) as cluster:
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
taken = []
for part in parts:
    cpu = time.thread_time()
    made.colorizer.block(made.scene, part)
    taken.append(time.thread_time() - cpu)
print(*taken)
"""


def _blocks_here(scene: Path, processes: int) -> list[float]:
    """CPU seconds of each block where so many processes compute all of a scene side by side."""
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
    return [float(taken) for each in started for taken in each.communicate()[0].split()]


@dataclass(frozen=True)
class Cluster:
    """Processes of this machine."""

    address: str
    scheduler: psutil.Process
    family: list[psutil.Process]
    """The workers with their nannies."""
    client: Any

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
        blocks = list(self.client.run(block_times.take).values())
        return Cost(blocks, used - sum(map(sum, blocks)), run.cpu, _cpu([self.scheduler]) - of_scheduler, run.wall)


@contextlib.contextmanager
def _cluster(place: Path, workers: int, environment: Mapping[str, str]) -> Iterator[Cluster]:
    """A scheduler and workers, ended behind it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    around = os.environ | ONE_THREAD | {"PYTHONPATH": str(Path(__file__).parent)} | dict(environment)
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
        with Client(address, set_as_default=False) as client:
            client.run(block_times.begin)
            yield Cluster(address, psutil.Process(started[0].pid), family, client)
    finally:
        for each in reversed(started):
            each.terminate()
        for each in started:
            each.wait()


def _wait_for(address: str, workers: int) -> None:
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
