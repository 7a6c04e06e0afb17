"""Several scenes at once on one cluster: the pictures of calls of their own, one connection, one end for all."""

from __future__ import annotations

import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from distributed import Client, LocalCluster

import sar_colorize as sc
from sar_colorize.engine import openvino
from sar_colorize.errors import Cancelled
from sar_colorize.raster import Window
from sar_colorize.run import connection, distributed
from sar_colorize.run.distributed import run_blocks_on

pytestmark = pytest.mark.filterwarnings("ignore")
PATIENCE_S = 60.0
"""What a test waits for where it is about to fail."""


@pytest.fixture
def cluster() -> Iterator[str]:
    """The address of four worker threads of this process: a block of each of the scenes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(
            n_workers=1, threads_per_worker=4, processes=False, dashboard_address=None, protocol="tcp"
        ) as made:
            yield made.scheduler_address


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Every client that is made."""
    made: list[Client] = []
    make = connection._client

    def noted(*given: Any) -> Any:
        made.append(make(*given))
        return made[-1]

    monkeypatch.setattr(connection, "_client", noted)
    return made


@pytest.fixture
def scenes(scene_with_holes: Path, tmp_path: Path) -> list[Path]:
    """Four scenes, the second of which is none."""
    found = [tmp_path / f"{name}.tif" for name in "abcd"]
    for path in found:
        shutil.copy(scene_with_holes, path)
    found[1].write_bytes(b"no raster")
    return found


def _pixels(path: Path) -> Any:
    with rasterio.open(path) as dataset:
        return dataset.read()


_together = threading.Barrier(2)


def _with_another_scene(block: Callable[[Window], Any], window: Window) -> Any:
    """The first block of each of two scenes ends only when that of the other has begun."""
    if (window.row, window.col) == (0, 0):
        _together.wait(PATIENCE_S)
    return block(window)


def test_blocks_of_two_scenes_are_under_way_at_once(
    cluster: str, scenes: list[Path], tmp_path: Path, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "_call", _with_another_scene)
    chosen: dict[str, Any] = {"model": "composite", "reference": "none", "block_px": 256}
    ended: list[tuple[str, threading.Thread]] = []
    seen: list[int] = []
    made = sc.colorize_many(
        scenes[:3], tmp_path / "out", scheduler=cluster, on_progress=lambda done, _: seen.append(done),
        on_scene=lambda each: ended.append((Path(each.source).stem, threading.current_thread())), **chosen,
    )  # fmt: skip
    assert [Path(each.source).stem for each in made.results] == ["a", "c"]
    assert [Path(each.source).stem for each in made.failed] == ["b"]
    assert sorted(name for name, _ in ended) == ["a", "b", "c"]
    assert {thread for _, thread in ended} == {threading.current_thread()}
    assert seen == sorted(seen)
    assert seen[-1] == 3000
    assert [client.status for client in clients] == ["closed"]
    sc.colorize(scenes[0], tmp_path / "alone.tif", **chosen)
    for name in ("a", "c"):
        assert np.array_equal(_pixels(tmp_path / "out" / f"{name}_colour.tif"), _pixels(tmp_path / "alone.tif"))


def test_records_are_those_of_each_scene(cluster: str, scenes: list[Path], tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"model": "composite", "reference": "none", "quicklook": "{name}.png"}
    out = tmp_path / "out"
    out.mkdir()
    (out / "c_colour.tif").write_bytes(b"older")
    made = sc.colorize_many(scenes, out, scheduler=cluster, skip_existing=True, **chosen)
    assert [Path(each.output or "").name for each in made.results] == ["a_colour.tif", "d_colour.tif"]
    assert [Path(name).name for name in made.skipped] == ["c_colour.tif"]
    assert (out / "c_colour.tif").read_bytes() == b"older"
    for name in "ad":
        with rasterio.open(out / f"{name}_colour.tif") as dataset:
            assert Path(dataset.tags()["SAR_COLORIZE_SOURCE"]).name == f"{name}.tif"
    kinds = ("_colour.tif", ".png")
    assert sorted(path.name for path in out.iterdir()) == sorted(
        [f"{name}{kind}" for name in "ad" for kind in kinds] + ["c_colour.tif"]
    )


_released = threading.Event()


def _held_unless_first(block: Any, window: Window) -> Any:
    """The blocks of every scene but the first wait."""
    if Path(block.__self__.load.args[0].source).stem != "a":
        _released.wait(PATIENCE_S)
    return block(window)


