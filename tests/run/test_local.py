"""The local runner: every block once, in bounded memory, and an end that leaves nothing under way."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from sar_colorize.raster import Raster, Unit, Window
from sar_colorize.run.local import LOOKAHEAD, MOST_THREADS, STAGES, Threads, most_threads, run_blocks

WINDOWS = [Window(0, i, 1, 1) for i in range(20)]


def _raster(value: int) -> Raster:
    return Raster(np.full((1, 1, 1), value, np.uint8), np.ones((1, 1), bool), ("grey",), Unit.DISPLAY)


def test_every_block_is_written_once_in_order_and_empty_ones_are_skipped() -> None:
    written, progress = [], []
    count = run_blocks(
        WINDOWS,
        lambda window: window.col if window.col % 3 else None,
        _raster,
        lambda window, raster: written.append((window.col, int(raster.values[0, 0, 0]))),
        lambda done, total: progress.append((done, total)),
    )
    expected = [i for i in range(20) if i % 3]
    assert written == [(i, i) for i in expected]
    assert (count.total, count.skipped) == (20, 7)
    assert progress == [(i, 20) for i in range(21)]


@pytest.mark.parametrize("threads", [Threads(1), Threads(3)])
def test_loading_never_runs_further_ahead_than_it_may(threads: Threads) -> None:
    loaded, painted, worst = 0, 0, 0
    lock = threading.Lock()

    def load(window: Window) -> int:
        nonlocal loaded, worst
        with lock:
            loaded += 1
            worst = max(worst, loaded - painted)
        return window.col

    def paint(value: int) -> Raster:
        nonlocal painted
        with lock:
            painted += 1
        return _raster(value)

    run_blocks(WINDOWS, load, paint, lambda window, raster: None, threads=threads)
    assert worst <= threads.count + LOOKAHEAD


@pytest.mark.parametrize("stage", ["load", "paint", "write"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("threads", [Threads(1), Threads(3), Threads(3, compute=True)])
def test_an_error_in_any_stage_comes_out_and_ends_all_threads(
    stage: str, error: type[BaseException], threads: Threads
) -> None:
    def fail(where: str) -> None:
        if where == stage:
            raise error(stage)

    before = threading.active_count()
    with pytest.raises(error, match=stage):
        run_blocks(
            WINDOWS,
            lambda window: (fail("load"), window.col)[1],
            lambda value: (fail("paint"), _raster(value))[1],
            lambda window, raster: fail("write"),
            threads=threads,
        )
    assert threading.active_count() == before


@pytest.mark.parametrize("compute", [False, True])
@pytest.mark.parametrize("count", [2, 4])
def test_several_threads_load_at_once_and_blocks_are_written_in_order(count: int, compute: bool) -> None:
    """Loading waits until as many threads are in it, so that one thread alone would wait for ever."""
    together = threading.Barrier(count, timeout=30)
    painted_by, written = set(), []

    def load(window: Window) -> int:
        together.wait()
        return window.col

    def paint(value: int) -> Raster:
        painted_by.add(threading.current_thread())
        return _raster(value)

    made = run_blocks(
        WINDOWS, load, paint, lambda window, raster: written.append((window.col, int(raster.values[0, 0, 0]))),
        threads=Threads(count, compute),
    )  # fmt: skip
    assert written == [(i, i) for i in range(20)]
    assert (threading.current_thread() in painted_by) is not compute
    assert tuple(made.seconds) == STAGES
    assert min(made.seconds.values()) >= 0 < made.seconds["load"]


def test_a_single_thread_ahead_leaves_computing_to_the_caller() -> None:
    by = set()
    run_blocks(WINDOWS, lambda window: window.col, lambda value: by.add(threading.current_thread()) or _raster(value),
               lambda window, raster: None, threads=Threads(1, compute=True))  # fmt: skip
    assert by == {threading.current_thread()}


def test_threads_are_as_many_as_cores_that_this_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert most_threads(several=True) == Threads(6)
    assert most_threads(several=False, compute=True) == Threads(1, compute=True)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert most_threads(several=True).count == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert most_threads(several=True).count == 6
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(200)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert most_threads(several=True).count == MOST_THREADS
