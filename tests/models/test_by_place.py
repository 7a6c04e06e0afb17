"""by-place: local, faithful to its palette, with one set of weights for one band or two."""

import pytest
import torch

from sar_colorize.models.by_place import (
    PALETTE_NUMBERS,
    STRIDE_PX,
    ByPlace,
    halo_px,
    radar_lightness,
    reach_px,
)
from sar_colorize.models.by_place_picture import details
from sar_colorize.palette.palette import Palette

PALETTE = Palette((40.0, -8.0, 20.0), (15.0, 6.0, 5.0), (0.1, 0.2, -0.3))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = ByPlace(width=4).double().eval()
    for module in network.modules():
        # No dead branch, so that a dependency cannot hide behind a ReLU that is shut.
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            module.weight.data /= module.weight[0].numel()
    return network


def _picture(network, lightness, palette=PALETTE, present=(1.0, 1.0)):
    """Lab and expected error of (B, 2, H, W)."""
    vector = torch.from_numpy(palette.vector())[None].double().expand(len(lightness), -1)
    there = torch.tensor([present]).double().expand(len(lightness), -1)
    with torch.inference_mode():
        return network.compose(network(lightness, vector, there), lightness, vector, there)


def _column(network, lightness):
    return torch.cat(_picture(network, lightness), 1)


def test_width_48_has_under_5_million_parameters_and_takes_what_a_palette_gives():
    assert sum(p.numel() for p in ByPlace(48).parameters()) == 1_348_263
    assert len(PALETTE.vector()) == PALETTE_NUMBERS


def test_halo_is_the_reach_rounded_up_to_the_stride():
    assert halo_px() == -(-reach_px() // STRIDE_PX) * STRIDE_PX == 160


@pytest.mark.parametrize("phase", range(STRIDE_PX))
def test_a_pixel_outside_the_reach_changes_nothing(network, phase):
    row = 192 + phase
    before = torch.zeros(1, 2, 416, 32).double()
    for distance in (-reach_px() - 1, reach_px() + 1):
        after = before.clone()
        after[..., row + distance, :] = 1.0
        assert torch.equal(_column(network, before)[..., row, :], _column(network, after)[..., row, :])


def test_a_pixel_at_the_reach_changes_something(network):
    before = torch.zeros(1, 2, 416, 32).double()
    found = []
    for row in range(192, 192 + STRIDE_PX):
        for distance in (-reach_px(), reach_px()):
            after = before.clone()
            after[..., row + distance, :] = 1.0
            found.append(not torch.equal(_column(network, before)[..., row, :], _column(network, after)[..., row, :]))
    assert any(found)


def test_a_band_that_is_not_there_changes_nothing():
    torch.manual_seed(1)
    network = ByPlace(width=4).eval().double()
    lightness = torch.rand(1, 2, 64, 64).double()
    other = lightness.clone()
    other[:, 1] = 7.0
    one = _picture(network, lightness, present=(1.0, 0.0))
    two = _picture(network, other, present=(1.0, 0.0))
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    both = _picture(network, lightness)[0]
    assert not torch.allclose(both, _picture(network, lightness, present=(1.0, 0.0))[0], atol=1e-3)


def test_pictures_of_one_and_of_two_bands_can_stand_in_one_batch():
    torch.manual_seed(1)
    network = ByPlace(width=4).eval().double()
    lightness, vector = torch.rand(2, 2, 32, 32).double(), torch.from_numpy(PALETTE.vector()).double().repeat(2, 1)
    present = torch.tensor([[1.0, 1.0], [0.0, 1.0]]).double()
    together = network(lightness, vector, present)
    assert torch.allclose(together[1:], network(lightness[1:], vector[1:], present[1:]), atol=1e-12)


def test_colours_stay_within_two_and_a_half_spreads_of_the_palette_whatever_the_weights():
    network = ByPlace(width=4).eval().double()
    torch.nn.init.constant_(network.head.bias, 1e3)
    lab, error = _picture(network, torch.rand(1, 2, 64, 64).double())
    assert lab[0, 1].max() == pytest.approx(-8 + 2.5 * 6)
    assert lab[0, 2].max() == pytest.approx(20 + 2.5 * 5)
    assert 0 <= lab[0, 0].min() <= lab[0, 0].max() <= 100
    assert error.max() == pytest.approx(30)


def test_an_untrained_network_paints_the_mean_of_the_palette():
    network = ByPlace(width=4).eval().double()
    torch.nn.init.zeros_(network.head.weight)
    lab, _ = _picture(network, torch.full((1, 2, 32, 32), 48.0 / 50.0 - 1.0).double())
    assert torch.allclose(lab[0].mean((1, 2)), torch.tensor([40.0, -8.0, 20.0]).double(), atol=1e-4)


def test_another_palette_gives_another_picture_of_the_same_radar():
    torch.manual_seed(2)
    network = ByPlace(width=4).eval().double()
    lightness = torch.rand(1, 2, 32, 32).double()
    sand = Palette((75.0, 8.0, 20.0), (8.0, 3.0, 3.0), (0.0, 0.0, 0.0))
    moved = _picture(network, lightness, sand)[0] - _picture(network, lightness)[0]
    assert moved[0, 1].mean() == pytest.approx(16, abs=3)


def test_the_bands_of_the_lightness_add_up_to_it():
    lightness = torch.rand(1, 1, 64, 64) * 100
    assert torch.allclose(sum(details(lightness)) + 48.0, lightness, atol=1e-4)
    fine, middle, coarse = details(torch.full((1, 1, 32, 32), 30.0))
    assert max(fine.abs().max(), middle.abs().max()) < 1e-4
    assert torch.allclose(coarse, torch.tensor(-18.0), atol=1e-4)


def test_the_radars_lightness_is_the_mean_of_the_bands_that_are_there():
    lightness = torch.stack([torch.full((8, 8), 0.2), torch.full((8, 8), -0.4)])[None]
    for present, expected in (((1.0, 1.0), 45.0), ((1.0, 0.0), 60.0), ((0.0, 1.0), 30.0)):
        assert torch.allclose(radar_lightness(lightness, torch.tensor([present])), torch.tensor(expected))


def test_no_band_at_all_is_refused():
    with pytest.raises(ValueError, match="at least one band"):
        ByPlace(width=4)(torch.zeros(1, 2, 32, 32), torch.zeros(1, PALETTE_NUMBERS), torch.zeros(1, 2))
