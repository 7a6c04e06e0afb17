import numpy as np
import pytest
import torch
from PIL import Image

from sar_colorize.errors import DataError
from sar_colorize.pairs.find import find_pairs
from sar_colorize.pairs.read import ground_of, read_pair
from sar_colorize.training.color.dataset import Patches
from sar_colorize.training.color.settings import ColorSARSettings

SETTINGS = ColorSARSettings(patch_px=32, crops=3, batch=4)


def test_item_is_a_function_of_seed_epoch_and_number(pairs_folder):
    pairs = find_pairs(pairs_folder).of("train")
    first, again = Patches(pairs, SETTINGS), Patches(pairs, SETTINGS)
    again[3]
    for a, b in zip(first[5], again[5], strict=True):
        assert torch.equal(a, b)
    again.epoch = 1
    assert not torch.equal(first[5][0], again[5][0])


def test_a_large_pair_gives_no_more_patches_than_crops(pairs_folder):
    assert len(Patches(find_pairs(pairs_folder).of("train"), SETTINGS)) == 8 * 3


def test_shapes_and_ranges(pairs_folder):
    lightness, rgb, weight = Patches(find_pairs(pairs_folder).of("train"), SETTINGS)[0]
    assert (lightness.shape, rgb.shape, weight.shape) == ((1, 32, 32), (3, 32, 32), (1, 32, 32))
    assert (lightness.dtype, rgb.dtype) == (torch.float32, torch.uint8)
    assert -1 <= lightness.min() <= lightness.max() <= 1
    assert set(weight.unique().tolist()) <= {0.0, 1.0}


def test_a_hole_shows_the_fill_and_weighs_nothing(pairs_folder):
    settings = ColorSARSettings(patch_px=32, hole_share=1.0, fill_lightness=75.0)
    lightness, _, weight = Patches(find_pairs(pairs_folder).of("train"), settings)[0]
    gone = weight == 0
    assert gone.any()
    assert (lightness[gone] == 0.5).all()


def test_optical_input_is_the_lightness_of_the_picture(pairs_folder):
    settings = ColorSARSettings(input="optical-l", patch_px=64, level_db=0, contrast=0, hole_share=0)
    lightness, rgb, _ = Patches(find_pairs(pairs_folder).of("train"), settings)[0]
    from skimage.color import rgb2lab

    expected = rgb2lab(np.moveaxis(rgb.numpy(), 0, -1))[..., 0] / 50 - 1
    np.testing.assert_allclose(lightness[0], expected, atol=1e-3)


def test_black_and_white_are_not_usable_nor_what_touches_them():
    rgb = np.full((3, 64, 64), 90, np.uint8)
    assert ground_of(rgb).all()
    rgb[:, 10, 10] = 0
    rgb[:, 40, 40] = 250
    valid = ground_of(rgb)
    assert (~valid).sum() == 2 * 81
    assert not valid[6:15, 6:15].any()
    bright_sand = np.stack([np.full((8, 8), v, np.uint8) for v in (255, 240, 210)])
    assert ground_of(bright_sand).all()


def test_broken_picture_is_named(pairs_folder):
    pair = find_pairs(pairs_folder).pairs[0]
    pair.s1.write_bytes(pair.s1.read_bytes()[:200])
    with pytest.raises(DataError, match=rf"whole picture, got .*{pair.s1.name}"):
        read_pair(pair)


def test_pair_of_two_sizes_is_refused(pairs_folder):
    pair = find_pairs(pairs_folder).pairs[0]
    Image.fromarray(np.zeros((32, 64, 3), np.uint8)).save(pair.s2)
    with pytest.raises(DataError, match=r"one size, got \(64, 64\)"):
        read_pair(pair)


def test_pair_smaller_than_a_patch_is_refused(pairs_folder):
    with pytest.raises(DataError, match="at least patch_px=128 wide and high, got 64 x 64"):
        Patches(find_pairs(pairs_folder).pairs, ColorSARSettings(patch_px=128))
