"""Refined Lee, the Lee sigma filter and the patch-based one: what they are for, and their parts by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma

from sar_colorize.errors import SettingError
from sar_colorize.speckle import get_filter
from sar_colorize.speckle.edges import _half_sums, _side
from sar_colorize.speckle.patches import PATCH_PX, PatchBased
from sar_colorize.speckle.sigma import LeeSigma, sigma_range


def _speckle(height: int, width: int, looks: float = 4.4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).gamma(looks, 1 / looks, (height, width)).astype(np.float32)


def _valid(power: np.ndarray) -> np.ndarray:
    return np.ones(power.shape, bool)


HALVES = [
    lambda y, x: x <= 0, lambda y, x: x >= 0, lambda y, x: y <= 0, lambda y, x: y >= 0,
    lambda y, x: x + y <= 0, lambda y, x: x + y >= 0, lambda y, x: x - y >= 0, lambda y, x: x - y <= 0,
]  # fmt: skip
"""Left, right, top, bottom, top left, bottom right, top right, bottom left; each with the line itself."""


@pytest.mark.parametrize("size", [3, 5, 7, 9])
@pytest.mark.parametrize("index", range(8))
def test_half_windows_are_what_their_names_say(size: int, index: int) -> None:
    power = _speckle(size + 2, size + 3)
    rows, cols = np.mgrid[0:size, 0:size] - size // 2
    half = HALVES[index](rows, cols)
    assert half.sum() == size * (size + 1) / 2
    expected = [[power[row : row + size, col : col + size][half].sum() for col in range(4)] for row in range(3)]
    assert _half_sums(power, size)[index] == pytest.approx(np.array(expected), rel=1e-5)


@pytest.mark.parametrize("index", range(8))
def test_the_half_on_the_pixels_own_side_is_chosen(index: int) -> None:
    """A step edge in each direction, the middle standing on the side of each half in turn."""
    rows, cols = np.mgrid[-1:2, -1:2]
    means = np.where(HALVES[index](rows, cols), 1.0, 5.0)
    assert _side([[np.array(value) for value in line] for line in means]) == index


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("diagonal", [False, True])
def test_refined_lee_keeps_an_edge_sharper_than_lee(turn: int, diagonal: bool) -> None:
    rows, cols = np.mgrid[0:200, 0:200]
    ground = np.rot90(np.where((rows + cols > 199) if diagonal else (cols > 99), 1.0, 0.1), turn).astype(np.float32)
    power = ground * _speckle(200, 200)
    middle = np.s_[8:-8, 8:-8]
    errors = {
        name: np.sqrt(np.mean(np.log(get_filter(name, size_px=7).apply(power, _valid(power)) / ground)[middle] ** 2))
        for name in ("lee", "refined-lee", "boxcar")
    }
    assert errors["refined-lee"] < errors["lee"] < errors["boxcar"]


@pytest.mark.parametrize("looks", [0.8, 1.0, 2.0, 4.4, 20.0])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_sigma_range_holds_its_share_with_mean_one(looks: float, share: float) -> None:
    low, high, deviation = sigma_range(looks, share)
    speckle = gamma(looks, scale=1 / looks)
    inside = speckle.cdf(high) - speckle.cdf(low)
    assert inside == pytest.approx(share, abs=1e-6)
    assert speckle.expect(lambda x: x, lb=low, ub=high, conditional=True) == pytest.approx(1.0, abs=1e-5)
    square = speckle.expect(lambda x: (x - 1) ** 2, lb=low, ub=high, conditional=True)
    assert deviation == pytest.approx(square**0.5, rel=1e-4)


@pytest.mark.parametrize(
    ("looks", "share", "published"),
    [
        (1, 0.5, (0.436, 1.920, 0.4057)), (1, 0.9, (0.084, 3.941, 0.8191)),
        (4, 0.5, (0.694, 1.385, 0.1921)),
    ],
)  # fmt: skip
def test_the_sigma_range_is_the_papers_within_its_digits(looks: int, share: float, published: tuple) -> None:
    assert sigma_range(looks, share) == pytest.approx(published, rel=3e-3)


def test_lee_sigma_keeps_a_cluster_and_smooths_a_single_bright_pixel() -> None:
    power = _speckle(60, 60)
    power[20:23, 20:23], power[40, 40] = 12.0, 3.5
    out = get_filter("lee-sigma").apply(power, _valid(power))
    assert np.array_equal(out[20:23, 20:23], power[20:23, 20:23])
    assert out[40, 40] < 2.5


def test_lee_sigma_does_not_take_an_edge_for_a_cluster() -> None:
    power = _speckle(60, 60) * np.where(np.arange(60) < 30, np.float32(0.05), np.float32(1.0))
    kept = get_filter("lee-sigma").apply(power, _valid(power)) == power
    assert kept.mean() < 0.002


def test_lee_sigma_refuses_a_share_of_all() -> None:
    with pytest.raises(SettingError, match=r"share must be between 0 and 1, got 1.0; 0.9 is usual"):
        LeeSigma(size_px=9, share=1.0)


def test_ppb_is_the_weighted_mean_of_its_formula() -> None:
    """One pixel by brute force, with a third of its surroundings missing."""
    reach, patch, looks = 3, PATCH_PX // 2, 4.4
    side = 2 * (reach + patch) + 1
    power = _speckle(side, side).astype(np.float64)
    power[:, : side // 2] *= 2
    valid = np.random.default_rng(5).random(power.shape) > 0.3
    middle = side // 2
    valid[middle, middle] = True
    top = bottom = 0.0
    for row in range(-reach, reach + 1):
        for col in range(-reach, reach + 1):
            here = np.s_[middle - patch : middle + patch + 1, middle - patch : middle + patch + 1]
            there = np.s_[here[0].start + row : here[0].stop + row, here[1].start + col : here[1].stop + col]
            both = valid[here] & valid[there]
            p, q = power[here][both], power[there][both]
            unlike = 2 * looks * np.log((p + q) ** 2 / (4 * p * q)).mean()
            weight = np.exp(-PatchBased.strictness * max(0.0, unlike - 1)) * valid[middle + row, middle + col]
            top, bottom = top + weight * power[middle + row, middle + col], bottom + weight
    got = PatchBased(size_px=2 * reach + 1, looks=looks).apply(power.astype(np.float32), valid)
    assert got[middle, middle] == pytest.approx(top / bottom, rel=1e-4)


def test_ppb_smooths_flat_ground_most_and_keeps_an_edge() -> None:
    ground = np.where(np.arange(120) < 60, np.float32(0.1), np.float32(0.5)) * np.ones((120, 120), np.float32)
    power = ground * _speckle(120, 120)
    errors = {
        name: np.mean(np.log(get_filter(name).apply(power, _valid(power)) / ground) ** 2)
        for name in ("lee", "refined-lee", "ppb")
    }
    assert errors["ppb"] < 0.5 * min(errors["lee"], errors["refined-lee"])
