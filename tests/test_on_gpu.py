"""What runs on a GPU, on torch's tensors of the CPU: the same code, but for the device.

A tensor on the device "meta" has no values; whatever would bring it to numpy on the way fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import prepared

from sar_colorize.backscatter import DB_RANGES
from sar_colorize.colorizer import Colorizer, RadarLightness
from sar_colorize.engine.torch import TorchEngine
from sar_colorize.infer import GPU_BATCH_PX, TilePainter, tile_grid
from sar_colorize.models import registry
from sar_colorize.prepare import ColorizeSettings
from sar_colorize.raster import Raster, Unit, Window
from sar_colorize.scene import Scene, open_scene
from sar_colorize.speckle import FILTER_NAMES, get_filter
from sar_colorize.tiles import blocks

FILTERS = [name for name in FILTER_NAMES if not get_filter(name).has_network]
SETTINGS = [
    {"model": "by-place"},
    {"model": "by-place", "palette": "none"},
    {"model": "colorsar-sar", "filter": "boxcar"},
    {"model": "pix2pix-sar", "filter": "none"},
]


@pytest.fixture
def as_on_gpu(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The CPU is taken for a GPU; the list gets what was brought there."""
    placed: list[str] = []

    def place(_engine: TorchEngine, array: np.ndarray) -> torch.Tensor:
        placed.append(str(array.dtype))
        return torch.from_numpy(array)

    monkeypatch.setattr(TorchEngine, "place", place)
    monkeypatch.setattr(TilePainter, "on_gpu", True)
    return placed


def _picture(scene: Scene, colorizer: Colorizer, block_px: int) -> np.ndarray:
    whole = scene.grid.window
    out = np.zeros((len(colorizer.bands), *whole.shape), np.uint8)
    for window in blocks(whole, block_px):
        out[(slice(None), *window.within(whole))] = colorizer.block(scene, window).values
    return out


def _prepared(path: Path, settings: dict[str, Any]) -> tuple[Scene, Colorizer]:
    return prepared(open_scene(path), ColorizeSettings(engine="torch", precision="fp32", **settings))


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: "-".join(settings.values()))
def test_a_picture_differs_by_at_most_one_grey_level_and_not_between_blocks(
    scene_with_holes: Path, settings: dict[str, Any], as_on_gpu: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    there = _prepared(scene_with_holes, settings)
    made = _picture(*there, 1024)
    assert sorted(as_on_gpu) == ["bool", "float32"]  # the block as it was read: it is filtered there
    assert np.array_equal(_picture(*there, 333), made)
    monkeypatch.undo()
    usual = _picture(*_prepared(scene_with_holes, settings), 1024)
    assert np.abs(made.astype(int) - usual.astype(int)).max() <= 1
    assert (made == usual).mean() > 0.995
    assert np.ptp(usual) > 0


def test_a_network_that_gives_no_numbers_is_refused_there_too(
    scene_with_holes: Path, as_on_gpu: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sar_colorize.errors import ModelError

    monkeypatch.setattr(TorchEngine, "forward", lambda _engine, x: x[:, :1] * float("nan"))
    scene, colorizer = _prepared(scene_with_holes, {"model": "by-place"})
    with pytest.raises(ModelError, match="finite colours"):
        colorizer.block(scene, Window(0, 0, 64, 64))
    assert as_on_gpu


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("name", FILTERS)
def test_filters_and_lightness_never_leave_the_device(name: str, unit: Unit) -> None:
    chosen = get_filter(name)
    radar = RadarLightness(chosen, DB_RANGES, 0.5, 3.0)
    window = Window(0, 0, 40, 40)
    shape = window.pad(chosen.halo_px).shape
    values, valid = torch.ones((2, *shape), device="meta"), torch.ones(shape, dtype=torch.bool, device="meta")
    lightness, db, known = radar.convert(Raster(values, valid, ("VV", "VH"), unit), window)  # type: ignore[arg-type]
    assert {each.device.type for each in (lightness, db, known)} == {"meta"}
    assert lightness.dtype == db.dtype == torch.float32
    assert lightness.shape == (2, 40, 40)


@pytest.mark.parametrize(("model", "tiles"), [("by-place", 1), ("colorsar-sar", 1), ("pix2pix-sar", 32)])
def test_a_gpu_is_given_about_as_many_pixels_at_a_time_whatever_the_tiles(
    model: str, tiles: int, as_on_gpu: list[str]
) -> None:
    """A block of 1024 px is one tile of the first two: in a batch of eight, seven were computed for nothing."""
    assert as_on_gpu == []
    painter = registry.load_painter(model, ("VV",))
    paints = TilePainter(painter, tile_grid(painter.card, None, None), engine="torch", device="cpu")
    assert paints.batch(Window(0, 0, 10_000, 10_000)) == tiles
    assert tiles == 1 or tiles * paints.tiles.tile_px**2 <= GPU_BATCH_PX
