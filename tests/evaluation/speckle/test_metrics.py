"""Measures of speckle filters: against scikit-image, against worked numbers, and what they must not be fooled by."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from sar_colorize.evaluation.speckle import metrics as speckle

ALL = np.ones((64, 80), bool)


def _power(looks: float = 4.4, *, seed: int = 0, shape: tuple[int, ...] = (64, 80)) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).gamma(looks, 1 / looks, shape)).astype(np.float32)


def _db(power: np.ndarray) -> np.ndarray:
    return 10 * np.log10(power.astype(np.float64))


def test_gain_of_halving_the_error_in_db_is_six_db_whatever_the_level() -> None:
    clean = np.full((64, 80), 0.1)
    noisy = _power()
    halved = 3.0 * 10 ** ((_db(clean) + 0.5 * (_db(noisy) - _db(clean))) / 10)
    assert speckle.gain_db([noisy], [halved], [clean], ALL) == pytest.approx(20 * np.log10(2))
    assert speckle.gain_db([noisy], [noisy], [clean], ALL) == 0.0


def test_gain_over_dates_adds_their_errors_before_the_logarithm() -> None:
    first, second, clean = _power(seed=1), _power(1.0, seed=2), np.full((64, 80), 0.1)
    before = _db(first).var() + _db(second).var()
    assert speckle.gain_db([first, second], [clean, second], [clean, clean], ALL) == pytest.approx(
        10 * np.log10(before / _db(second).var())
    )


def test_bias_is_the_change_of_mean_power_of_valid_pixels() -> None:
    noisy, filtered = _power(), 2.0 * _power()
    valid = ALL.copy()
    valid[:10], filtered[:10] = False, 1e6
    assert speckle.bias_db(noisy, filtered, valid) == pytest.approx(10 * np.log10(2), abs=1e-6)


def test_enl_of_gamma_speckle_is_its_looks_and_of_two_values_worked_by_hand() -> None:
    image = _power(7.0, shape=(512, 512))
    assert speckle.enl(image, np.ones(image.shape, bool)) == pytest.approx(7.0, rel=0.03)
    chequered = np.where(np.indices((16, 16)).sum(0) % 2, 3.0, 1.0)  # mean 2, variance 1
    assert speckle.enl(chequered, np.ones((16, 16), bool)) == pytest.approx(4.0)
    assert np.isnan(speckle.enl(chequered, np.zeros((16, 16), bool)))


def test_flat_ground_is_found_and_blocks_with_holes_are_left_out() -> None:
    ground = 1.0 + 0.5 * np.random.default_rng(0).random((160, 160))
    ground[32:64, 48:80] = 1.0
    valid = np.ones(ground.shape, bool)
    found = speckle.homogeneous(ground, valid, share=0.04)  # 4 of 100 blocks
    assert found[32:64, 48:80].all()
    assert found.sum() == 32 * 32
    valid[40, 50] = False
    assert not speckle.homogeneous(ground, valid, share=0.03)[32:48, 48:64].any()


def test_ratio_of_a_perfect_filter_has_mean_one_and_variance_one_over_looks() -> None:
    noisy = _power(4.4, shape=(400, 400))
    perfect = np.full(noisy.shape, 0.1, np.float32)
    everywhere = np.ones(noisy.shape, bool)
    mean, variance = speckle.ratio_figures(noisy, perfect, everywhere, 4.4)
    assert mean == pytest.approx(1.0, abs=0.005)
    assert variance == pytest.approx(1.0, abs=0.02)
    assert speckle.ratio_figures(noisy, noisy, everywhere, 4.4) == (1.0, 0.0)


def test_edge_preservation_follows_its_formula_worked_by_hand() -> None:
    noisy, filtered = np.array([[4.0, 1.0], [2.0, 1.0]]), np.array([[2.0, 1.0], [1.0, 1.0]])
    down = (2 / 1 + 1 / 1) / (4 / 2 + 1 / 1)
    right = (2 / 1 + 1 / 1) / (4 / 1 + 2 / 1)
    assert speckle.epd_roa(noisy, filtered, np.ones((2, 2), bool)) == pytest.approx((down + right) / 2)


def test_edges_of_half_the_height_in_db_are_half_kept_and_speckle_adds_none() -> None:
    clean = np.where(np.arange(400)[None, :] % 40 < 20, 0.4, 0.1) * np.ones((400, 1))
    valid = np.ones(clean.shape, bool)
    assert speckle.edges_kept(clean**0.5, clean, valid) == pytest.approx(0.5)
    assert speckle.edges_kept(7.0 * clean, clean, valid) == pytest.approx(1.0)
    speckled = clean * _power(4.4, shape=clean.shape)
    assert speckle.edges_kept(speckled, clean, valid) == pytest.approx(1.0, abs=0.05)


def test_a_line_of_a_third_of_the_contrast_is_a_third_kept() -> None:
    line = np.zeros((20, 20), bool)
    line[:, 10] = True
    clean = 10 ** (np.where(line, -6.0, -12.0) / 10)
    blurred = 10 ** (np.where(line, -10.0, -12.0) / 10)
    beside = np.zeros_like(line)
    beside[:, [5, 15]] = True
    assert speckle.line_contrast_kept(blurred, clean, line, beside) == pytest.approx(1 / 3)


def test_psnr_and_ssim_are_those_of_scikit_image_on_decibels() -> None:
    reference = _power(100.0, seed=3) * np.linspace(0.1, 3.0, 80, dtype=np.float32)
    filtered = reference * _power(9.0, seed=4)
    ours, true = _db(filtered), _db(reference)
    ours += true.mean() - ours.mean()
    assert speckle.psnr(filtered, reference, ALL) == pytest.approx(
        peak_signal_noise_ratio(true, ours, data_range=speckle.RANGE_DB)
    )
    expected = structural_similarity(
        true,
        ours,
        data_range=speckle.RANGE_DB,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )[1]
    assert 0.1 < expected.mean() < 0.9
    assert speckle.ssim(filtered, reference, ALL) == pytest.approx(expected.mean(), abs=2e-3)  # borders differ


def test_looks_in_time_are_those_of_new_speckle_and_rise_where_a_part_of_it_stays() -> None:
    new = _power(4.4, shape=(200, 60, 60)) * np.linspace(0.5, 2.0, 200)[:, None, None]
    everywhere = np.ones((60, 60), bool)
    assert speckle.looks_in_time(new, everywhere) == pytest.approx(4.4, rel=0.05)
    half_of_it = 0.5 * new + 0.5 * new.mean((1, 2), keepdims=True)  # a quarter of the variance
    assert speckle.looks_in_time(half_of_it, everywhere) == pytest.approx(4 * 4.4, rel=0.05)
    new[:, :5] = np.nan
    everywhere[:5] = False
    assert speckle.looks_in_time(new, everywhere) == pytest.approx(4.4, rel=0.05)


def test_the_reference_of_a_date_is_the_mean_of_the_others() -> None:
    stack = np.arange(3.0)[:, None, None] * np.ones((3, 2, 2))
    assert speckle.others(stack, 0) == pytest.approx(np.full((2, 2), 1.5))


def test_dates_a_fraction_of_a_pixel_off_are_found_and_laid_onto_each_other() -> None:
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(0)
    ground_db = 10 * gaussian_filter(random.normal(size=(192, 192)), 2.0)
    valid = np.ones(ground_db.shape, bool)
    true = np.array([[0.4, -0.3], [-0.2, 0.1], [0.0, 0.4], [-0.2, -0.2]])  # mean 0
    flat = np.repeat(10 ** (ground_db / 10)[None], 4, 0)
    stack = speckle.shifted(flat, valid, true)
    assert speckle.offsets_px(stack, valid) == pytest.approx(true, abs=0.11)
    back = speckle.shifted(stack, valid, -speckle.offsets_px(stack, valid))
    inside = speckle.without_border(valid)
    error_before = _db(stack[0])[inside] - ground_db[inside]
    assert np.std(_db(back[0])[inside] - ground_db[inside]) < 0.4 * np.std(error_before)


def test_the_border_is_eight_pixels() -> None:
    inside = speckle.without_border(np.ones((40, 50), bool))
    assert inside.sum() == 24 * 34
    assert inside[8:-8, 8:-8].all()
