"""The block function: pure, blind to tiles and blocks, and silent about what is invalid."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import prepared, shared_scene, speckled

from sar_colorize.colorizer import Colorizer
from sar_colorize.errors import ModelError, SettingError
from sar_colorize.prepare import ColorizeSettings
from sar_colorize.raster import Window
from sar_colorize.scene import Scene, open_scene
from sar_colorize.tiles import blocks

MODELS = ("bounded_weights", "blended_weights", "placed_weights", "composite")


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Bounded (cropped), unbounded (blended), and without weights."""
    return request.param if request.param == "composite" else str(request.getfixturevalue(request.param))


def _assembled(colorizer: Colorizer, scene: Scene, windows: list[Window]) -> tuple[np.ndarray, np.ndarray]:
    whole = scene.grid.window
    rgb, valid = np.zeros((3, *whole.shape), np.uint8), np.zeros(whole.shape, bool)
    for window in windows:
        raster = colorizer.block(scene, window)
        rgb[(slice(None), *window.within(whole))] = raster.values
        valid[window.within(whole)] = raster.valid
    return rgb, valid


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_picture_is_the_same_whatever_the_blocks_and_their_order(
    scene_with_holes: Path, model: str, precision: str
) -> None:
    chosen = ColorizeSettings(model=model, precision="auto" if model == "composite" else precision)
    scene, colorizer = prepared(open_scene(scene_with_holes), chosen)
    whole, _ = _assembled(colorizer, scene, [scene.grid.window])
    for block_px in (128, 333):
        order = list(blocks(scene.grid.window, block_px))
        np.random.default_rng(0).shuffle(order)  # type: ignore[arg-type]
        assert np.array_equal(_assembled(colorizer, scene, order)[0], whole)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 590), st.integers(0, 690), st.integers(1, 90), st.integers(1, 90))
def test_any_window_equals_that_window_of_the_scene(row: int, col: int, height: int, width: int) -> None:
    scene, colorizer, whole = _colorized_once()
    window = Window(row, col, height, width).intersect(scene.grid.window)
    assert np.array_equal(
        colorizer.block(scene, window).values, whole[(slice(None), *window.within(scene.grid.window))]
    )


_ONCE: dict[str, tuple[Scene, Colorizer, np.ndarray]] = {}


def _colorized_once() -> tuple[Scene, Colorizer, np.ndarray]:
    return _ONCE["bounded"]


@pytest.fixture(autouse=True)
def _colorized(scene_with_holes: Path, bounded_weights: Path) -> None:
    if "bounded" not in _ONCE:
        array = open_scene(scene_with_holes).to_xarray().compute()
        scene, colorizer = prepared(open_scene(array), ColorizeSettings(model=str(bounded_weights)))
        _ONCE["bounded"] = scene, colorizer, colorizer.block(scene, scene.grid.window).values


def test_the_mask_equals_the_scenes_and_invalid_pixels_are_black(scene_with_holes: Path, model: str) -> None:
    scene, colorizer = prepared(open_scene(scene_with_holes), ColorizeSettings(model=model))
    raster = colorizer.block(scene, scene.grid.window)
    expected = scene.read(scene.grid.window).valid
    assert 0.5 < expected.mean() < 1
    assert np.array_equal(raster.valid, expected)
    assert (raster.values[:, ~expected] == 0).all()


def test_what_stands_in_invalid_pixels_changes_nothing(make_tif: Callable[..., Path], model: str) -> None:
    values = np.stack([speckled(300, 300), speckled(300, 300, seed=1, median_db=-18)])
    invalid = np.zeros((300, 300), bool)
    invalid[100:180, 60:200] = True
    pictures = []
    for poison in (-9999.0, 1e30):
        values[:, invalid] = poison
        path = make_tif(values, f"poison{poison}.tif", names=("VV", "VH"), nodata=poison, tags={"UNITS": "dB"})
        scene, colorizer = prepared(open_scene(path), ColorizeSettings(model=model))
        pictures.append(colorizer.block(scene, scene.grid.window).values)
    assert np.array_equal(pictures[0], pictures[1])


def test_values_beyond_the_receptive_field_change_nothing(make_tif: Callable[..., Path], bounded_weights: Path) -> None:
    values = speckled(500, 500)
    changed = values.copy()
    changed[400:, 400:] += 15
    pictures = []
    for name, part in (("a.tif", values), ("b.tif", changed)):
        scene, colorizer = prepared(
            open_scene(make_tif(part, name, nodata=np.nan)), ColorizeSettings(model=str(bounded_weights))
        )
        pictures.append(colorizer.block(scene, scene.grid.window).values.astype(int))
    reach = colorizer.painter.tiles.margin_px + colorizer.radar.filter.halo_px  # type: ignore[attr-defined]
    difference = np.abs(pictures[0] - pictures[1]).max(axis=0)
    assert difference[: 400 - reach].max() == 0
    assert difference[:, : 400 - reach].max() == 0
    assert difference[400:, 400:].max() > 0


def test_beyond_its_edge_the_network_sees_the_mirrored_scene(
    make_tif: Callable[..., Path], bounded_weights: Path
) -> None:
    values = speckled(260, 300)
    chosen = ColorizeSettings(model=str(bounded_weights), precision="fp32", filter="none")
    small, colorizer = prepared(open_scene(make_tif(values, nodata=np.nan)), chosen)
    large = open_scene(make_tif(np.pad(values, 256, mode="symmetric"), "large.tif", nodata=np.nan))
    picture = colorizer.block(small, small.grid.window).values.astype(int)
    middle = colorizer.block(large, Window(256, 256, 260, 300)).values.astype(int)
    assert np.abs(picture - middle).max() <= 1


