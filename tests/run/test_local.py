"""The local runner: every block once, in bounded memory, and an end that leaves nothing under way."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from sar_colorize.raster import Raster, Unit, Window
from sar_colorize.run.local import LOOKAHEAD, run_blocks

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


def test_loading_never_runs_further_ahead_than_it_may() -> None:
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

    run_blocks(WINDOWS, load, paint, lambda window, raster: None)
    assert worst <= LOOKAHEAD + 1


@pytest.mark.parametrize("stage", ["load", "paint", "write"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_error_in_any_stage_comes_out_and_ends_all_threads(stage: str, error: type[BaseException]) -> None:
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
        )
    assert threading.active_count() == before