def test_an_interrupt_undoes_every_scene_that_is_under_way(
    cluster: str, scenes: list[Path], tmp_path: Path, clients: list[Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes when one scene is done, while the blocks of others wait on their workers."""
    monkeypatch.setattr(distributed, "_call", _held_unless_first)
    scenes[1].write_bytes(scenes[0].read_bytes())
    ended: list[str] = []
    started = time.monotonic()

    def stop(each: Any) -> None:
        ended.append(Path(each.source).stem)
        raise KeyboardInterrupt

    try:
        with pytest.raises(Cancelled, match=r"^cancelled; 1 of 4 scenes were done, the others not$"):
            sc.colorize_many(
                scenes, tmp_path / "out", scheduler=cluster, on_scene=stop, model="composite", reference="none"
            )
    finally:
        was_waited_for = time.monotonic() - started > PATIENCE_S
        _released.set()
    assert not was_waited_for
    assert ended == ["a"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a_colour.tif"]
    assert [client.status for client in clients] == ["closed"]
    assert not _threads_of_scenes()


def _threads_of_scenes() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("scene-")]


def test_what_a_function_of_the_caller_raises_ends_all(cluster: str, scenes: list[Path], tmp_path: Path) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError("made to fail")

    with pytest.raises(ZeroDivisionError, match="made to fail"):
        sc.colorize_many(
            scenes, tmp_path / "out", scheduler=cluster, on_scene=fail, model="composite", reference="none"
        )
    assert not list((tmp_path / "out").glob(".*"))
    assert not _threads_of_scenes()


def _column(window: Window) -> int:
    return window.col


def test_scenes_share_what_a_cluster_has_room_for(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two blocks for each of four threads: eight for one scene alone, four for each of two, and never more together."""
    sent: list[tuple[int, int, int]] = []
    send = distributed._Blocks.send

    def noted(blocks: distributed._Blocks, window: Window) -> None:
        send(blocks, window)
        runs = blocks.connection.runs
        waiting = 1 + sum(bool(run.queue) for run in runs if run is not blocks)
        sent.append((waiting, len(blocks.under_way), sum(len(run.under_way) for run in runs)))

    monkeypatch.setattr(distributed._Blocks, "send", noted)
    both = threading.Barrier(2)
    written: dict[int, list[int]] = {0: [], 1: []}

    def run(number: int) -> None:
        def write(_window: Window, column: int) -> None:
            if not written[number]:
                both.wait(PATIENCE_S)  # from here on both have blocks left
            written[number].append(column)

        run_blocks_on(cluster, [Window(0, i, 1, 1) for i in range(30)], _column, write)

    with connection.kept_open(cluster):
        others = [threading.Thread(target=run, args=(number,)) for number in (0, 1)]
        for other in others:
            other.start()
        for other in others:
            other.join(PATIENCE_S)
        assert list(connection._current) == [cluster]
    assert not connection._current
    assert [sorted(columns) for columns in written.values()] == [list(range(30))] * 2
    assert max(together for _, _, together in sent) == 8
    assert {waiting for waiting, _, _ in sent} == {1, 2}
    assert max(own for waiting, own, _ in sent if waiting == 2) == 4


def test_a_connection_that_broke_is_made_anew_for_the_next_run(clients: list[Client]) -> None:
    with connection.kept_open("tcp://127.0.0.1:1"):
        pass  # never made, nothing to close
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp"
        ) as made:
            address = made.scheduler_address
            with connection.kept_open(address):
                for _ in range(2):
                    run_blocks_on(address, [Window(0, 0, 1, 1)], _column, lambda *_: None)
                assert len(clients) == 1
                clients[0].close()
                run_blocks_on(address, [Window(0, 0, 1, 1)], _column, lambda *_: None)
                assert [client.status for client in clients] == ["closed", "running"]
            assert [client.status for client in clients] == ["closed", "closed"]


def test_a_worker_keeps_graphs_for_the_next_scene_of_whatever_run(
    cluster: str, scene_with_holes: Path, tmp_path: Path, bounded_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[Any] = []

    class Noted(openvino.Compiled):
        def __init__(self, function: Callable[..., Any], shapes: Any, precision: str) -> None:
            super().__init__(function, shapes, precision)
            compiled.append(shapes)

    monkeypatch.setattr(openvino, "Compiled", Noted)
    chosen: dict[str, Any] = {"reference": "none", "scheduler": cluster, "overwrite": True, "block_px": 512}
    counts = []
    for model in ("by-place", "by-place", str(bounded_weights), str(bounded_weights)):
        sc.colorize(scene_with_holes, tmp_path / "out.tif", model=model, **chosen)
        counts.append(len(compiled))
    assert counts[0] == counts[1] > 0
    assert counts[1] < counts[2] == counts[3]
