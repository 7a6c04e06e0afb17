import numpy as np
import pytest

from sar_colorize.pairs.lightness import radar_lightness
from sar_colorize.training.color.augment import changed_colour_lightness, changed_radar_lightness, hole, turn
from sar_colorize.training.color.settings import ColorSARSettings


def test_level_shifts_by_decibels():
    code = np.full((8, 8), 102, np.uint8)  # L 40
    settings = ColorSARSettings(level_db=2.0, contrast=0, speckle_share=0, filter_share=0)
    levels = [changed_radar_lightness(code, "VV", settings, np.random.default_rng(seed))[0, 0] for seed in range(400)]
    # 2 dB of the 25 dB that L spans are 8 units.
    assert np.mean(levels) == pytest.approx(40, abs=1.2)
    assert np.std(levels) == pytest.approx(8, rel=0.1)


def test_speckle_keeps_the_mean_power():
    code = np.full((128, 128), 128, np.uint8)
    settings = ColorSARSettings(level_db=0, contrast=0, speckle_share=1, filter_share=0)
    lightness = changed_radar_lightness(code, "VV", settings, np.random.default_rng(0))
    power = 10 ** ((lightness / 100 * 25 - 25) / 10)
    assert lightness.std() > 2
    assert power.mean() == pytest.approx(10 ** ((128 / 255 * 25 - 25) / 10), rel=0.02)


def test_without_changes_it_is_the_lightness_of_the_pair():
    code = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    for filter in ("none", "lee"):
        settings = ColorSARSettings(level_db=0, contrast=0, speckle_share=0, filter_share=1, filter=filter)
        changed = changed_radar_lightness(code, "VH", settings, np.random.default_rng(0))
        # the shift of 0 dB and the stretch of 1 are still computed, about the median
        np.testing.assert_allclose(changed, radar_lightness(code, "VH", filter), atol=2e-5)


def test_colour_lightness_stays_in_range():
    lightness = np.linspace(0, 100, 64, dtype=np.float32).reshape(8, 8)
    changed = changed_colour_lightness(lightness, ColorSARSettings(level_db=20), np.random.default_rng(1))
    assert changed.min() >= 0
    assert changed.max() <= 100
    assert not np.allclose(changed, lightness)


def test_turns_are_the_eight_symmetries():
    array = np.arange(6).reshape(1, 2, 3)
    seen = {turn(array, quarter, flip).tobytes() for quarter in range(4) for flip in (False, True)}
    assert len(seen) == 8
    np.testing.assert_array_equal(turn(array, 1, False)[0], [[2, 5], [1, 4], [0, 3]])


def test_hole_leaves_some_ground():
    shares = [hole((64, 64), np.random.default_rng(seed)).mean() for seed in range(100)]
    assert 0 < np.mean(shares) < 0.5
    assert max(shares) < 0.95


def test_hole_in_the_smallest_patch_is_no_error():
    for seed in range(40):
        assert hole((16, 16), np.random.default_rng(seed)).shape == (16, 16)
