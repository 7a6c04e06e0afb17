"""A small picture by itself is painted as the same scene is, and a painter that travels chooses its device anew."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made import prepared, speckled

from sar_colorize.color import lab_to_srgb, to_uint8
from sar_colorize.engine.torch import TorchEngine
from sar_colorize.infer import TilePainter, paint_picture, tile_grid
from sar_colorize.models import registry
from sar_colorize.prepare import ColorizeSettings
from sar_colorize.raster import Window
from sar_colorize.scene import open_scene
from sar_colorize.tiles import TileGrid

forward = TorchEngine.forward


@pytest.fixture(params=["bounded_weights", "blended_weights", "placed_weights", "composite"])
def model(request: pytest.FixtureRequest) -> str:
    return request.param if request.param == "composite" else str(request.getfixturevalue(request.param))


def test_a_small_picture_is_painted_as_users_scenes_are(make_tif: Callable[..., Path], model: str) -> None:
    """Evaluation measures what `colorize` writes, edges included: equal to one code of 255."""
    values = np.stack([speckled(150, 190), speckled(150, 190, seed=1, median_db=-18.5)])
    scene = open_scene(make_tif(values, names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"}))
    scene, colorizer = prepared(scene, ColorizeSettings(model, palette="none", precision="fp32"))
    window = scene.grid.window
    lightness, db, _ = colorizer.radar.convert(colorizer.radar.read(scene, window), window)
    painter = registry.load_painter(model, scene.bands)
    lab, error = paint_picture(painter, lightness, db=db, precision="fp32")
    written = colorizer.block(scene, window).values[:3].astype(int)
    assert np.abs(to_uint8(lab_to_srgb(lab)).astype(int) - written).max() <= 1
    assert (error is not None) == ("placed" in model)


def test_a_small_scene_is_not_padded_to_a_whole_tile(bounded_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network sees the scene and its halo, and paints what it would in a whole tile."""
    painter = registry.load_painter(bounded_weights, ("VV",))
    tiles = tile_grid(painter.card, None, None)
    scene, margin = Window(0, 0, 50, 90), tiles.margin_px
    lightness = np.clip(speckled(50, 90)[None] * 4 + 100, 0, 100)
    everywhere = np.ones(scene.shape, bool)
    seen = []
    monkeypatch.setattr(TorchEngine, "forward", lambda engine, x: seen.append(x.shape[2:]) or forward(engine, x))
    made = []
    for cut in (True, False):
        if not cut:
            monkeypatch.setattr(TileGrid, "cut", lambda tiles, tile, scene: tile)
        paints = TilePainter(painter, tiles, engine="torch", precision="fp32")
        made.append(paints.paint(lightness, lightness, paints.span(scene, scene), scene, everywhere, scene))
    assert seen == [(64 + 2 * margin, 96 + 2 * margin), (tiles.tile_px, tiles.tile_px)]
    assert np.abs(made[0].astype(int) - made[1]).max() <= 1
    assert np.ptp(made[0]) > 10


def test_a_painter_that_was_sent_elsewhere_chooses_by_what_is_there(
    bounded_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = registry.load_card(bounded_weights)
    here = TilePainter(registry.load_painter(bounded_weights, ("VV",)), tile_grid(card, None, None))
    assert here.start().name == "openvino"
    assert here.start().precision in ("fp32", "bf16")
    monkeypatch.setattr("sar_colorize.engine.choose.is_installed", lambda package: package != "openvino")
    monkeypatch.setattr("sar_colorize.engine.choose._multiplies_bf16", lambda device: True)
    there = pickle.loads(pickle.dumps(here))  # noqa: S301  # our own bytes: it is how dask sends it
    assert (there.start().name, there.start().precision) == ("torch", "bf16")


def test_a_network_on_its_device_leaves_the_painters_own_as_it_was(bounded_weights: Path) -> None:
    import torch

    painter = registry.load_painter(bounded_weights, ("VV",))
    TilePainter(painter, tile_grid(painter.card, None, None), engine="torch", precision="bf16").start()
    assert painter.network is not None
    assert {parameter.dtype for parameter in painter.network.module().parameters()} == {torch.float32}
