"""Lightness from fixed ranges, and the one shift of a scene without an absolute scale."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.errors import SceneError
from sar_colorize.lightness import fit_offset_db, to_lightness


def test_the_range_of_each_polarization_is_black_to_white() -> None:
    db = np.array([[[-25.0, -12.5, 0.0, 5.0]], [[-32.5, -16.25, 0.0, -90.0]]], np.float32)
    lightness = to_lightness(db, np.ones((1, 4), bool), ("VV", "VH"))
    assert lightness[0, 0].tolist() == pytest.approx([0, 50, 100, 100])
    assert lightness[1, 0].tolist() == pytest.approx([0, 50, 100, 0])


def test_the_offset_shifts_in_decibels() -> None:
    db = np.full((1, 1, 1), -20.0, np.float32)
    assert to_lightness(db, np.ones((1, 1), bool), ("VV",), offset_db=7.5)[0, 0, 0] == pytest.approx(50)


def test_invalid_pixels_get_the_fill_and_no_nan_passes() -> None:
    db = np.array([[[np.nan, -12.5]]], np.float32)
    assert to_lightness(db, np.array([[False, True]]), ("VV",), fill=40).ravel().tolist() == [40, 50]


def test_lightness_does_not_depend_on_the_neighbours() -> None:
    db = np.random.default_rng(0).normal(-12, 4, (1, 30, 30)).astype(np.float32)
    whole = to_lightness(db, np.ones((30, 30), bool), ("VV",))
    assert np.array_equal(to_lightness(db[:, 3:9, 4:7], np.ones((6, 3), bool), ("VV",)), whole[:, 3:9, 4:7])


def test_the_fit_brings_the_median_to_that_of_land_and_undoes_a_gain() -> None:
    db = np.random.default_rng(0).normal(-12.0, 3.0, 20001).astype(np.float32)
    calibrated = fit_offset_db([db], "VV")
    assert calibrated == pytest.approx(-12.0 - np.median(db), abs=0.011)
    assert fit_offset_db([db[:9000] + 47, db[9000:] + 47], "VV") == pytest.approx(calibrated - 47, abs=0.011)


def test_a_scene_without_valid_pixels_cannot_be_fitted() -> None:
    with pytest.raises(SceneError, match="at least one valid pixel, got none"):
        fit_offset_db([np.empty(0, np.float32)], "VV")
