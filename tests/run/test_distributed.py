"""A dask cluster: the picture of the workers is the picture made here, and what it loses is sent again or said."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from distributed import Client, LocalCluster

import sar_colorize as sc
from sar_colorize.engine.choose import Choice
from sar_colorize.errors import SceneError, SettingError
from sar_colorize.raster import Window
from sar_colorize.run import connection, distributed
from sar_colorize.run.distributed import ask_workers, run_blocks_on

WINDOWS = [Window(0, i, 1, 1) for i in range(12)]


@pytest.fixture
def cluster() -> Iterator[str]:
    """The address of two worker threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # distributed warns of ports and of its own event loop
        with LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
        ) as made:
            yield made.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_paints_the_same_picture(
    cluster: str, scene_with_holes: Path, tmp_path: Path, bounded_weights: Path
) -> None:
    seen: list[tuple[int, int]] = []
    chosen = {"model": str(bounded_weights), "block_px": 256}
    here = sc.colorize(scene_with_holes, tmp_path / "here.tif", **chosen)
    there = sc.colorize(
        scene_with_holes,
        tmp_path / "there.tif",
        scheduler=cluster,
        on_progress=lambda *done: seen.append(done),
        **chosen,
    )
    assert (there.device, there.precision) == ("cpu", here.precision)
    assert (there.blocks, there.skipped_blocks) == (here.blocks, here.skipped_blocks)
    assert seen == [(i, 9) for i in range(10)]
    with rasterio.open(tmp_path / "here.tif") as ours, rasterio.open(tmp_path / "there.tif") as theirs:
        assert np.array_equal(ours.read(), theirs.read())
        assert np.array_equal(ours.dataset_mask(), theirs.dataset_mask())


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer_is_named(
    scene_with_holes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1)
    with pytest.raises(SettingError, match=r"running dask scheduler, got tcp://127\.0\.0\.1:9"):
        sc.colorize(scene_with_holes, tmp_path / "no.tif", model="composite", scheduler="tcp://127.0.0.1:9")
    assert list(tmp_path.glob("*no.tif*")) == []


