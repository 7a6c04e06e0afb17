"""A network of one's own region is kept where it gains on ground that it never learned from, and refused elsewhere."""

import numpy as np
import pytest
import rasterio
from made import write_weights
from rasterio.transform import from_origin

from sar_colorize.errors import DataError, ModelError, SettingError
from sar_colorize.models import registry
from sar_colorize.models.by_place import STRIDE_PX, halo_px
from sar_colorize.training.color.adapt import AdaptSettings, adapt

QUICK = {"batch": 4, "patch_px": 32, "steps": 60, "learning_rate": 0.01, "device": "cpu"}


@pytest.fixture
def weights(tmp_path):
    halo = halo_px()
    return str(
        write_weights(
            tmp_path / "start.safetensors", name="start", architecture="by-place", output="maps", channels=2,
            settings={"width": 8}, halo_px=halo, stride_px=STRIDE_PX, tile_px=64 + 2 * halo, overlap_px=2 * halo,
        )
    )  # fmt: skip


def _rasters(folder, *, told):
    """576 x 576 px: bright and dark radar stripes 48 px wide. `told`: green and brown follow them; else they do not."""
    random = np.random.default_rng(0)
    stripes = (np.arange(576) // 48) % 2 == 0
    ground = np.broadcast_to(stripes, (576, 576))
    power = np.where(ground, 0.02, 0.2) * random.gamma(4.4, 1 / 4.4, (576, 576))
    shown = ground if told else np.kron(random.random((72, 72)) < 0.5, np.ones((8, 8), bool))
    rgb = np.where(shown[None], np.array([50, 110, 40])[:, None, None], np.array([150, 110, 60])[:, None, None])
    rgb = np.clip(rgb + random.integers(-9, 10, rgb.shape), 0, 255).astype(np.uint8)
    place = {"crs": "EPSG:32633", "transform": from_origin(500000, 5000000, 10, 10), "height": 576, "width": 576}
    with rasterio.open(folder / "s1.tif", "w", driver="GTiff", count=1, dtype="float32", nodata=np.nan, **place) as out:
        out.write((10 * np.log10(power)).astype(np.float32), 1)
        out.set_band_description(1, "VV")
        out.update_tags(UNITS="dB")
    with rasterio.open(folder / "s2.tif", "w", driver="GTiff", count=3, dtype="uint8", **place) as out:
        out.write(rgb)
    return folder / "s1.tif", folder / "s2.tif"


def test_colours_that_follow_the_radar_are_learned_and_the_gain_is_told(weights, tmp_path):
    out = tmp_path / "mine.safetensors"
    made = adapt(*_rasters(tmp_path, told=True), out, AdaptSettings(model=weights, **QUICK))
    assert made.after < 0.8 * made.before
    assert made.held_out >= 2
    card = registry.load_card(out)
    assert card.name == "mine"
    assert card.training["adapted_from"] == {"name": "start", "sha256": registry.checksum(weights)}
    assert card.quality["held out"]["region"]["model"]["ab_error"] == made.after
    assert registry.load_network(out).head.out_channels == 7


def test_no_gain_writes_nothing(weights, tmp_path):
    out = tmp_path / "mine.safetensors"
    with pytest.raises(
        DataError, match=r"must gain at least 90% on the held-out blocks, got \d+\.\d+ Lab units before"
    ):
        adapt(
            *_rasters(tmp_path, told=False),
            out,
            AdaptSettings(model=weights, **QUICK | {"least_gain": 0.9, "steps": 3}),
        )
    assert not out.exists()


def test_what_cannot_be_adapted_is_refused(weights, tmp_path):
    rasters = _rasters(tmp_path, told=True)
    with pytest.raises(ModelError, match=r"model must be by-place or of its kind, got composite"):
        adapt(*rasters, tmp_path / "x.safetensors", AdaptSettings(model="composite"))
    with pytest.raises(DataError, match=r"must share at least 16 patches of 288 px to learn from and 2 to hold out"):
        adapt(*rasters, tmp_path / "x.safetensors", AdaptSettings(model=weights, patch_px=288))
    with pytest.raises(SettingError, match=r"patch_px must be a multiple of 32, got 100"):
        AdaptSettings(patch_px=100)
    with pytest.raises(SettingError, match=r"minutes must be above 0, got 0"):
        AdaptSettings(minutes=0)
