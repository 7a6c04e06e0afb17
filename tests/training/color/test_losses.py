import numpy as np
import pytest
import torch

from sar_colorize.training.color.losses import (
    adversarial_loss,
    chroma_loss,
    class_loss,
    class_shares,
    colour_classes,
    likeness_loss,
    masked_l1,
    rare_colour_weights,
    structure_loss,
)

EVEN = torch.ones(32, 32)


def test_chroma_loss_is_half_the_square_under_huber_and_a_line_above():
    target, weight = torch.zeros(1, 2, 1, 1), torch.ones(1, 1, 1, 1)
    small = chroma_loss(torch.tensor([2.0, 0.0]).reshape(1, 2, 1, 1), target, weight, 4.0, EVEN)
    large = chroma_loss(torch.tensor([10.0, 0.0]).reshape(1, 2, 1, 1), target, weight, 4.0, EVEN)
    assert small.item() == pytest.approx(2.0**2 / 2 / 4)
    assert large.item() == pytest.approx(10 - 4 / 2)


def test_pixels_without_weight_count_for_nothing():
    ab = torch.tensor([[3.0, 100.0], [0.0, 100.0]]).reshape(1, 2, 1, 2)
    weight = torch.tensor([1.0, 0.0]).reshape(1, 1, 1, 2)
    only = chroma_loss(ab[..., :1], torch.zeros(1, 2, 1, 1), weight[..., :1], 4.0, EVEN)
    assert chroma_loss(ab, torch.zeros(1, 2, 1, 2), weight, 4.0, EVEN) == only
    assert masked_l1(ab, torch.zeros_like(ab), weight).item() == pytest.approx(1.5)


def test_no_usable_pixel_gives_zero_and_no_nan():
    zero = torch.zeros(1, 1, 2, 2)
    assert chroma_loss(torch.ones(1, 2, 2, 2), torch.zeros(1, 2, 2, 2), zero, 4.0, EVEN) == 0
    assert masked_l1(torch.ones(1, 3, 2, 2), torch.zeros(1, 3, 2, 2), zero) == 0


def test_rare_colours_weigh_more_and_the_mean_weight_is_one():
    picture = np.empty((3, 10, 10), np.uint8)
    picture[:] = np.array([60, 120, 40])[:, None, None]
    picture[:, 0, :] = np.array([200, 60, 60])[:, None]
    even, tilted = rare_colour_weights([picture], 0.0), rare_colour_weights([picture], 0.5)
    assert torch.allclose(even, torch.ones_like(even))
    green, red = (-39 + 128) // 8, (54 + 128) // 8
    assert tilted[red].max() > tilted[green, (38 + 128) // 8]
    assert tilted.max() <= 5
    assert tilted.min() >= 0.3


def test_adversarial_loss_of_an_undecided_discriminator_is_log_2():
    for real in (True, False):
        assert adversarial_loss(torch.zeros(1, 1, 30, 30), real).item() == pytest.approx(np.log(2))


def test_classes_are_the_grid_points_around_the_colours():
    picture = np.empty((3, 8, 8), np.uint8)
    picture[:] = np.array([60, 120, 40])[:, None, None]  # a -38.2, b 37.7
    assert colour_classes([picture], 16.0) == [[-48.0, 32.0], [-48.0, 48.0], [-32.0, 32.0], [-32.0, 48.0]]


def test_shares_of_classes_have_the_colour_as_their_mean():
    colours = torch.tensor([[a, b] for a in (-16.0, 0.0, 16.0) for b in (0.0, 16.0)])
    ab = torch.tensor([[-5.0, 3.0], [15.0, 8.0], [60.0, 10.0]]).reshape(3, 2, 1, 1)
    shares = class_shares(ab, colours, 16.0)
    assert torch.allclose(shares.sum(1), torch.ones(3, 1, 1))
    mean = shares[:, :, 0, 0] @ colours
    assert torch.allclose(mean[:2], ab[:2, :, 0, 0], atol=1e-5)
    assert mean[2].tolist() == [16.0, 16.0]


def test_class_loss_is_least_at_the_true_classes():
    colours = torch.tensor([[-16.0, 0.0], [0.0, 0.0], [16.0, 0.0]])
    target, weight = torch.zeros(1, 2, 4, 4), torch.ones(1, 1, 4, 4)
    target[:, 0] = 16.0
    logits = torch.zeros(1, 3, 2, 2)
    assert class_loss(logits, target, weight, colours, 16.0, EVEN).item() == pytest.approx(np.log(3))
    logits[:, 2] = 9.0
    assert class_loss(logits, target, weight, colours, 16.0, EVEN).item() < 1e-3


def test_structure_loss_agrees_with_scikit_image() -> None:
    from skimage.metrics import structural_similarity

    random = np.random.default_rng(3)
    ours, true = random.uniform(-1.0, 1.0, (2, 3, 40, 48))
    blended = 0.6 * true + 0.4 * ours
    # scikit-image divides by n - 1 unless told, and crops the border of half a window.
    wanted = 1.0 - structural_similarity(
        blended.mean(0), true.mean(0), win_size=7, data_range=2.0, use_sample_covariance=False
    )
    found = structure_loss(torch.from_numpy(blended)[None], torch.from_numpy(true)[None])
    assert float(found) == pytest.approx(wanted, abs=1e-9)
    assert float(structure_loss(torch.from_numpy(true)[None], torch.from_numpy(true)[None])) == pytest.approx(0.0)


def test_structure_alike_costs_nothing_flat_costs_all_and_opposite_twice_that():
    y, x = torch.meshgrid(torch.arange(128.0), torch.arange(128.0), indexing="ij")
    target = (50 + 15 * torch.sin(x / 9) * torch.cos(y / 7) + 12 * torch.sin((x + y) / 40))[None, None]
    middle = target.mean()
    assert likeness_loss(target, target, 0.65) < 0.15
    # Two thirds of the contrast are enough; and another level is not structure.
    paler = middle + 0.7 * (target - middle)
    assert likeness_loss(paler - 20, target, 0.65) == pytest.approx(likeness_loss(paler, target, 0.65).item(), abs=1e-3)
    assert likeness_loss(paler, target, 0.65) < 0.2
    flat, opposite = torch.full_like(target, 50.0), 2 * middle - target
    assert 1.2 < likeness_loss(flat, target, 0.65) < 1.7
    assert 1.6 < likeness_loss(opposite, target, 0.65) < 2.0


def test_structure_loss_has_a_gradient_where_the_picture_is_flat():
    flat = torch.full((1, 1, 128, 128), 50.0, requires_grad=True)
    torch.manual_seed(0)
    likeness_loss(flat, torch.rand(1, 1, 128, 128) * 100, 0.65).backward()
    assert flat.grad.isfinite().all()
    assert flat.grad.abs().sum() > 0