@pytest.mark.filterwarnings("ignore")
def test_device_and_precision_are_those_of_the_workers(
    cluster: str, scene_with_holes: Path, tmp_path: Path, bounded_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU here is none there: what this process has is not asked; the workers of this test are threads of it."""
    asked: list[str] = []

    def only_workers_have_one(*wish: str) -> Choice:
        asked.append(threading.current_thread().name)
        return Choice("openvino", "cpu", "fp32")

    monkeypatch.setattr("sar_colorize.api.engines.choose", only_workers_have_one)
    result = sc.colorize(
        scene_with_holes, tmp_path / "there.tif", scheduler=cluster, device="auto", model=str(bounded_weights)
    )
    assert (result.engine, result.device, result.precision) == ("openvino", "cpu", "fp32")
    assert asked
    assert threading.main_thread().name not in asked


def _column(window: Window) -> int:
    return window.col


def _end_the_worker(_window: Window) -> int:
    os._exit(9)


def _refuse(_window: Window) -> int:
    raise SceneError("made to fail")


def _fail(_window: Window) -> int:
    raise ZeroDivisionError("made to\nfail")


@pytest.fixture(scope="module")
def processes() -> Iterator[LocalCluster]:
    """Two workers in processes of their own, started again when they die."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
            yield made


@pytest.mark.filterwarnings("ignore")
def test_what_is_lost_with_all_workers_is_sent_again(processes: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 2)  # so long a result is asked of a worker that is no more
    written: list[int] = []

    def write(_window: Window, column: int) -> None:
        if not written:
            for worker in processes.workers.values():
                os.kill(worker.pid, signal.SIGKILL)
        written.append(column)

    count = run_blocks_on(processes.scheduler_address, WINDOWS, _column, write)
    assert sorted(written) == list(range(12))
    assert (count.total, count.skipped) == (12, 0)


def _name_of_worker(_window: Window) -> str:
    from distributed import get_worker

    time.sleep(0.2)
    return get_worker().address


@pytest.mark.filterwarnings("ignore")
def test_workers_that_come_later_get_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker is there at the start; two more come with the first result."""
    monkeypatch.setattr(connection, "COUNT_SECONDS", 0)
    under_way: list[int] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as made:
            seen: list[str] = []

            def write(_window: Window, worker: str) -> None:
                if not seen:
                    made.scale(3)
                    made.sync(made._correct_state)  # waits until they are there
                seen.append(worker)

            def send(cluster: distributed._Blocks, window: Window) -> None:
                sent(cluster, window)
                under_way.append(len(cluster.under_way))

            sent = distributed._Blocks.send
            monkeypatch.setattr(distributed._Blocks, "send", send)
            count = run_blocks_on(made.scheduler_address, WINDOWS, _name_of_worker, write)
    assert (count.total, len(seen)) == (12, 12)
    assert len(set(seen)) == 3
    assert under_way[:2] == [1, 2]
    assert max(under_way) == 6


@pytest.mark.filterwarnings("ignore")
def test_many_scenes_are_painted_on_a_cluster(
    cluster: str, scene_with_holes: Path, tmp_path: Path, bounded_weights: Path
) -> None:
    scenes = [tmp_path / "a.tif", tmp_path / "b.tif"]
    for scene in scenes:
        shutil.copy(scene_with_holes, scene)
    (tmp_path / "bad.tif").write_bytes(b"no raster")
    chosen = {"model": str(bounded_weights), "block_px": 256}
    made = sc.colorize_many([scenes[0], tmp_path / "bad.tif", scenes[1]], tmp_path / "out", scheduler=cluster, **chosen)
    assert [Path(each.output or "").name for each in made.results] == ["a_colour.tif", "b_colour.tif"]
    assert [Path(each.source).name for each in made.failed] == ["bad.tif"]
    here = sc.colorize(scene_with_holes, tmp_path / "here.tif", **chosen)
    assert here.blocks == 9
    with rasterio.open(tmp_path / "here.tif") as alone:
        expected = alone.read()
    for result in made.results:
        with rasterio.open(str(result.output)) as there:
            assert np.array_equal(there.read(), expected)


@pytest.mark.filterwarnings("ignore")
def test_a_lazy_picture_is_the_same_under_every_scheduler(
    cluster: str, scene_with_holes: Path, bounded_weights: Path
) -> None:
    lazy = sc.colorize(scene_with_holes, model=str(bounded_weights), block_px=512)
    expected = lazy.compute(scheduler="synchronous").values
    for scheduler in ("threads", "processes"):
        assert np.array_equal(lazy.compute(scheduler=scheduler, num_workers=2).values, expected), scheduler
    with Client(cluster, set_as_default=False) as client:
        assert np.array_equal(lazy.compute(scheduler=client.get).values, expected)


@pytest.mark.filterwarnings("ignore")
def test_a_block_that_ends_its_worker_each_time_is_one_sentence(
    processes: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask starts such a worker anew, or gives it up where it ends before it has told that it runs."""
    monkeypatch.setattr(connection, "WORKER_SECONDS", 60)
    words = r"must outlive a block, got (several that ended|none left for 60 s) while .* smaller block_px"
    with pytest.raises(SettingError, match=words):
        run_blocks_on(processes.scheduler_address, WINDOWS[:1], _end_the_worker, lambda *_: None)


@pytest.mark.filterwarnings("ignore")
def test_what_a_block_raises_on_a_worker_is_raised_here(cluster: str) -> None:
    with pytest.raises(SceneError, match=r"^made to fail$"):
        run_blocks_on(cluster, WINDOWS, _refuse, lambda *_: None)
    with pytest.raises(SettingError, match="able to compute a block, got ZeroDivisionError: made to fail; give them"):
        run_blocks_on(cluster, WINDOWS, _fail, lambda *_: None)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_closes_is_one_sentence_and_leaves_no_file(
    scene_with_holes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "WORKER_SECONDS", 1)
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 5)
    made = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, protocol="tcp")

    def close(done: int, _total: int) -> None:
        if done == 1:
            made.close()

    with pytest.raises(SettingError, match=r"scheduler must (answer until the run ends|outlive a block), got "):
        sc.colorize(
            scene_with_holes, tmp_path / "no.tif", model="composite", block_px=64, scheduler=made.scheduler_address,
            on_progress=close,
        )  # fmt: skip
    assert list(tmp_path.glob("*no.tif*")) == []


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_without_workers_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WORKER_SECONDS", 0.5)
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None, protocol="tcp") as made:
        words = r"must have at least one worker, got none at tcp://.* for 0\.5 s; start one"
        with pytest.raises(SettingError, match=words):
            run_blocks_on(made.scheduler_address, WINDOWS, _column, lambda *_: None)
        with pytest.raises(SettingError, match=words):
            ask_workers(made.scheduler_address, os.getpid)


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_accepts_and_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(SettingError, match=rf"running dask scheduler, got {address} \(.*\); start one"):
            run_blocks_on(address, WINDOWS, _column, lambda *_: None)


@pytest.mark.parametrize(
    "address",
    ["", "x", "tcp://", "tcp://:8786", "http://127.0.0.1:1", "127.0.0.1:99999", "tcp://a b:1", "tcp://127.0.0.1:1/x"],
)
def test_an_address_that_is_none_is_one_sentence(address: str) -> None:
    with pytest.raises(SettingError, match=r"scheduler must be an address such as tcp://10\.0\.0\.5:8786, got '"):
        run_blocks_on(address, WINDOWS, _column, lambda *_: None)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(SettingError, match="scheduler must be an address") as caught:
        run_blocks_on("tcp://user:canary@127.0.0.1:1", WINDOWS, _column, lambda *_: None)
    assert "canary" not in str(caught.value)
