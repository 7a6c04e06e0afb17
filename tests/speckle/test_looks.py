"""Estimated looks: on simulated speckle of known looks, on a real patch, and through the entry points."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from made import shared_scene
from scipy.ndimage import gaussian_filter

import sar_colorize as sc
from sar_colorize.errors import SettingError
from sar_colorize.speckle.looks import estimate_looks

SIDE = 400


def _speckle(looks: float, correlated: bool, seed: int = 0) -> np.ndarray:
    """Speckle of mean 1; correlated as in a product sampled finer than its resolution."""
    rng = np.random.default_rng(seed)
    if not correlated:
        return rng.gamma(looks, 1 / looks, (SIDE, SIDE)).astype(np.float32)
    power = np.zeros((SIDE, SIDE))
    for _ in range(round(looks)):
        power += sum(gaussian_filter(rng.normal(size=power.shape), 0.8) ** 2 for _ in range(2))
    return (power / power.mean()).astype(np.float32)


def _ground(kind: str) -> np.ndarray:
    """Flat, fields of 32 px over 25 dB, or texture with a third of its mean as deviation."""
    rng = np.random.default_rng(1)
    if kind == "fields":
        return 10 ** np.kron(rng.normal(0, 0.25, (13, 13)), np.ones((32, 32)))[:SIDE, :SIDE]
    return np.exp(gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3) * 3.5) if kind == "texture" else np.ones((1, 1))


@pytest.mark.parametrize("kind", ["flat", "fields", "texture"])
@pytest.mark.parametrize(("looks", "correlated"), [(1, False), (1, True), (2, True), (4.4, False), (10, True)])
def test_looks_of_simulated_speckle_are_found_within_30_percent(kind: str, looks: float, correlated: bool) -> None:
    power = (_ground(kind) * _speckle(looks, correlated)).astype(np.float32)
    assert estimate_looks([(power, np.ones(power.shape, bool))]) / looks == pytest.approx(1.0, abs=0.3)


def test_invalid_pixels_and_what_they_hold_count_for_nothing() -> None:
    power, valid = _speckle(4.4, False), np.ones((SIDE, SIDE), bool)
    valid[:, :150] = False
    plain = estimate_looks([(power[:, 150:], valid[:, 150:])])
    power[:, :150] = np.nan
    assert estimate_looks([(power, valid)]) == pytest.approx(plain, rel=0.03)


def test_too_few_pixels_and_no_speckle_are_refused() -> None:
    with pytest.raises(SettingError, match=r"looks must be given for so few valid pixels, got auto with 0 windows"):
        estimate_looks([(np.ones((10, 10), np.float32), np.ones((10, 10), bool))])
    with pytest.raises(SettingError, match=r"scene without speckle, got auto"):
        estimate_looks([(np.ones((200, 200), np.float32), np.ones((200, 200), bool))])


@pytest.mark.parametrize("place", ["p00", "p05", "p06", "p07", "p09", "p11", "p12", "p14", "p15"])
def test_real_ground_range_detected_data_has_about_its_nominal_looks(place: str) -> None:
    """4.4 by the product's definition; p08, dunes all over, gives 2.7."""
    with np.load(shared_scene(f"stacks/desert_{place}_vv_db_x100.npz")) as stack:
        power = (10.0 ** (stack["db_x100"][::4].astype(np.float32) / 1000)).astype(np.float32)
    assert estimate_looks((date, np.ones(date.shape, bool)) for date in power) == pytest.approx(4.4, rel=0.35)


def test_arrays_of_any_kind_and_unit_are_filtered_with_estimated_looks() -> None:
    power = _speckle(2.0, False)
    looks = estimate_looks([(power, np.ones(power.shape, bool))])
    expected = sc.despeckle(power, filter="lee", looks=looks)
    assert np.array_equal(sc.despeckle(power, filter="lee", looks="auto"), expected)
    assert not np.allclose(sc.despeckle(power, filter="lee"), expected, rtol=0.01)
    tensor = sc.despeckle(torch.from_numpy(10 * np.log10(power)), filter="lee", looks="auto", unit="db")
    assert 10 ** (tensor.numpy() / 10) == pytest.approx(expected, rel=1e-3)
    with pytest.raises(SettingError, match=r"looks must be auto or a number from 0.01 to 1000000, got 'many'"):
        sc.despeckle(power, looks="many")


def test_the_command_line_says_the_looks_and_so_does_the_file(
    make_tif: Callable[..., Path], tmp_path: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    scene = make_tif(10 * np.log10(_speckle(8.0, False)), names=("VV",), tags={"UNITS": "dB"})
    done = run_cli("despeckle", scene, tmp_path / "s.tif", "--looks", "auto", "--json")
    result = json.loads(done.stdout)
    assert result["looks"] == pytest.approx(8.0, rel=0.3)
    assert result["looks_reason"] == "estimated from the flattest ground of the scene"
    with rasterio.open(tmp_path / "s.tif") as dataset:
        told = dataset.tags()["SAR_COLORIZE_DESPECKLE"]
    assert told == f"lee, size 7 px, looks {result['looks']:.3g}, estimated from the flattest ground of the scene"
    assert ", 4.4 looks (those of Sentinel-1 IW GRDH)" in run_cli("despeckle", scene, tmp_path / "t.tif").stdout
    wrong = run_cli("despeckle", scene, tmp_path / "u.tif", "--looks", "many")
    assert (wrong.returncode, "must be auto or a number" in wrong.stderr) == (2, True)
