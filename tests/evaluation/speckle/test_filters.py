"""The table of filters: what it is measured on, and that it can tell a good filter from a bad one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sar_colorize.errors import DataError, SettingError
from sar_colorize.evaluation.speckle import filters
from sar_colorize.evaluation.speckle.ground import thin_lines
from sar_colorize.evaluation.speckle.metrics import looks_in_time
from sar_colorize.evaluation.speckle.stacks import stacks_in


def _stack(folder: Path, name: str = "field", dates: int = 5, size: int = 96) -> Path:
    """Five dates of a step and a bright line, speckle new at each."""
    random = np.random.default_rng(0)
    ground_db = np.where(np.arange(size)[None, :] < size // 2, -15.0, -9.0) * np.ones((size, 1))
    ground_db[40] += 8.0
    db = ground_db + 10 * np.log10(random.gamma(4.4, 1 / 4.4, (dates, size, size)))
    folder.mkdir(exist_ok=True)
    np.savez(folder / f"{name}.npz", db_x100=np.round(db * 100).astype(np.int16))
    return folder


def test_every_filter_named_is_measured_on_the_same_stacks_and_ground(tmp_path: Path) -> None:
    told = []
    made = filters.evaluate_filters(
        _stack(tmp_path), filters=("none", "boxcar", "lee"), dates=2, on_progress=lambda *count: told.append(count)
    )
    assert list(made["simulated"]) == ["none", "boxcar", "lee"]
    assert list(made["stacks"]["field"]["filters"]) == ["none", "boxcar", "lee"]
    assert told == [(1, 3), (2, 3), (3, 3)]
    none, lee = made["simulated"]["none"], made["simulated"]["lee"]
    assert (none["gain_db"], none["bias_db"], none["epd_roa"], none["ratio_variance"]) == (0.0, 0.0, 1.0, 0.0)
    assert none["edges_kept"] == pytest.approx(1.0, abs=0.03)
    assert none["lines_kept"] == pytest.approx(1.0, abs=0.05)
    assert lee["gain_db"] > 3
    assert lee["psnr_1"] < lee["psnr_2"] < lee["psnr_4"]
    assert lee["enl"] > 5 * none["enl"]
    boxcar = made["simulated"]["boxcar"]
    assert boxcar["edges_kept"] < lee["edges_kept"] < 1
    assert boxcar["lines_kept"] < lee["lines_kept"] < 1


def test_gain_on_a_stack_is_against_the_other_dates(tmp_path: Path) -> None:
    made = filters.evaluate_filters(_stack(tmp_path), filters=("none", "lee"))
    stack = made["stacks"]["field"]
    assert stack["looks_in_time"] == pytest.approx(4.4, rel=0.08)
    assert stack["filters"]["none"]["gain_db"] == 0.0
    assert stack["filters"]["lee"]["gain_db"] > 3
    assert made["gain_db"]["lee"]["gain_db"] == pytest.approx(stack["filters"]["lee"]["gain_db"], abs=1e-3)


def test_a_folder_of_geotiffs_is_a_stack_in_power_with_its_holes(tmp_path: Path, make_tif) -> None:
    random = np.random.default_rng(0)
    for date in range(3):
        db = (-10.0 - date + 10 * np.log10(random.gamma(4.4, 1 / 4.4, (64, 64)))).astype(np.float32)
        db[date, :5] = np.nan
        make_tif(db, f"stacks/field/{date}.tif", names=("VV",), tags={"UNITS": "dB"}, nodata=np.nan)
    (stack,) = stacks_in(tmp_path / "stacks")
    assert (stack.name, stack.power.shape) == ("field", (3, 64, 64))
    assert stack.valid.sum() == 64 * 64 - 15
    assert 10 * np.log10(stack.power[2][stack.valid].mean()) == pytest.approx(-12.0, abs=0.2)
    assert np.isfinite(stack.power).all()
    assert looks_in_time(stack.power, stack.valid) == pytest.approx(4.4, rel=0.1)


def test_thin_lines_are_one_pixel_wide_and_six_decibels_above_what_is_beside() -> None:
    db, line, beside = thin_lines(256)
    assert set(np.unique(db)) == {-18.0, -12.0, -6.0}
    assert (db[line] == -6.0).all()
    assert (db[beside] == -12.0).all()
    assert not (line & beside).any()
    runs = np.diff(np.pad(line[60].astype(int), 1))
    assert (np.flatnonzero(runs == -1) - np.flatnonzero(runs == 1) == 1).all()
    assert (runs == 1).sum() == 6


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"data": "nowhere"}, DataError, r"must be a folder of stacks, got nowhere"),
        ({"filters": ("leee",)}, SettingError, r"filter must be one of none, .*, got 'leee'"),
        ({"dates": 0}, SettingError, r"dates must be at least 1, got 0"),
        ({"seed": -1}, SettingError, r"seed must be at least 0, got -1"),
    ],
)
def test_wrong_settings_are_refused(arguments: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        filters.evaluate_filters(**arguments)


def test_a_folder_without_stacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"stacks of three dates or more, got none in"):
        filters.evaluate_filters(tmp_path)
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(DataError, match=r"must hold db_x100, got none in .*other\.npz"):
        filters.evaluate_filters(tmp_path)
