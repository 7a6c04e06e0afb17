"""`despeckle_stack`, in Python and on the command line: files in, files out, each its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import TRANSFORM, speckled

import sar_colorize as sc
from sar_colorize.errors import Cancelled, OutputError, SettingError
from sar_colorize.speckle.stack import despeckle_dates

MakeTif = Callable[..., Path]


@pytest.fixture
def dates(make_tif: MakeTif) -> list[Path]:
    """Three scenes of 300 x 260, VV and VH in dB, each with other pixels missing."""
    paths = []
    for date in range(3):
        values = np.stack([speckled(300, 260, seed=date), speckled(300, 260, seed=10 + date, median_db=-18.5)])
        values[:, 20 * date : 20 * date + 15, 30:200] = np.nan
        paths.append(make_tif(values, f"date{date}.tif", names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"}))
    return paths


def test_files_equal_the_filter_in_memory_whatever_the_block(dates: list[Path], tmp_path: Path) -> None:
    read = []
    for path in dates:
        with rasterio.open(path) as dataset:
            read.append(dataset.read())
    db = np.stack(read)  # (T, 2, H, W)
    power = 10 ** (np.nan_to_num(db) * np.float32(0.1))
    for block_px in (64, 1024):
        folder = tmp_path / str(block_px)
        folder.mkdir()
        results = sc.despeckle_stack(dates, folder, block_px=block_px)
        assert [result.output for result in results] == [str(folder / path.name) for path in dates]
        assert {result.filter for result in results} == {"quegan-yu"}
        for band in range(2):
            expected = 10 * np.log10(despeckle_dates(power[:, band], np.isfinite(db[:, 0])))
            for date, path in enumerate(dates):
                with rasterio.open(folder / path.name) as dataset:
                    got = dataset.read(band + 1)
                    assert (dataset.transform, dataset.descriptions) == (TRANSFORM, ("VV", "VH"))
                    assert dataset.tags()["SAR_COLORIZE_DESPECKLE"] == "quegan-yu, 3 dates, size 7 px"
                assert np.array_equal(np.isnan(got), np.isnan(db[date, band]))
                assert np.allclose(got, expected[date], rtol=1e-5, equal_nan=True)
    for path in dates:
        with rasterio.open(tmp_path / "64" / path.name) as one, rasterio.open(tmp_path / "1024" / path.name) as other:
            assert np.array_equal(one.read(), other.read(), equal_nan=True)


def test_each_scene_keeps_its_own_unit(make_tif: MakeTif, tmp_path: Path) -> None:
    db = speckled(80, 90)
    amplitude = 10 ** (speckled(80, 90, seed=1) / 20)
    sources = [
        make_tif(db, "a.tif", names=("VV",), tags={"UNITS": "dB"}),
        make_tif(amplitude, "b.tif", names=("VV",), tags={"UNITS": "amplitude"}),
    ]
    (tmp_path / "out").mkdir()
    results = sc.despeckle_stack(sources, tmp_path / "out")
    assert [result.unit for result in results] == ["db", "amplitude"]
    with rasterio.open(results[0].output) as one, rasterio.open(results[1].output) as other:
        assert np.mean(10 ** (one.read(1) / 10)) == pytest.approx(np.mean(10 ** (db / 10)), rel=0.03)
        assert np.mean(other.read(1) ** 2) == pytest.approx(np.mean(amplitude**2), rel=0.03)


def test_an_array_of_dates_gives_an_array(tmp_path: Path) -> None:
    power = np.random.default_rng(0).gamma(4.4, 1 / 4.4, (3, 40, 50))
    power[1, 3, 4] = np.nan
    out = sc.despeckle_stack(power, size=5)
    assert (out.dtype, out.shape) == (np.float32, power.shape)
    assert np.array_equal(np.isnan(out), np.isnan(power))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transform": TRANSFORM @ Affine.translation(0.5, 0)}, r"one grid, got 90 x 80 px of 10 .*warp them to one"),
        ({"crs": "EPSG:32634"}, r"one grid"),
        ({"names": ("VH",)}, r"same bands, got VV in .*a.tif and VH in .*b.tif; pick one"),
    ],
)
def test_scenes_that_do_not_fit_are_refused(make_tif: MakeTif, tmp_path: Path, change: dict, message: str) -> None:
    first = make_tif(speckled(80, 90), "a.tif", names=("VV",), tags={"UNITS": "dB"})
    options: dict[str, Any] = {"names": ("VV",), "tags": {"UNITS": "dB"}} | change
    other = make_tif(speckled(80, 90, seed=1), "b.tif", **options)
    (tmp_path / "out").mkdir()
    with pytest.raises(SettingError, match=message):
        sc.despeckle_stack([first, other], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_single_scene_equal_names_and_a_missing_folder_are_refused(make_tif: MakeTif, tmp_path: Path) -> None:
    options: dict[str, Any] = {"names": ("VV",), "tags": {"UNITS": "dB"}}
    first = make_tif(speckled(80, 90), "a.tif", **options)
    other = make_tif(speckled(80, 90), "b/a.tif", **options)
    with pytest.raises(SettingError, match=r"two scenes or more, got 1"):
        sc.despeckle_stack([first], tmp_path)
    with pytest.raises(OutputError, match=r"different names, got a.tif twice"):
        sc.despeckle_stack([first, other], tmp_path / "b")
    with pytest.raises(SettingError, match=r"folder must be given"):
        sc.despeckle_stack([first, other])


def test_the_command_line_writes_each_and_prints_one_object(
    dates: list[Path], tmp_path: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    done = run_cli("despeckle-stack", *dates, out, "--polarization", "VV", "--json")
    assert done.returncode == 0, done.stderr
    assert [Path(result["output"]).name for result in json.loads(done.stdout)["results"]] == [p.name for p in dates]
    assert sorted(path.name for path in out.iterdir()) == [path.name for path in dates]
    again = run_cli("despeckle-stack", *dates, out)
    assert again.returncode == 1
    assert "output must not exist" in again.stderr


@pytest.mark.parametrize("name", ["a\0b", "n" * 300, "\udcff"])
def test_a_folder_that_no_folder_can_be_called_is_one_sentence(make_tif, tmp_path, name):
    scenes = [make_tif(speckled(64, 64, seed=number), f"{number}.tif") for number in range(2)]
    with pytest.raises(OutputError, match="folder must be a name that a folder can have, got"):
        sc.despeckle_stack(scenes, tmp_path / name)


@pytest.mark.parametrize("is_there", [False, True])
def test_a_cancelled_stack_leaves_nothing_and_says_so(dates: list[Path], tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "out"
    if is_there:
        folder.mkdir()
        (folder / "date1.tif").write_bytes(b"older")

    def cancel(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match=r"^cancelled; nothing was written$"):
        sc.despeckle_stack(dates, folder, block_px=128, overwrite=is_there, on_progress=cancel)
    assert folder.exists() == is_there
    assert [path.read_bytes() for path in folder.glob("*")] == ([b"older"] if is_there else [])
