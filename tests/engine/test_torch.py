"""A network made ready to run paints what it painted in training, wherever its surroundings are at hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sar_colorize.color import to_uint8
from sar_colorize.engine.torch import TorchEngine
from sar_colorize.models import registry
from sar_colorize.models.painter import choose_bands

NETWORKS = [name for name in registry.names() if name != "composite"]


def _lightness(bands: int, side: int, seed: int = 0) -> torch.Tensor:
    """Broad shapes under speckle."""
    rng = np.random.default_rng(seed)
    broad = np.kron(rng.uniform(20.0, 80.0, (1, bands, side // 32, side // 32)), np.ones((32, 32)))
    return torch.from_numpy(np.clip(broad + rng.normal(0.0, 8.0, broad.shape), 0.0, 100.0).astype(np.float32))


@pytest.mark.parametrize("name", NETWORKS)
def test_folding_and_zeros_change_at_most_one_grey_level(name: str) -> None:
    card = registry.load_card(name)
    painter = registry.load_painter(name, choose_bands(card, ("VV", "VH")))
    assert painter.network is not None
    halo = card.halo_px or 0
    side = 2 * halo + 256
    lightness = _lightness(len(painter.bands), side)
    engine = TorchEngine(painter.network.module(), "cpu", "fp32", within_halo=card.halo_px is not None)
    with torch.inference_mode():
        trained = painter.network.module()(lightness * 0.02 - 1.0)
        core = np.s_[..., halo : side - halo, halo : side - halo]
        before, after = (
            to_uint8(painter.picture(out, lightness, None).srgb)[core].numpy().astype(int)
            for out in (trained, engine.forward(lightness))
        )
    assert np.abs(after - before).max() <= 1
    assert (after == before).mean() >= 0.999
    assert np.ptp(before) > 0


def test_without_a_halo_the_edge_is_padded_as_in_training() -> None:
    network = registry.load_network("colorsar-sar")
    lightness = _lightness(1, 64)
    with torch.inference_mode():
        trained = network(lightness * 0.02 - 1.0)
    whole, core = (TorchEngine(network, "cpu", "fp32", within_halo=halo).forward(lightness) for halo in (False, True))
    torch.testing.assert_close(whole, trained, rtol=1e-3, atol=1e-4)
    assert (core - trained).abs().max() > 1e-3


def test_the_network_that_was_given_stays_as_it_was() -> None:
    network = registry.load_network("colorsar-sar")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    TorchEngine(network, "cpu", "bf16", within_halo=True)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert {m.padding_mode for m in network.modules() if isinstance(m, torch.nn.Conv2d)} == {"replicate"}
