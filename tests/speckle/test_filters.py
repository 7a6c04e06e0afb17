"""The laws that every filter keeps, whatever its formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray
from hypothesis import given, settings
from hypothesis import strategies as st

import sar_colorize as sc
from sar_colorize.errors import SettingError
from sar_colorize.speckle import FILTER_NAMES, get_filter

NAMES = [name for name in FILTER_NAMES if name != "none"]
UNBIASED = [name for name in NAMES if name not in ("median", "learned")]  # test_learned.py says what learned keeps


def _speckle(height: int = 60, width: int = 70, looks: float = 4.4) -> np.ndarray:
    return np.random.default_rng(0).gamma(looks, 1 / looks, (height, width)).astype(np.float32)


def _landscape(height: int, width: int) -> np.ndarray:
    """Speckle over fields with sharp borders, a bright line and points."""
    rows, cols = np.mgrid[0:height, 0:width]
    ground = np.where((rows // 23 + cols // 31) % 2, 0.15, 0.04)
    ground[height // 2 - 1 : height // 2 + 1] *= 6
    ground[5::37, 8::41] *= 40
    return (ground * _speckle(height, width)).astype(np.float32)


def _third_missing(height: int, width: int) -> np.ndarray:
    """Validity with 30 % missing: half of them in one block, half as single pixels."""
    valid = np.ones((height, width), bool)
    valid[:, : round(0.15 * width)] = False
    present = np.flatnonzero(valid)
    more = round(0.3 * valid.size) - (valid.size - present.size)
    valid.flat[np.random.default_rng(3).choice(present, more, replace=False)] = False
    return valid


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_stays_a_constant_up_to_the_border(name: str) -> None:
    out = get_filter(name).apply(np.full((20, 30), 0.25, np.float32), np.ones((20, 30), bool))
    assert out == pytest.approx(np.full((20, 30), 0.25), rel=2e-6)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
@pytest.mark.parametrize("name", NAMES)
def test_a_monstrous_value_leaves_its_neighbours_finite(name: str, kind: str) -> None:
    """A damaged header made one pixel of 1e18 dB; its neighbours became invalid."""
    power, valid = _speckle(40, 40), np.ones((40, 40), bool)
    power[20, 20] = np.float32(3e38)
    if kind == "numpy":
        made = get_filter(name).apply(power, valid)
    else:
        made = get_filter(name).apply(torch.from_numpy(power), torch.from_numpy(valid)).numpy()
    assert np.isfinite(made).all()


@pytest.mark.parametrize("name", NAMES)
def test_zeros_stay_zeros_and_negatives_stay_finite(name: str) -> None:
    zeros = get_filter(name).apply(np.zeros((20, 30), np.float32), np.ones((20, 30), bool))
    assert zeros == pytest.approx(0.0, abs=2e-9)
    noisy = np.random.default_rng(2).normal(0.0, 0.01, (20, 30)).astype(np.float32)
    assert np.isfinite(get_filter(name).apply(noisy, np.ones((20, 30), bool))).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("far", [3e38, -3e38, -1e30])
def test_what_no_radar_measures_stays_a_number(name: str, far: float) -> None:
    power = np.full((30, 30), 0.5, np.float32)
    power[4:20, 7:12] = far
    assert np.isfinite(get_filter(name).apply(power, np.ones((30, 30), bool))).all()


@pytest.mark.parametrize("name", NAMES)
def test_invalid_values_never_leak_and_stay_invalid(name: str) -> None:
    power = np.full((30, 30), 0.5, np.float32)
    valid = np.ones((30, 30), bool)
    valid[10:20, 12:14] = False
    for poison in (np.nan, np.inf, 1e30):
        power[~valid] = poison
        out = get_filter(name).apply(power, valid)
        assert np.isnan(out[~valid]).all()
        assert out[valid] == pytest.approx(0.5, rel=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_with_a_third_missing_no_nan_appears_or_vanishes(name: str) -> None:
    valid = _third_missing(90, 100)
    power = np.where(valid, _landscape(90, 100), np.float32(np.nan))
    assert np.array_equal(np.isnan(get_filter(name).apply(power, valid)), ~valid)


@pytest.mark.parametrize("name", NAMES)
def test_what_lies_beyond_the_halo_changes_no_valid_pixel(name: str) -> None:
    """The same pixels, with the missing third where it is and moved out of their halo."""
    chosen, power = get_filter(name), _landscape(120, 130)
    near = np.ones(power.shape, bool)
    near[10:115, 80:125] = False
    assert (~near).mean() > 0.3
    with_hole, without = chosen.apply(power, near), chosen.apply(power, np.ones(power.shape, bool))
    beyond, touched = np.s_[:, : 80 - chosen.halo_px], np.s_[40:80, 80 - chosen.halo_px : 80]
    assert np.array_equal(with_hole[beyond], without[beyond])
    assert not np.array_equal(with_hole[touched], without[touched])


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 300), st.integers(0, 300), st.integers(1, 40), st.integers(1, 40), st.sampled_from(NAMES),
    st.booleans(),
)  # fmt: skip
def test_a_window_with_its_halo_is_the_same_to_the_last_bit(
    row: int, col: int, height: int, width: int, name: str, holes: bool
) -> None:
    chosen, power, valid, whole = _whole(name, holes)
    halo = chosen.halo_px
    part = np.s_[row : row + height + 2 * halo, col : col + width + 2 * halo]
    got = chosen.apply(np.pad(power, halo)[part], np.pad(valid, halo)[part])[halo : halo + height, halo : halo + width]
    assert np.array_equal(got, whole[row : row + height, col : col + width], equal_nan=True)


_made: dict = {}


def _whole(name: str, holes: bool) -> tuple:
    """A filter and its picture of a scene larger than a piece, made once."""
    if (name, holes) not in _made:
        power = _landscape(340, 345)
        valid = _third_missing(340, 345) if holes else np.ones(power.shape, bool)
        _made[name, holes] = get_filter(name), power, valid, get_filter(name).apply(power, valid)
    return _made[name, holes]


@pytest.mark.parametrize("name", FILTER_NAMES)
@pytest.mark.parametrize("holes", [False, True])
def test_torch_and_numpy_agree(name: str, holes: bool) -> None:
    power, valid = _landscape(60, 70), _third_missing(60, 70) if holes else np.ones((60, 70), bool)
    ours = get_filter(name).apply(power, valid)
    theirs = get_filter(name).apply(torch.from_numpy(power), torch.from_numpy(valid))
    assert theirs.dtype == torch.float32
    assert np.array_equal(np.isnan(ours), torch.isnan(theirs).numpy())
    assert theirs.numpy()[valid] == pytest.approx(ours[valid], rel=2e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_lazy_array_of_small_blocks_gives_what_numpy_gives(name: str) -> None:
    power = np.where(_third_missing(90, 100), _landscape(90, 100), np.float32(np.nan))
    lazy = xarray.DataArray(power[None], dims=("band", "y", "x"), coords={"band": ["VV"]}, attrs={"units": "power"})
    made = sc.despeckle(lazy.chunk({"x": 40}), filter=name, block_px=64)
    assert made.chunks is not None
    assert np.array_equal(made.values[0], sc.despeckle(power, filter=name), equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_bands_are_filtered_each_by_itself(name: str) -> None:
    bands, valid = np.stack([_speckle(40, 50), _landscape(40, 50)]), _third_missing(40, 50)
    both = get_filter(name).apply(bands, valid)
    for band, out in zip(bands, both, strict=True):
        assert np.array_equal(out, get_filter(name).apply(band, valid), equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_input_is_left_as_it_was(name: str) -> None:
    power, valid = _landscape(50, 60), _third_missing(50, 60)
    before = power.copy()
    get_filter(name).apply(power, valid)
    get_filter(name).apply(torch.from_numpy(power), torch.from_numpy(valid))
    assert np.array_equal(power, before)


@pytest.mark.parametrize("name", UNBIASED)
@pytest.mark.parametrize("looks", [1.0, 4.4])
def test_flat_speckle_is_averaged_and_its_mean_kept(name: str, looks: float) -> None:
    power = _speckle(300, 300, looks)
    out = get_filter(name, looks=looks).apply(power, np.ones(power.shape, bool))
    assert 10 * np.log10(out.mean() / power.mean()) == pytest.approx(0.0, abs=0.2)
    assert out.var() < power.var() / 2.9


@pytest.mark.parametrize("name", NAMES)
def test_more_looks_are_never_more_smoothing(name: str) -> None:
    power = _landscape(120, 120)
    valid = np.ones(power.shape, bool)
    few, many = (get_filter(name, looks=looks).apply(power, valid) for looks in (2.0, 20.0))
    removed = [np.abs(np.log(power / out)).mean() for out in (few, many)]
    assert removed[1] <= removed[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "leee"}, r"filter must be one of none, boxcar, median, lee, .*, got 'leee'"),
        ({"name": "lee", "size_px": 4}, r"odd number of pixels from 3 to 31, got 4"),
        ({"name": "frost", "size_px": 1}, r"odd number of pixels from 3 to 31, got 1"),
        ({"name": "lee", "size_px": 33}, r"odd number of pixels from 3 to 31, got 33"),
        ({"name": "lee", "looks": 5e-324}, r"looks must be a number from 0.01 to 1000000, got 5e-324"),
        ({"name": "lee", "looks": 0.0}, r"looks must be a number from 0.01 to 1000000, got 0.0"),
    ],
)
def test_wrong_settings_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        get_filter(**arguments)
