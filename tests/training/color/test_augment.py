import numpy as np
import pytest

from sar_colorize.training.color.augment import hole, optical_lightness, radar_lightness, turn
from sar_colorize.training.color.settings import TrainSettings

STILL = TrainSettings(level_db=0, contrast=0, speckle_share=0, despeckle_share=0, despeckle="none")


def test_validation_without_a_filter_is_the_display_code_itself():
    code = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for polarization in ("VV", "VH"):
        lightness = radar_lightness(code, polarization, STILL, None)
        np.testing.assert_allclose(lightness, code / 2.55, atol=1e-4)


def test_level_shifts_by_decibels():
    code = np.full((8, 8), 102, np.uint8)  # L 40
    settings = TrainSettings(level_db=2.0, contrast=0, speckle_share=0, despeckle_share=0)
    levels = [radar_lightness(code, "VV", settings, np.random.default_rng(seed))[0, 0] for seed in range(400)]
    # 2 dB of the 25 dB that L spans are 8 units.
    assert np.mean(levels) == pytest.approx(40, abs=1.2)
    assert np.std(levels) == pytest.approx(8, rel=0.1)


def test_speckle_keeps_the_mean_power():
    code = np.full((128, 128), 128, np.uint8)
    settings = TrainSettings(level_db=0, contrast=0, speckle_share=1, despeckle_share=0)
    lightness = radar_lightness(code, "VV", settings, np.random.default_rng(0))
    power = 10 ** ((lightness / 100 * 25 - 25) / 10)
    assert lightness.std() > 2
    assert power.mean() == pytest.approx(10 ** ((128 / 255 * 25 - 25) / 10), rel=0.02)


def test_lee_smooths_flat_ground_in_validation():
    random = np.random.default_rng(0)
    power = 0.06 * random.gamma(4.4, 1 / 4.4, (64, 64))
    code = np.clip((10 * np.log10(power) + 25) * 10.2, 0, 255).astype(np.uint8)
    assert radar_lightness(code, "VV", TrainSettings(), None).std() < 0.6 * (code / 2.55).std()


def test_optical_lightness_is_left_alone_in_validation_and_stays_in_range_in_training():
    lightness = np.linspace(0, 100, 64, dtype=np.float32).reshape(8, 8)
    assert optical_lightness(lightness, STILL, None) is lightness
    changed = optical_lightness(lightness, TrainSettings(level_db=20), np.random.default_rng(1))
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
