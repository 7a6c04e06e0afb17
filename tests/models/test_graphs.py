"""Networks as graphs: what is wanted of a tile is what the whole network gives, though decoders compute no more."""

from __future__ import annotations

import numpy as np
import pytest

from sar_colorize.engine.openvino import Compiled
from sar_colorize.models import registry
from sar_colorize.models.graphs import Core
from sar_colorize.palette.choose import choose_palette
from sar_colorize.raster import Grid


@pytest.mark.parametrize(
    ("name", "bands", "wanted_px", "coarser"), [("colorsar-sar", ("VV",), 64, 1), ("by-place", ("VV", "VH"), 64, 4)]
)
def test_what_is_wanted_is_that_of_the_whole_network(
    name: str, bands: tuple[str, ...], wanted_px: int, coarser: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    palette = choose_palette("none", Grid(64, 64, None, None), None) if name == "by-place" else None
    painter = registry.load_painter(name, bands, palette)
    assert painter.network is not None
    halo = painter.card.halo_px
    assert halo is not None
    side = wanted_px + 2 * halo
    tile = np.random.default_rng(0).uniform(-1.0, 1.0, (1, len(bands), side, side)).astype(np.float32)
    inner = Compiled(painter.network.graph, [tile.shape], "fp32")(tile).copy()
    with monkeypatch.context() as patched:
        patched.setattr(Core, "of", lambda _self, x, _coarser: x)
        whole = Compiled(painter.network.graph, [tile.shape], "fp32")(tile).copy()
    assert inner.shape == whole.shape
    # A pixel looks at maps a little outside of what is wanted: its a and b between two of them, its L 32 px around.
    cut = halo // coarser - (8 if name == "by-place" else 0)
    core = (..., slice(cut, -cut), slice(cut, -cut))
    assert whole[core].std() > 0.01
    np.testing.assert_allclose(inner[core], whole[core], rtol=0.0, atol=1e-5)
    assert not np.allclose(inner, whole, atol=1e-3)  # less was computed


def test_a_tile_of_nothing_but_halo_is_computed_whole() -> None:
    painter = registry.load_painter("colorsar-sar", ("VV",), None)
    assert painter.network is not None
    tile = np.zeros((1, 1, 192, 192), np.float32)
    made = Compiled(painter.network.graph, [tile.shape], "fp32")(tile)
    assert (made[..., 0, 0] != 0.0).any()
