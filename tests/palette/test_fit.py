"""Colours fitted to what a network sees: where a reference shows the ground of the scene, the rest learns from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from made import TRANSFORM, prepared

from sar_colorize.color import srgb_to_lab
from sar_colorize.models.by_place_picture import fitted_colours
from sar_colorize.palette.fit import Examples, quartered, spread_windows
from sar_colorize.palette.palette import Fit
from sar_colorize.prepare import ColorizeSettings
from sar_colorize.scene import open_scene

FOREST, SAND = (40, 80, 40), (220, 190, 140)
SIDE = 48


def _windows(count: int, noise: float = 0.5, features: int = 5) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features (K, H, W) and colours (3, H, W) that follow them; the noise of a and b grows with the last feature."""
    random = np.random.default_rng(0)
    slopes = random.normal(0, 4, (3, features))
    made = []
    for _ in range(count):
        x = random.normal(0, 1, (features, SIDE, SIDE))
        rough = noise * np.exp(np.clip(x[-1], -1, 1))
        colours = np.array([50, -3, 12])[:, None, None] + np.einsum("ck,khw->chw", slopes, x)
        made.append((x.astype(np.float32), colours + random.normal(0, 1, (3, SIDE, SIDE)) * rough))
    return made


def _fit(windows: list[tuple[np.ndarray, np.ndarray]], valid: np.ndarray | None = None) -> Fit | None:
    found = Examples()
    for x, colours in windows:
        seen = np.ones((SIDE, SIDE), bool) if valid is None else valid
        found.add(x, colours.astype(np.float32), seen, np.tile(np.array([-8.0, 8.0], np.float32), (4, 4)))
    return found.fit()


def _painted(fit: Fit, x: np.ndarray) -> np.ndarray:
    made: np.ndarray = fitted_colours(fit, torch.from_numpy(x)[None])[0].numpy()
    return made


def test_colours_that_follow_the_features_are_found_on_ground_not_learned_from() -> None:
    *learned, (x, colours) = _windows(9)
    fit = _fit(learned)
    assert fit is not None
    assert fit.samples == 8 * SIDE**2
    error = np.abs(_painted(fit, x)[1:3] - colours[1:]).mean()
    flat = np.abs(colours[1:] - np.array([-3, 12])[:, None, None]).mean()
    assert error < 0.65 * flat  # a ridge of the weight of the features halves their slopes
    assert (fit.error, fit.flat_error) == (pytest.approx(error, rel=0.1), pytest.approx(flat, rel=0.1))


def test_the_slopes_are_those_of_least_squares_with_added_rows() -> None:
    windows = _windows(4)
    fit = _fit(windows)
    assert fit is not None
    x = np.concatenate([w[0].reshape(5, -1).T for w in windows]).astype(np.float64)
    y = np.concatenate([w[1].reshape(3, -1).T for w in windows])
    z = np.clip((x - fit.centre) / np.array(fit.unit), -2, 2)
    z = np.hstack([z, z**2 - 1])
    weight = len(z) * (1.0 + 1500 / len(z))
    rows = np.vstack([z - z.mean(0), weight**0.5 * np.eye(10)])
    slopes = np.linalg.lstsq(rows, np.vstack([y - y.mean(0), np.zeros((10, 3))]), rcond=None)[0]
    assert np.array([line.slopes for line in fit.lines[:3]]) == pytest.approx(slopes.T, abs=2e-3)


def test_no_colour_beyond_those_of_the_place_is_painted() -> None:
    fit = _fit(_windows(4))
    assert fit is not None
    seen = np.concatenate([colours.reshape(3, -1) for _, colours in _windows(4)], 1)
    painted = _painted(fit, np.random.default_rng(1).normal(0, 30, (5, SIDE, SIDE)).astype(np.float32))
    low, high = np.percentile(seen, (2, 98), axis=1)
    assert (painted[:3].min((1, 2)) > low - 0.01).all()
    assert (painted[:3].max((1, 2)) < high + 0.01).all()
    tight = replace(fit, lines=tuple(replace(line, low=1.0, high=2.0) for line in fit.lines))
    assert (_painted(tight, np.ones((5, 4, 4), np.float32)) <= 2.0).all()


def test_where_colours_scatter_a_larger_error_is_expected() -> None:
    *learned, (x, colours) = _windows(9, noise=6.0)
    fit = _fit(learned)
    assert fit is not None
    expected, real = _painted(fit, x)[3], np.abs(_painted(fit, x)[1:3] - colours[1:]).mean(0)
    rough = x[-1] > 0.5
    assert expected[rough].mean() > 1.2 * expected[~rough].mean()
    assert expected.mean() == pytest.approx(real.mean(), rel=0.1)


def test_finer_structure_fills_up_the_spread_of_brightness_that_the_fit_does_not_explain() -> None:
    (x, colours), *rest = _windows(8)
    fit = _fit([(x, colours), *rest])
    assert fit is not None
    spread = np.concatenate([c[0].ravel() for _, c in [(x, colours), *rest]]).var()
    explained = np.concatenate([_painted(fit, w)[0].ravel() for w, _ in [(x, colours), *rest]]).var()
    assert (fit.texture_share * 8.0) ** 2 == pytest.approx(0.7 * (spread - explained), rel=0.05)


def test_colours_that_have_nothing_to_do_with_the_features_are_not_fitted() -> None:
    windows = _windows(8)
    strangers = [(x, other) for (x, _), (_, other) in zip(windows, windows[1:] + windows[:1], strict=True)]
    assert _fit(strangers) is None


