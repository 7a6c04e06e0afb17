import numpy as np
import pytest
from skimage.metrics import normalized_root_mse, peak_signal_noise_ratio, structural_similarity

from sar_colorize.errors import DataError
from sar_colorize.evaluation.color import metrics

ALL = np.ones((2, 2), bool)


def flat(*colour, shape=(2, 2)):
    return np.stack([np.full(shape, value, np.float64) for value in colour])


def pictures():
    """Two pictures of 48 x 40 that have something in common."""
    random = np.random.default_rng(3)
    true = random.random((3, 48, 40))
    return np.clip(0.6 * true + 0.3 * random.random(true.shape) + 0.1 * true[::-1], 0, 1), true


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


def test_nrmse_is_the_mean_over_bands_of_that_of_scikit_image():
    ours, true = pictures()
    expected = np.mean([normalized_root_mse(t, o, normalization="euclidean") for o, t in zip(ours, true, strict=True)])
    assert metrics.nrmse(ours, true, np.ones((48, 40), bool)) == pytest.approx(expected)
    assert np.isnan(metrics.nrmse(ours, true * 0, np.ones((48, 40), bool)))


def test_psnr_and_ssim_are_those_of_scikit_image_where_all_is_valid():
    ours, true = pictures()
    valid = np.ones((48, 40), bool)
    assert metrics.psnr(ours, true, valid) == pytest.approx(peak_signal_noise_ratio(true, ours, data_range=1))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    _, each = structural_similarity(ours, true, channel_axis=0, full=True, **options)
    assert metrics.ssim(ours, true, valid) == pytest.approx(each.mean(), abs=1e-9)


def test_no_measure_sees_what_is_invalid():
    ours, true = pictures()
    valid = np.ones((48, 40), bool)
    valid[5:20, 7:30], valid[40:, :3] = False, False
    spoilt = [np.where(valid, x, np.random.default_rng(9).random(x.shape)) for x in (ours, true)]
    for measure in (
        metrics.psnr, metrics.ssim, metrics.nrmse, metrics.spectral_angle, metrics.ergas, metrics.q4,
        metrics.ab_error, metrics.chroma_ratio, metrics.ciede2000,
    ):  # fmt: skip
        assert measure(*spoilt, valid) == pytest.approx(measure(ours, true, valid), abs=1e-12), measure.__name__
    assert metrics.colourfulness(spoilt[0], valid) == metrics.colourfulness(ours, valid)
    seen = [metrics.gradient_correlation(a[0], b[0], valid) for a, b in ((ours, true), spoilt)]
    assert seen[0] == seen[1]


def quaternion_product(p, q):
    """Hamilton's product."""
    a, b, c, d = p
    e, f, g, h = q
    return np.array(
        [a * e - b * f - c * g - d * h, a * f + b * e + c * h - d * g,
         a * g - b * h + c * e + d * f, a * h + b * g - c * f + d * e]
    )  # fmt: skip


def slow_q4(ours, true):
    """Garzelli and Nencini's index by its definition, block by block, pixel by pixel."""
    found = []
    for row in range(0, true.shape[1] - 16, 16):
        for col in range(0, true.shape[2] - 16, 16):
            z = []
            for picture in (true, ours):
                block = picture[:, row : row + 32, col : col + 32].reshape(3, -1)
                z.append(np.concatenate([block, np.zeros((1, block.shape[1]))]))
            count = z[0].shape[1]
            level, spread = z[0].mean(1, keepdims=True), z[0].std(1, ddof=1, keepdims=True)
            spread[3] = 1
            z = [(x - level) / spread + 1 for x in z]
            conjugate = z[1] * np.array([[1], [-1], [-1], [-1]])
            products = [quaternion_product(z[0][:, i], conjugate[:, i]) for i in range(count)]
            cross = np.mean(products, 0) - quaternion_product(z[0].mean(1), conjugate.mean(1))
            cross = np.linalg.norm(cross) * count / (count - 1)
            variances = [np.square(x - x.mean(1, keepdims=True)).sum() / (count - 1) for x in z]
            levels = [np.linalg.norm(x.mean(1)) for x in z]
            found.append(4 * cross * levels[0] * levels[1] / (sum(variances) * sum(np.square(levels))))
    return np.mean(found)


def test_q4_is_its_definition_pixel_by_pixel():
    ours, true = pictures()
    padded = [np.pad(x, ((0, 0), (0, 16), (0, 24)), mode="symmetric") for x in (ours, true)]
    assert metrics.q4(ours, true, np.ones((48, 40), bool)) == pytest.approx(slow_q4(*padded), abs=1e-12)


def test_q4_of_a_picture_with_itself_is_one_and_falls_with_its_contrast():
    _, true = pictures()
    valid = np.ones((48, 40), bool)
    assert metrics.q4(true, true, valid) == pytest.approx(1.0)
    assert 0 < metrics.q4(0.5 * true + 0.25, true, valid) < 0.9
    assert metrics.q4(flat(0.5, 0.5, 0.5, shape=(48, 40)), true, valid) == pytest.approx(0.0, abs=1e-9)


def test_q4_is_undefined_where_no_block_is_half_valid():
    ours, true = pictures()
    valid = np.zeros((48, 40), bool)
    valid[0, 0] = True
    assert np.isnan(metrics.q4(ours, true, valid))


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


def test_spread_and_correlation_are_those_of_the_pixels_of_a_picture():
    true = np.random.default_rng(0).normal(0, 5, (3, 16, 16))
    noise = np.random.default_rng(1).normal(0, 5, (3, 16, 16))
    ours = np.stack([0.5 * true[0] + 40, -2 * true[1], true[2] + noise[2]])
    valid = np.ones((16, 16), bool)
    spread, correlation = metrics.within(ours, true, valid)
    expected = np.corrcoef(ours[2].ravel(), true[2].ravel())[0, 1]
    assert spread == pytest.approx([0.5, 2.0, ours[2].std() / true[2].std()])
    assert correlation == pytest.approx([1.0, -1.0, expected])


def test_one_tint_has_no_spread_and_no_correlation_and_beside_a_flat_truth_both_are_undefined():
    true = np.random.default_rng(0).normal(0, 5, (3, 16, 16))
    flat_picture, valid = np.full((3, 16, 16), 7.3), np.ones((16, 16), bool)
    spread, correlation = metrics.within(flat_picture, true, valid)
    assert spread == pytest.approx([0, 0, 0], abs=1e-9)
    assert correlation == [0, 0, 0]
    assert np.isnan(metrics.within(true, flat_picture, valid)).all()


def test_no_valid_pixel_or_another_size_is_refused():
    with pytest.raises(DataError, match="at least one valid pixel, got none"):
        metrics.psnr(flat(0, 0, 0), flat(0, 0, 0), ~ALL)
    with pytest.raises(DataError, match=r"size of its mask \(2, 2\), got \(3, 3\)"):
        metrics.psnr(flat(0, 0, 0, shape=(3, 3)), flat(0, 0, 0), ALL)
