"""A scene in the colours of its place: the palette is settled once, said aloud, and the error it expects is a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made import prepared, speckled

import sar_colorize as sc
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.prepare import ColorizeSettings
from sar_colorize.scene import open_scene

SAND = (200, 170, 130)


@pytest.fixture
def sand(make_tif: Callable[..., Path]) -> Path:
    """A picture of the ground of `scene_with_holes`, all of it sand."""
    values = np.empty((3, 600, 700), np.uint8)
    values[:] = np.array(SAND)[:, None, None]
    return make_tif(values, "sand.tif")


def _mean_lab(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        lab = srgb_to_lab(dataset.read() / np.float32(255))
        mean: np.ndarray = lab[:, dataset.dataset_mask() > 0].mean(1)
    return mean


def test_the_picture_has_the_colours_of_the_reference(
    scene_with_holes: Path, sand: Path, placed_weights: Path, tmp_path: Path
) -> None:
    result = sc.colorize(scene_with_holes, tmp_path / "out.tif", model=str(placed_weights), palette=str(sand))
    expected = srgb_to_lab(np.array(SAND, np.float32).reshape(3, 1, 1) / np.float32(255))[:, 0, 0]
    # A palette without spread has 1.5 for its least, and a correction is at most 2.5 spreads.
    assert _mean_lab(tmp_path / "out.tif")[1:] == pytest.approx(expected[1:], abs=2.5 * 1.5)
    assert result.palette == str(sand)
    assert result.palette_lab == pytest.approx(expected, abs=0.01)
    assert any("100% of the scene" in note for note in result.notes)
    with rasterio.open(tmp_path / "out.tif") as dataset:
        said = json.loads(dataset.tags()["SAR_COLORIZE_PALETTE"])
    assert said["mean"] == pytest.approx(expected, abs=0.01)
    assert said["source"] == str(sand)


def test_a_place_on_earth_is_looked_up_and_a_scene_without_one_is_told_so(
    make_tif: Callable[..., Path], placed_weights: Path
) -> None:
    placed = make_tif(speckled(130, 130), names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    result = sc.colorize(placed, model=str(placed_weights), dry_run=True)
    assert result.palette == "auto"
    assert any("Palette expected at 45." in note for note in result.notes)
    lost = make_tif(speckled(130, 130), "lost.tif", crs=None, names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    result = sc.colorize(lost, model=str(placed_weights), dry_run=True)
    assert any("no georeference" in note for note in result.notes)


def test_the_palette_is_that_of_the_whole_scene_whatever_is_cut_from_it(
    scene_with_holes: Path, placed_weights: Path, tmp_path: Path
) -> None:
    chosen = {"model": str(placed_weights), "precision": "fp32"}
    sc.colorize(scene_with_holes, tmp_path / "whole.tif", **chosen)
    left, top = 500000.0 + 2000, 5000000.0 - 1500
    sc.colorize(scene_with_holes, tmp_path / "part.tif", bbox=(left, top - 2000, left + 2500, top), **chosen)
    with rasterio.open(tmp_path / "whole.tif") as whole, rasterio.open(tmp_path / "part.tif") as part:
        window = rasterio.windows.from_bounds(*part.bounds, transform=whole.transform)
        assert np.array_equal(whole.read(window=window), part.read())


def test_a_lazy_picture_equals_the_file(scene_with_holes: Path, placed_weights: Path, tmp_path: Path) -> None:
    chosen = {"model": str(placed_weights), "block_px": 256}
    sc.colorize(scene_with_holes, tmp_path / "out.tif", **chosen)
    lazy = sc.colorize(open_scene(scene_with_holes).to_xarray(), **chosen).values
    with rasterio.open(tmp_path / "out.tif") as dataset:
        assert np.array_equal(dataset.read(), lazy[:3])


def test_either_band_and_both_go_through_one_set_of_weights(scene_with_holes: Path, placed_weights: Path) -> None:
    pictures = []
    for bands in (("VV", "VH"), ("VV",), ("VH",)):
        scene, colorizer = prepared(open_scene(scene_with_holes).select(*bands), ColorizeSettings(str(placed_weights)))
        assert scene.bands == bands
        pictures.append(colorizer.block(scene, scene.grid.window).values.astype(int))
    assert np.abs(pictures[0] - pictures[1]).mean() > 0.5
    assert np.abs(pictures[1] - pictures[2]).mean() > 0.5


def test_uncertainty_is_a_file_on_the_same_grid_and_changes_no_colour(
    scene_with_holes: Path, placed_weights: Path, tmp_path: Path
) -> None:
    chosen = {"model": str(placed_weights)}
    sc.colorize(scene_with_holes, tmp_path / "alone.tif", **chosen)
    sc.colorize(scene_with_holes, tmp_path / "out.tif", uncertainty=str(tmp_path / "error.tif"), **chosen)
    with rasterio.open(tmp_path / "alone.tif") as alone, rasterio.open(tmp_path / "out.tif") as out:
        assert np.array_equal(alone.read(), out.read())
        valid, grid = out.dataset_mask() > 0, (out.transform, out.crs, out.shape)
    with rasterio.open(tmp_path / "error.tif") as sure:
        assert (sure.transform, sure.crs, sure.shape) == grid
        assert (sure.dtypes, sure.descriptions, sure.units) == (("float32",), ("expected_ab_error",), ("Lab units",))
        error = sure.read(1)
        assert "predicted" in sure.tags()["SAR_COLORIZE_NOTICE"]
    assert np.array_equal(np.isfinite(error), valid)
    assert 0.5 <= error[valid].min() <= error[valid].max() <= 25.5
    assert np.allclose(error[valid] * 10, np.rint(error[valid] * 10), atol=1e-3)


def test_uncertainty_is_refused_where_it_cannot_be_told(
    scene_with_holes: Path, placed_weights: Path, bounded_weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.tif"
    with pytest.raises(SettingError, match=r"uncertainty must be left out for random, which does not know its error"):
        sc.colorize(scene_with_holes, out, uncertainty=str(tmp_path / "error.tif"), model=str(bounded_weights))
    with pytest.raises(OutputError, match=r"outputs must be different files, got .*out\.tif twice"):
        sc.colorize(scene_with_holes, out, uncertainty=str(out), model=str(placed_weights))
    assert list(tmp_path.glob("*error*")) == []
    assert not out.exists()


def test_a_failing_uncertainty_leaves_neither_file(
    scene_with_holes: Path, placed_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sar_colorize.colorizer import Colorizer

    def fail(*_: object) -> None:
        raise SettingError("made to fail")

    monkeypatch.setattr(Colorizer, "paint", fail)
    with pytest.raises(SettingError, match="made to fail"):
        sc.colorize(
            scene_with_holes, tmp_path / "out.tif", uncertainty=str(tmp_path / "error.tif"), model=str(placed_weights)
        )
    assert [path.name for path in tmp_path.iterdir() if path.name in ("out.tif", "error.tif")] == []