def test_blocks_that_hold_nothing_are_not_computed(make_tif: Callable[..., Path], bounded_weights: Path) -> None:
    values = speckled(512, 512)
    values[:, 256:] = np.nan
    scene, colorizer = prepared(
        open_scene(make_tif(values, nodata=np.nan)), ColorizeSettings(model=str(bounded_weights))
    )
    assert colorizer.load(scene, Window(0, 256, 256, 256)) is None
    assert colorizer.load(scene, Window(0, 128, 256, 256)) is not None
    assert not colorizer.block(scene, Window(0, 256, 256, 256)).valid.any()


def test_a_relative_scene_gets_one_offset_and_a_gain_changes_no_colour(
    make_tif: Callable[..., Path], bounded_weights: Path
) -> None:
    amplitude = 10 ** (speckled(300, 300) / 20)
    pictures, offsets = [], []
    for gain in (300.0, 900.0):
        scene = open_scene(make_tif((amplitude * gain).astype(np.float32), f"{gain}.tif", tags={"UNITS": "amplitude"}))
        assert scene.declaration.absolute is False
        scene, colorizer = prepared(scene, ColorizeSettings(model=str(bounded_weights)))
        pictures.append(colorizer.block(scene, scene.grid.window).values.astype(int))
        offsets.append(colorizer.radar.offset_db)
    assert offsets[0] - offsets[1] == pytest.approx(20 * np.log10(3), abs=0.02)
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_the_offset_can_be_set_and_calibrated_data_get_none(scene_with_holes: Path) -> None:
    scene = open_scene(scene_with_holes)
    for wanted, expected in (("auto", 0.0), (3.5, 3.5)):
        assert prepared(scene, ColorizeSettings(model="composite", offset_db=wanted))[1].radar.offset_db == expected
    assert abs(prepared(scene, ColorizeSettings(model="composite", offset_db="fit"))[1].radar.offset_db) < 2


def test_one_band_makes_a_grey_composite_and_two_a_coloured_one(real_patch: Path) -> None:
    scene = open_scene(real_patch)
    _, both = prepared(scene, ColorizeSettings(model="composite"))
    one, single = prepared(scene.select("VV"), ColorizeSettings(model="composite"))
    grey = single.block(one, one.grid.window).values
    assert (grey[0] == grey[1]).all()
    assert (grey[0] == grey[2]).all()
    assert np.ptp(both.block(scene, scene.grid.window).values.astype(int), axis=0).mean() > 10


def test_composite_levels_are_those_of_the_fixed_ranges(make_tif: Callable[..., Path]) -> None:
    values = np.stack([np.full((64, 64), -12.5), np.full((64, 64), -16.25)]).astype(np.float32)
    scene, colorizer = prepared(
        open_scene(make_tif(values, names=("VV", "VH"), nodata=np.nan)),
        ColorizeSettings(model="composite", filter="none"),
    )
    # L = 50 in both ranges: 127.5, rounded up; VV - VH = 3.75 dB of 2..14: 37.19.
    assert colorizer.block(scene, Window(0, 0, 1, 1)).values.ravel().tolist() == [128, 128, 37]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"overlap_px": 32}, r"overlap_px must be at least \d+ for random, whose receptive field"),
        ({"tile_px": 200}, r"tile_px must be a positive multiple of 16, got 200"),
        ({"tile_px": 96}, r"overlap_px=\d+ must be smaller than tile_px=96"),
        ({"batch": 0}, r"batch must be at least 1, got 0"),
        ({"device": "tpu"}, r"device must be one of auto, cpu, cuda, got 'tpu'"),
        ({"precision": "int8"}, r"precision must be one of auto, fp32, bf16, got 'int8'"),
        ({"block_px": 10}, r"block_px must be at least 64, got 10"),
        ({"offset_db": "much"}, r"offset_db must be auto, fit or a number, got 'much'"),
        ({"filter": "magic"}, r"filter must be one of none, boxcar, .*, got 'magic'"),
        ({"palette": "france.tif"}, r"palette must be auto or none for random, .* got france\.tif"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    scene_with_holes: Path, bounded_weights: Path, changes: dict, message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        prepared(open_scene(scene_with_holes), ColorizeSettings(**({"model": str(bounded_weights)} | changes)))


def test_an_unknown_model_is_refused_with_the_known_ones(scene_with_holes: Path) -> None:
    with pytest.raises(ModelError, match=r"got 'colorsarr'|got colorsarr"):
        prepared(open_scene(scene_with_holes), ColorizeSettings(model="colorsarr"))


def test_a_cuda_picture_equals_the_cpus_within_one_level(scene_with_holes: Path, bounded_weights: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    pictures = []
    for device in ("cpu", "cuda"):
        chosen = ColorizeSettings(model=str(bounded_weights), device=device, precision="fp32")
        scene, colorizer = prepared(open_scene(scene_with_holes), chosen)
        pictures.append(colorizer.block(scene, scene.grid.window).values.astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_the_real_scene_is_the_same_in_blocks_of_512_1024_and_2048() -> None:
    scene, colorizer = prepared(open_scene(shared_scene("scenes/socal_vh_amplitude.tif")), ColorizeSettings())
    corner = Window(0, 0, 1400, 1100)
    pictures = []
    for block_px in (512, 1024, 2048):
        rgb = np.zeros((3, *corner.shape), np.uint8)
        for window in blocks(corner, block_px):
            rgb[(slice(None), *window.within(corner))] = colorizer.block(scene, window).values
        pictures.append(rgb)
    assert np.array_equal(pictures[0], pictures[1])
    assert np.array_equal(pictures[0], pictures[2])
