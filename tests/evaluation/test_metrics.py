import numpy as np
import pytest

from sar_colorize.errors import DataError
from sar_colorize.evaluation import metrics

ALL = np.ones((2, 2), bool)


def flat(*colour, shape=(2, 2)):
    return np.stack([np.full(shape, value, np.float64) for value in colour])


def test_ab_error_is_the_mean_over_a_and_b_and_leaves_out_l():
    # |10 - 4| and |-2 - 0|, mean 4.
    assert metrics.ab_error(flat(0, 10, -2), flat(90, 4, 0), ALL) == 4.0


def test_invalid_pixels_count_for_nothing():
    lab, valid = flat(50, 10, 10), ALL.copy()
    lab[:, 0, 0], valid[0, 0] = 1e6, False
    assert metrics.ab_error(lab, flat(50, 0, 0), valid) == 10.0


def test_chroma_ratio_of_half_the_chroma_is_one_half():
    assert metrics.chroma_ratio(flat(50, 1.5, 2), flat(10, 3, -4), ALL) == pytest.approx(0.5)


def test_chroma_ratio_of_grey_is_zero_and_against_grey_undefined():
    assert metrics.chroma_ratio(flat(50, 0, 0), flat(50, 3, 4), ALL) == 0
    assert np.isnan(metrics.chroma_ratio(flat(50, 3, 4), flat(50, 0, 0), ALL))


def test_ciede2000_is_that_of_sharma_wu_and_dalal():
    # Pairs 1, 7 and 25 of their table 1 (Color Research and Application 30, 2005).
    for ours, true, expected in [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ]:
        assert metrics.ciede2000(flat(*ours), flat(*true), ALL) == pytest.approx(expected, abs=5e-5)


def test_ssim_of_a_picture_with_itself_is_one_and_with_its_negative_below_zero():
    random = np.random.default_rng(0)
    picture, valid = random.random((3, 32, 32)), np.ones((32, 32), bool)
    assert metrics.ssim(picture, picture, valid) == pytest.approx(1.0)
    assert metrics.ssim(1 - picture, picture, valid) < 0


def test_psnr_of_an_error_of_a_tenth_is_20_db():
    assert metrics.psnr(flat(0.3, 0.3, 0.3), flat(0.4, 0.4, 0.4), ALL) == pytest.approx(20.0)
    assert metrics.psnr(flat(0.3, 0.3, 0.3), flat(0.3, 0.3, 0.3), ALL) == np.inf


def test_nrmse_divides_by_the_true_range():
    true = flat(0.0, 0.2, 0.5)
    assert metrics.nrmse(true + 0.1, true, ALL) == pytest.approx(0.2)


def test_spectral_angle_between_red_and_yellow_is_45_degrees():
    assert metrics.spectral_angle(flat(1, 0, 0), flat(0.5, 0.5, 0), ALL) == pytest.approx(45.0)


def test_spectral_angle_of_equal_colours_is_zero_and_black_is_left_out():
    ours = flat(0.2, 0.3, 0.4)
    true = 2 * ours
    true[:, 0, 0] = 0
    assert metrics.spectral_angle(ours, true, ALL) == pytest.approx(0.0, abs=1e-5)


def test_ergas_by_hand():
    # Relative errors 0.1/0.5, 0.1/0.25 and 0: 100 sqrt((0.04 + 0.16 + 0) / 3).
    assert metrics.ergas(flat(0.6, 0.35, 0.8), flat(0.5, 0.25, 0.8), ALL) == pytest.approx(25.8198, abs=1e-4)


def test_colourfulness_of_grey_is_zero_and_of_flat_red_0_3_times_its_offset():
    assert metrics.colourfulness(flat(0.5, 0.5, 0.5), ALL) == 0
    # rg = 255, yb = 127.5: 0.3 hypot(255, 127.5).
    assert metrics.colourfulness(flat(1, 0, 0), ALL) == pytest.approx(0.3 * 285.0987, abs=1e-3)


def test_gradient_correlation_does_not_see_level_and_contrast():
    picture = np.random.default_rng(0).random((16, 16))
    valid = np.ones((16, 16), bool)
    assert metrics.gradient_correlation(3 * picture + 7, picture, valid) == pytest.approx(1.0)
    assert np.isnan(metrics.gradient_correlation(np.zeros((16, 16)), picture, valid))


def test_no_valid_pixel_or_another_size_is_refused():
    with pytest.raises(DataError, match="at least one valid pixel, got none"):
        metrics.psnr(flat(0, 0, 0), flat(0, 0, 0), ~ALL)
    with pytest.raises(DataError, match=r"size of its mask \(2, 2\), got \(3, 3\)"):
        metrics.psnr(flat(0, 0, 0, shape=(3, 3)), flat(0, 0, 0), ALL)
