"""The small picture of a run: what it shows, and that it comes with the other files or not at all."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

import sar_colorize as sc
from sar_colorize.cog import CogWriter, Quicklook
from sar_colorize.cog.quicklook import MOST_PX, reduced_shape
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.raster import Grid, Raster, Unit, Window
from sar_colorize.run.to_file import Work, run_to_files

Run = Callable[..., subprocess.CompletedProcess[str]]


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_it_shows_the_output_as_it_lies_and_nothing_where_that_is_invalid(
    scene_with_holes: Path, tmp_path: Path, suffix: str
) -> None:
    small = tmp_path / f"small{suffix}"
    made = sc.colorize(scene_with_holes, tmp_path / "colour.tif", model="composite", quicklook=small)
    assert made.quicklook == str(small)
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        values, valid = dataset.read(), dataset.dataset_mask() > 0
    seen = _pixels(small)
    assert seen.shape == (600, 700, 3 if suffix == ".jpg" else 4)
    lossless = suffix == ".png"
    apart = np.abs(seen[..., :3][valid].astype(int) - values[:, valid].T)
    assert apart.max() == 0 if lossless else apart.mean() < 12
    if suffix == ".jpg":
        assert np.median(seen[~valid]) > 240  # white; a single pixel takes colour from those beside it
    else:
        assert np.array_equal(seen[..., 3] > 0, valid)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["colour.tif", "scene.tif", small.name])


def test_radar_values_are_shown_in_decibels_of_the_first_band(scene_with_holes: Path, tmp_path: Path) -> None:
    sc.despeckle(scene_with_holes, tmp_path / "smooth.tif", filter="none", quicklook=tmp_path / "smooth.png")
    with rasterio.open(tmp_path / "smooth.tif") as dataset:
        band = dataset.read(1)
    valid, seen = np.isfinite(band), _pixels(tmp_path / "smooth.png")
    assert np.array_equal(seen[..., 3] > 0, valid)
    low, high = np.percentile(band[valid], (2, 98))
    wanted = np.rint(np.clip((band[valid] - low) / (high - low), 0, 1) * 255)
    assert np.abs(seen[..., 1][valid] - wanted).max() <= 1
    assert (seen[..., 0] == seen[..., 2]).all()


def test_power_and_its_decibels_look_alike(make_tif: Callable[..., Path], tmp_path: Path) -> None:
    db = np.random.default_rng(0).normal(-12, 4, (1, 70, 90)).astype(np.float32)
    for unit, values in (("dB", db), ("power", (10.0 ** (db / 10)).astype(np.float32))):
        scene = make_tif(values, f"{unit}.tif", names=("VV",), tags={"UNITS": unit})
        sc.despeckle(scene, tmp_path / f"{unit}_out.tif", filter="none", quicklook=tmp_path / f"{unit}.png")
    apart = _pixels(tmp_path / "dB.png").astype(int) - _pixels(tmp_path / "power.png")
    assert np.abs(apart).max() <= 1


@pytest.mark.parametrize(
    ("sides", "wanted"),
    [((10, 20), (10, 20)), ((4096, 1024), (2048, 512)), ((1, 100_000), (1, 2048)), ((3000, 2999), (2048, 2047))],
)
def test_its_longest_side_is_bounded(sides: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert reduced_shape(*sides) == wanted
    assert max(wanted) <= MOST_PX


def test_a_large_raster_is_reduced(tmp_path: Path) -> None:
    grid = Grid(40, 5000)
    writer = CogWriter(tmp_path / "a.tif", grid, bands=("red", "green", "blue"), dtype="uint8")
    values = np.full((3, 40, 5000), 90, np.uint8)
    block = Raster(values, np.ones((40, 5000), bool), writer.bands, Unit.DISPLAY)
    work = Work([grid.window], lambda window: window, lambda _: [block])
    run_to_files(work, [writer], Window(0, 0, 40, 5000), beside=[Quicklook(tmp_path / "a.png", writer)])
    assert _pixels(tmp_path / "a.png").shape == (16, 2048, 4)


@pytest.mark.parametrize("verb", [sc.colorize, sc.despeckle])
def test_a_wrong_suffix_is_refused_with_the_right_ones(verb: Callable, scene_with_holes: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"quicklook must end in \.png, \.jpg, \.jpeg, \.webp, got .*x\.gif; try x"):
        verb(scene_with_holes, tmp_path / "colour.tif", quicklook=tmp_path / "x.gif")
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_it_is_never_an_input_nor_twice_the_same_nor_an_older_file(
    scene_with_holes: Path, tmp_path: Path, make_tif: Callable[..., Path]
) -> None:
    palette = tmp_path / "palette.png"
    Image.fromarray(np.random.default_rng(0).integers(60, 140, (600, 700, 3), dtype=np.uint8)).save(palette)
    older = palette.read_bytes()
    with pytest.raises(OutputError, match="another file than the inputs"):
        sc.colorize(scene_with_holes, tmp_path / "c.tif", palette=str(palette), quicklook=palette, overwrite=True)
    with pytest.raises(OutputError, match=r"must not exist, got .*palette\.png"):
        sc.colorize(scene_with_holes, tmp_path / "c.tif", model="composite", quicklook=palette)
    assert palette.read_bytes() == older
    sc.colorize(scene_with_holes, tmp_path / "c.tif", model="composite", quicklook=palette, overwrite=True)
    assert palette.read_bytes() != older
    with pytest.raises(SettingError, match="quicklook must be left out without an output"):
        sc.colorize(scene_with_holes, model="composite", quicklook=tmp_path / "d.png")


def test_where_it_fails_nothing_is_written(
    scene_with_holes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OutputError, match=r"No space left on device for .*small\.png"):
        sc.colorize(scene_with_holes, tmp_path / "c.tif", model="composite", quicklook=tmp_path / "small.png")
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_the_command_writes_it_and_names_it(scene_with_holes: Path, tmp_path: Path, run_cli: Run) -> None:
    chosen = ("colorize", scene_with_holes, tmp_path / "c.tif", "--model", "composite", "--quicklook")
    dry = run_cli(*chosen, tmp_path / "c.png", "--dry-run")
    assert (dry.returncode, sorted(path.name for path in tmp_path.iterdir())) == (0, ["scene.tif"])
    done = run_cli(*chosen, tmp_path / "c.png")
    assert done.returncode == 0
    assert f"quicklook    {tmp_path / 'c.png'}" in done.stdout
    done = run_cli(*chosen, tmp_path / "d.webp", "--json", "--overwrite")
    assert json.loads(done.stdout)["quicklook"] == str(tmp_path / "d.webp")
