"""Colour conversion against scikit-image, on numpy and torch."""

from __future__ import annotations

import warnings

import numpy as np
import skimage.color
import torch

from sar_colorize.color import lab_to_srgb, srgb_to_lab, to_uint8


def _rgb() -> np.ndarray:
    return np.random.default_rng(0).random((3, 40, 50)).astype(np.float32)


def test_lab_equals_scikit_image() -> None:
    rgb = _rgb()
    assert np.abs(srgb_to_lab(rgb) - skimage.color.rgb2lab(rgb, channel_axis=0)).max() < 1e-3


def test_srgb_equals_scikit_image_also_outside_the_gamut() -> None:
    rng = np.random.default_rng(1)
    lab = np.stack([rng.random((40, 50)) * 100, *(rng.random((2, 40, 50)) * 200 - 100)]).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-image warns of negative Z, which both clip
        expected = skimage.color.lab2rgb(lab, channel_axis=0)
    assert np.abs(lab_to_srgb(lab) - expected).max() < 1e-4


def test_torch_and_numpy_agree() -> None:
    lab = srgb_to_lab(_rgb())
    assert np.abs(lab_to_srgb(torch.from_numpy(lab)).numpy() - lab_to_srgb(lab)).max() < 1e-6
    assert np.abs(srgb_to_lab(torch.from_numpy(_rgb())).numpy() - lab).max() < 1e-4


def test_there_and_back_is_the_same_picture() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (3, 64, 64)).astype(np.uint8)
    assert np.array_equal(to_uint8(lab_to_srgb(srgb_to_lab(picture / np.float32(255)))), picture)


def test_rounding_is_half_up_and_clipped() -> None:
    assert to_uint8(np.array([-1.0, 0.0, 0.5 / 255, 0.999, 2.0])).tolist() == [0, 0, 1, 255, 255]
