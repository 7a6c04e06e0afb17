import numpy as np
import pytest

from sar_colorize.color import lab_to_srgb, srgb_to_lab
from sar_colorize.errors import DataError
from sar_colorize.evaluation.color import baselines


def sample(radar, grey, *, valid=None):
    """Radar L (H, W), and ground whose red, green and blue are `grey` (3, H, W), 0..255."""
    radar = np.asarray(radar, np.float32)
    rgb = np.asarray(grey, np.uint8)
    return baselines.Sample(radar, radar, rgb, np.ones(radar.shape, bool) if valid is None else valid)


def test_the_regression_is_that_of_numpy():
    random = np.random.default_rng(0)
    radar = random.uniform(0, 100, (16, 16)).astype(np.float32)
    rgb = random.integers(0, 256, (3, 16, 16))
    learned = baselines.learn([sample(radar, rgb)])
    for band in range(3):
        slope, intercept = np.polyfit(radar.ravel() / 100, rgb[band].ravel() / 255, 1)
        assert learned.slope[band] == pytest.approx(slope, abs=1e-5)
        assert learned.intercept[band] == pytest.approx(intercept, abs=1e-5)


def test_the_regression_finds_a_line_and_paints_it():
    radar = np.linspace(0, 100, 64, dtype=np.float32).reshape(8, 8)
    rgb = np.stack([radar * 1.0, radar * 2.0, 200 - radar])
    learned = baselines.learn([sample(radar, np.rint(rgb))])
    np.testing.assert_allclose(lab_to_srgb(learned.regressed(radar)) * 255, rgb, atol=1)


def test_every_pair_counts_alike_whatever_its_size():
    small, large = np.full((2, 2), 20), np.full((9, 9), 20)
    red, green = (np.array(c).reshape(3, 1, 1) for c in ((200, 40, 40), (40, 160, 40)))
    learned = baselines.learn([sample(small, red + 0 * small), sample(large, green + 0 * large)])
    expected = np.mean([srgb_to_lab(c.astype(np.float32) / 255)[1:, 0, 0] for c in (red, green)], 0)
    np.testing.assert_allclose(learned.mean_ab, expected, atol=1e-3)
    np.testing.assert_allclose(learned.look_up(np.full((1, 1), 20, np.float32))[1:, 0, 0], expected, atol=1e-3)


def test_invalid_ground_is_not_learned_from():
    radar, rgb = np.full((2, 2), 50), np.full((3, 2, 2), 100)
    rgb[0, 0, 0], valid = 255, np.ones((2, 2), bool)
    valid[0, 0] = False
    assert np.abs(baselines.learn([sample(radar, rgb, valid=valid)]).mean_ab).max() < 0.01
    with pytest.raises(DataError, match="must show ground somewhere, got none"):
        baselines.learn([sample(radar, rgb, valid=np.zeros((2, 2), bool))])


def test_flat_radar_gives_the_mean_colour_and_uncoloured_is_grey():
    learned = baselines.learn([sample(np.full((2, 2), 50), np.full((3, 2, 2), 51))])
    np.testing.assert_allclose([learned.slope, learned.intercept], [[0] * 3, [0.2] * 3], atol=1e-6)
    grey = baselines.uncoloured(np.full((2, 2), 50, np.float32))
    np.testing.assert_allclose(lab_to_srgb(grey), 0.5, atol=1e-4)
