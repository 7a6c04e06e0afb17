"""Dask clusters whose workers die, or which are closed while they paint."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from .canary import plant, shape_of, unchanged
from .case import BrokenPromiseError, Case
from .damage import draw
from .ground import Ground, make_ground
from .judge import attempt, picture_holds

LIMIT_S = 55.0
FAULTS = {"none": 1, "a worker killed": 5, "both workers killed": 3, "closed": 3, "a worker stopped": 1}
"""What happens to the cluster, and how often."""


def run(case: Case, folder: Path) -> str:
    """One cluster with one fault, in a process of its own: distributed starts threads that stay."""
    random = case.random()
    ground, out = _ground(), folder / "out"
    out.mkdir()
    plant(out, ("made.tif",))
    before = shape_of(out)
    fault = draw(random, FAULTS)
    job = {
        "scene": str(ground.scene), "output": str(out / "made.tif"), "fault": fault, "folder": str(folder),
        "at": int(random.integers(0, 9)),
    }  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tools.attack.clusters", json.dumps(job)],
        cwd=Path(__file__).parents[2], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            stdout, stderr = process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            raise BrokenPromiseError(f"{fault}: hang of more than {LIMIT_S:.0f} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    answers = [line for line in stdout.splitlines() if line.startswith("ENDED ")]
    if not answers:
        raise BrokenPromiseError(f"{fault}: no answer, exit {process.returncode}: {stderr[-300:]}")
    ended = answers[-1].removeprefix("ENDED ")
    if ended.startswith("failed"):
        raise BrokenPromiseError(f"{fault} at block {job['at']}: {ended}")
    unchanged(out, before, lambda name: name == "made.tif" and ended == "done")
    if ended == "done":
        import sar_colorize as sc

        picture_holds(sc.open_scene(ground.scene).select("VV", "VH"), out / "made.tif")
    return f"{fault}: {ended}"


@cache
def _ground() -> Ground:
    return make_ground(Path(mkdtemp(prefix="ground-")))


def _main(job: dict[str, object]) -> None:
    """A cluster of two processes, which the fault strikes after some blocks."""
    from distributed import LocalCluster

    import sar_colorize as sc

    warnings.simplefilter("ignore")
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(job["folder"])
    )
    struck: list[bool] = []

    def strike(done: int, _total: int) -> None:
        if done < int(str(job["at"])) or struck:
            return
        struck.append(True)
        workers = list(cluster.workers.values())
        pids = [worker.pid for worker in workers]
        if job["fault"] == "a worker killed":
            os.kill(pids[0], signal.SIGKILL)
        elif job["fault"] == "both workers killed":
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
        elif job["fault"] == "a worker stopped":
            cluster.scale(1)
        elif job["fault"] == "closed":
            cluster.close(timeout=5)

    try:
        ended, text = attempt(
            lambda: sc.colorize(
                str(job["scene"]), str(job["output"]), model="composite", block_px=64, on_progress=strike,
                scheduler=cluster.scheduler_address,
            )
        )  # fmt: skip
        print("ENDED", ended, flush=True)
        if ended != "done":
            print(text, file=sys.stderr)
    except BrokenPromiseError as error:
        print("ENDED failed", str(error).replace("\n", " "), flush=True)
    os._exit(0)


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
