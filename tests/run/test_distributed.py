"""A dask cluster in this process: the picture of the workers is the picture made here."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from distributed import LocalCluster

import sar_colorize as sc
from sar_colorize.errors import SettingError


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
def test_a_scheduler_that_does_not_answer_is_named(scene_with_holes: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"running dask scheduler, got tcp://127\.0\.0\.1:9"):
        sc.colorize(scene_with_holes, tmp_path / "no.tif", model="composite", scheduler="tcp://127.0.0.1:9")
    assert list(tmp_path.glob("*no.tif*")) == []


@pytest.mark.filterwarnings("ignore")
def test_device_and_precision_are_those_of_the_workers(
    cluster: str, scene_with_holes: Path, tmp_path: Path, bounded_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU here is none there: what this process has is not asked; the workers of this test are threads of it."""
    asked: list[str] = []

    def only_workers_have_one(name: str) -> str:
        asked.append(threading.current_thread().name)
        return "cpu"

    monkeypatch.setattr(sys.modules["sar_colorize.api.colorize"], "choose_device", only_workers_have_one)
    result = sc.colorize(
        scene_with_holes, tmp_path / "there.tif", scheduler=cluster, device="auto", model=str(bounded_weights)
    )
    assert result.device == "cpu"
    assert asked
    assert threading.main_thread().name not in asked
