"""Colour conversion against scikit-image, on numpy and torch."""

from __future__ import annotations

import warnings

import numpy as np
import skimage.color
import torch

from sar_colorize.color import lab_to_srgb, lab_to_uint8, srgb_to_lab, to_uint8


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


def test_codes_of_lab_are_those_of_its_srgb() -> None:
    rng = np.random.default_rng(3)
    wide = np.stack([rng.random((300, 401)) * 100, *(rng.random((2, 300, 401)) * 200 - 100)]).astype(np.float32)
    grey = np.zeros((3, 1, 100_000), np.float32)
    grey[0] = np.linspace(0, 100, 100_000, dtype=np.float32)
    for lab in (wide, grey):
        exact, codes = lab_to_srgb(lab.astype(np.float64)) * 255.0, lab_to_uint8(lab)
        assert codes.dtype == np.uint8
        assert np.abs(codes - exact).max() < 0.5 + 1e-3
        assert np.array_equal(lab_to_uint8(torch.from_numpy(lab)), codes)
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(256, 3).T[:, None]
    assert np.array_equal(lab_to_uint8(srgb_to_lab(every / np.float32(255))), every)


def test_codes_of_a_pixel_do_not_depend_on_where_it_stands() -> None:
    rng = np.random.default_rng(4)
    lab = np.stack([rng.random((90, 1500)) * 100, *(rng.random((2, 90, 1500)) * 60 - 30)]).astype(np.float32)
    whole = lab_to_uint8(lab)
    for rows, cols in (
        (slice(3, 80), slice(7, 1200)),
        (slice(41, 42), slice(0, 13)),
        (slice(0, 90), slice(1499, None)),
    ):
        assert np.array_equal(lab_to_uint8(lab[:, rows, cols]), whole[:, rows, cols])
