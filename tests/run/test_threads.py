"""A run in several threads makes the same files, bit for bit, and reads what it reads no more often."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from made import speckled
from made_product import make_safe
from rasterio.io import DatasetReader

import sar_colorize as sc
from sar_colorize.raster import Window
from sar_colorize.scene import open_scene
from sar_colorize.scene.gdal import Handles, OneHandle

READERS = (1, 2, 4)


@pytest.fixture
def cores(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many cores this process is taken to have."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    return lambda count: monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(count)), raising=False)


@pytest.fixture(scope="session")
def _values() -> np.ndarray:
    values = np.stack([speckled(700, 900, seed=seed) for seed in (1, 2)])
    values[:, 100:180, 300:420] = np.nan
    return values


@pytest.fixture
def scene(make_tif: Callable[..., Path], _values: np.ndarray) -> Path:
    return make_tif(_values, names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"})


def _read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with rasterio.open(path) as dataset:
        return dataset.read(), dataset.dataset_mask()


@pytest.mark.parametrize(
    "settings",
    [
        {"model": "composite"},
        {"model": "by-place"},
        {"model": "by-place", "palette": "none", "engine": "openvino", "precision": "fp32"},
        {"model": "by-place", "engine": "torch"},
    ],
    ids=["composite", "kinds of ground", "openvino", "torch"],
)
def test_a_picture_is_the_same_whatever_the_number_of_threads(
    scene: Path, tmp_path: Path, cores: Callable[[int], None], settings: dict[str, Any]
) -> None:
    made = []
    for count in READERS:
        cores(count)
        output = tmp_path / f"{count}.tif"
        result = sc.colorize(scene, output, block_px=400, **settings)
        assert result.plan is not None
        assert result.plan["threads"] == count
        made.append(_read(output))
    for values, valid in made[1:]:
        assert np.array_equal(values, made[0][0])
        assert np.array_equal(valid, made[0][1])
    assert np.ptp(made[0][0]) > 0


def test_despeckled_values_are_the_same_whatever_the_number_of_threads(
    scene: Path, tmp_path: Path, cores: Callable[[int], None]
) -> None:
    one, stacks = [], []
    other = tmp_path / "other.tif"
    other.write_bytes(scene.read_bytes())
    for count in READERS:
        cores(count)
        sc.despeckle(scene, tmp_path / f"{count}.tif", block_px=256)
        one.append(_read(tmp_path / f"{count}.tif")[0])
        results = sc.despeckle_stack([scene, other], tmp_path / f"stack{count}", block_px=256)
        stacks.append([_read(Path(result.output))[0] for result in results])
        assert [result.plan["threads"] for result in results] == [count, count]
    for values, stack in zip(one[1:], stacks[1:], strict=True):
        assert np.array_equal(values, one[0], equal_nan=True)
        assert np.array_equal(stack, stacks[0], equal_nan=True)


def test_rows_of_a_product_are_decoded_once_whatever_the_number_of_threads(
    tmp_path: Path, cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sar_colorize.scene.safe import measurement

    product = make_safe(tmp_path)
    decoded: list[tuple[str, int]] = []
    opened = measurement.open_quietly

    class Counting:
        """A dataset that says which rows are decoded."""

        def __init__(self, dataset: DatasetReader) -> None:
            self.dataset = dataset

        def read(self, band: int, window: Any) -> np.ndarray:
            decoded.append((self.dataset.name, window.row_off))
            values: np.ndarray = self.dataset.read(band, window=window)
            return values

        def close(self) -> None:
            self.dataset.close()

    monkeypatch.setattr(measurement, "open_quietly", lambda *args, **more: Counting(opened(*args, **more)))
    pictures = []
    for count in (1, 4):
        cores(count)
        decoded.clear()
        result = sc.colorize(product, tmp_path / f"{count}.tif", model="composite", block_px=128, overwrite=True)
        assert result.plan is not None
        assert result.plan["threads"] == count
        assert len(set(decoded)) > 1
        assert len(decoded) == len(set(decoded))
        pictures.append(_read(tmp_path / f"{count}.tif")[0])
    assert np.array_equal(*pictures)


def test_whole_rows_are_read_by_one_handle_and_tiles_by_one_for_each_thread(tmp_path: Path) -> None:
    values = np.full((8, 2500), -12.0, np.float32)
    for name, more in {"rows": {}, "tiles": {"tiled": True, "blockxsize": 256, "blockysize": 256}}.items():
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", height=8, width=2500, count=1, dtype="float32",
            crs="EPSG:32633", transform=rasterio.Affine(10, 0, 5e5, 0, -10, 5e6), **more,
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
            dataset.descriptions = ("VV",)
            dataset.update_tags(UNITS="dB")
    rows, tiles = (open_scene(tmp_path / f"{name}.tif") for name in ("rows", "tiles"))
    assert isinstance(rows._handles, OneHandle)
    assert isinstance(tiles._handles, Handles)
    assert rows.reads_in_threads
    assert tiles.reads_in_threads
    assert np.array_equal(rows.read(Window(0, 0, 8, 50)).values, tiles.read(Window(0, 0, 8, 50)).values)


def test_what_stands_on_a_server_or_in_a_zip_is_read_by_one_thread(scene: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "scene.zip", "w") as archive:
        archive.write(scene, "scene.tif")
    assert not open_scene(tmp_path / "scene.zip").reads_in_threads
    assert open_scene(scene).reads_in_threads
