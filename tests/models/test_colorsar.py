import pytest
import torch

from sar_colorize.models.colorsar import STRIDE_PX, ColorSAR, halo_px, reach_px


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = ColorSAR(width=4).double().eval()
    for module in network.modules():
        # No dead branch, so that a dependency cannot hide behind a ReLU that is shut.
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.weight.data /= module.weight[0].numel()
    return network


def test_output_has_two_channels_at_the_size_of_the_input(network):
    assert network(torch.zeros(2, 1, 64, 96).double()).shape == (2, 2, 64, 96)


def test_width_32_has_1_7_million_parameters():
    assert sum(p.numel() for p in ColorSAR(32).parameters()) == 1_671_394


def test_a_and_b_are_predicted_at_half_resolution(network):
    torch.manual_seed(1)
    ab = network(torch.rand(1, 1, 64, 64).double())[0, :, 1:-1]
    # Doubling puts 3/4 and 1/4 of neighbouring samples in between: four pixels over three samples have one law left.
    odd, even, odd_next, even_next = ab[..., 1:-4:2], ab[..., 2:-3:2], ab[..., 3:-2:2], ab[..., 4:-1:2]
    first, second = (3 * odd - even) / 2, (3 * even - odd) / 2
    third = (3 * odd_next - even_next) / 2
    assert torch.allclose(second, third, atol=1e-12)
    assert not torch.allclose(first, second, atol=1e-6)


def test_halo_is_the_reach_rounded_up_to_the_stride():
    assert reach_px() == 107
    assert halo_px() == 112


@pytest.mark.parametrize("phase", range(STRIDE_PX))
def test_a_pixel_outside_the_halo_changes_nothing(network, phase):
    row = 144 + phase
    before = torch.zeros(1, 1, 304, 32).double()
    for distance in (-reach_px() - 1, reach_px() + 1):
        after = before.clone()
        after[..., row + distance, :] = 1.0
        assert torch.equal(network(before)[..., row, :], network(after)[..., row, :])


def test_a_pixel_at_the_reach_changes_something(network):
    before = torch.zeros(1, 1, 304, 32).double()
    found = []
    for row in range(144, 144 + STRIDE_PX):
        for distance in (-reach_px(), reach_px()):
            after = before.clone()
            after[..., row + distance, :] = 1.0
            found.append(not torch.equal(network(before)[..., row, :], network(after)[..., row, :]))
    assert any(found)


def test_a_tile_with_its_halo_is_the_whole_scene(network):
    torch.manual_seed(2)
    scene = torch.rand(1, 1, 480, 480).double()
    halo = halo_px()
    whole = network(scene)[..., halo : halo + 64, halo + 32 : halo + 96]
    tile = network(scene[..., : 64 + 2 * halo, 32 : 96 + 2 * halo])[..., halo:-halo, halo:-halo]
    assert torch.allclose(whole, tile, rtol=0, atol=1e-12)


def test_shifting_by_the_stride_shifts_the_colour(network):
    torch.manual_seed(3)
    scene = torch.rand(1, 1, 320, 320).double()
    halo = halo_px()
    first = network(scene)[..., halo:-halo, halo + STRIDE_PX : -halo]
    moved = network(torch.roll(scene, -STRIDE_PX, -1))[..., halo:-halo, halo : -halo - STRIDE_PX]
    assert torch.allclose(first, moved, rtol=0, atol=1e-12)
    assert not torch.allclose(first, network(torch.roll(scene, -1, -1))[..., halo:-halo, halo : -halo - STRIDE_PX])