def test_what_holds_in_each_window_alone_is_not_taken_for_a_law_of_the_place() -> None:
    """Left out whole, a window says that what was learned of the others does not carry over to it."""
    windows = [(x, (-1) ** i * (colours - 12) + 12) for i, (x, colours) in enumerate(_windows(8, features=2))]
    assert _fit(windows) is None


def test_too_little_ground_is_not_fitted_and_invalid_ground_is_not_seen() -> None:
    valid = np.zeros((SIDE, SIDE), bool)
    valid[:6, :40] = True
    windows = _windows(1, noise=0.1)
    assert _fit(windows, valid) is None
    valid[:40] = True
    spoilt = [(np.where(valid, x, 1e6).astype(np.float32), np.where(valid, c, 1e6)) for x, c in windows]
    fit = _fit(spoilt, valid)
    assert fit == _fit(windows, valid)
    assert fit is not None
    assert fit.samples == 40 * SIDE


def test_a_quarter_pixel_is_known_where_all_of_its_sixteen_are() -> None:
    lab = np.arange(3 * 9 * 10, dtype=np.float32).reshape(3, 9, 10)
    valid = np.ones((9, 10), bool)
    valid[5, 1] = False
    means, known = quartered(lab, valid)
    assert means[:, 0, 1] == pytest.approx(lab[:, :4, 4:8].mean((1, 2)))
    assert known.tolist() == [[True, True], [False, True]]


@pytest.fixture
def coast(make_tif: Callable[..., Path]) -> tuple[Path, Path]:
    """400 x 400 px of radar, bright forest in the north, dark sand in the south; a picture of the west half alone."""
    random = np.random.default_rng(0)
    north = np.arange(400)[:, None] < 200
    speckle = 10 * np.log10(random.gamma(4.4, 1 / 4.4, (2, 400, 400)))
    radar = np.stack([np.where(north, -7.0, -18.0), np.where(north, -12.0, -26.0)]) + speckle
    rgb = np.where(north, np.array(FOREST)[:, None, None], np.array(SAND)[:, None, None])
    west = np.broadcast_to(rgb, (3, 400, 200)).astype(np.uint8)
    scene = make_tif(radar.astype(np.float32), names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"})
    return scene, make_tif(west, "west.tif", transform=TRANSFORM)


@pytest.mark.parametrize("bands", [("VV", "VH"), ("VV",), ("VH",)])
def test_ground_beyond_the_reference_gets_the_colours_of_ground_that_looks_like_it(
    coast: tuple[Path, Path], bands: tuple[str, ...]
) -> None:
    scene = open_scene(coast[0]).select(*bands)
    scene, colorizer = prepared(scene, ColorizeSettings("by-place", palette=str(coast[1])))
    assert "Colours fitted at" in colorizer.painter.painter.palette.note  # type: ignore[attr-defined]
    east = srgb_to_lab(colorizer.block(scene, scene.grid.window).values[:, :, 210:] / np.float32(255))
    forest, sand = (
        srgb_to_lab(np.array(c, np.float32).reshape(3, 1, 1) / np.float32(255))[:, 0, 0] for c in (FOREST, SAND)
    )
    found = east[:, 250:380].mean((1, 2)) - east[:, 20:150].mean((1, 2))
    assert found[1:] == pytest.approx((sand - forest)[1:], rel=0.35)
    assert found[0] > 20  # the sand is dark to radar and bright to the eye


def test_fitted_blocks_are_pure_and_without_a_reference_there_is_no_fit(coast: tuple[Path, Path]) -> None:
    chosen = ColorizeSettings("by-place", palette=str(coast[1]))
    scene, colorizer = prepared(open_scene(coast[0]), chosen, with_error=True)
    whole = colorizer.block(scene, scene.grid.window).values
    part = replace(scene.grid.window, row=100, col=150, height=90, width=170)
    assert np.array_equal(colorizer.block(scene, part).values, whole[:, 100:190, 150:320])
    _, none = prepared(open_scene(coast[0]), replace(chosen, palette="none"))
    assert none.painter.painter.palette.fit is None  # type: ignore[attr-defined]


@pytest.mark.parametrize(("height", "width", "count"), [(100, 90, 1), (256, 700, 2), (5000, 300, 8), (9000, 12000, 64)])
def test_windows_are_spread_over_the_scene_and_do_not_overlap(height: int, width: int, count: int) -> None:
    seen = np.zeros((height, width), np.uint8)
    windows = spread_windows(height, width)
    for window in windows:
        assert window.row >= 0
        assert window.col >= 0
        seen[window.row : window.row + window.height, window.col : window.col + window.width] += 1
    assert len(windows) == count
    assert seen.max() == 1
    assert seen.sum() == sum(window.height * window.width for window in windows)


def test_where_nothing_is_known_of_the_place_brightness_is_the_radars_own(coast: tuple[Path, Path]) -> None:
    scene, colorizer = prepared(open_scene(coast[0]), ColorizeSettings("by-place", palette="none", precision="fp32"))
    window = scene.grid.window
    lightness, _, _ = colorizer.radar.convert(colorizer.radar.read(scene, window), window)
    painted = srgb_to_lab(colorizer.block(scene, scene.grid.window).values / np.float32(255))[0]
    assert painted[16:-16, 16:-16] == pytest.approx(lightness.mean(0)[16:-16, 16:-16] - 1.0, abs=1.5)
