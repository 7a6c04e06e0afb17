"""A network of one's own region is kept where it gains on ground that it never learned from, and refused elsewhere."""

import subprocess
import sys

import numpy as np
import pytest
import rasterio
from made import write_weights
from rasterio.transform import from_origin

from sar_colorize.errors import Cancelled, DataError, ModelError, OutputError
from sar_colorize.models import registry
from sar_colorize.models.by_place import halo_px
from sar_colorize.models.by_place_picture import STRIDE_PX
from sar_colorize.training.color.adapt import adapt
from sar_colorize.training.color.adapt_settings import AdaptSettings

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


def _rasters(folder, *, follows):
    """576 x 576 px: bright and dark radar stripes 48 px wide. Green and brown follow them, or not."""
    random = np.random.default_rng(0)
    stripes = (np.arange(576) // 48) % 2 == 0
    ground = np.broadcast_to(stripes, (576, 576))
    power = np.where(ground, 0.02, 0.2) * random.gamma(4.4, 1 / 4.4, (576, 576))
    shown = ground if follows else np.kron(random.random((72, 72)) < 0.5, np.ones((8, 8), bool))
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


def test_colours_that_follow_the_radar_are_learned_and_the_gain_is_said(weights, tmp_path):
    out = tmp_path / "mine.safetensors"
    made = adapt(*_rasters(tmp_path, follows=True), out, AdaptSettings(model=weights, **QUICK))
    assert made.after < 0.8 * made.before
    assert made.held_out >= 2
    card = registry.load_card(out)
    assert card.name == "mine"
    assert card.training["adapted_from"] == {"name": "start", "sha256": registry.checksum(weights)}
    assert card.quality["held out"]["region"]["model"]["ab_error"] == made.after
    assert registry.load_network(out).head.out_channels == 7


def test_cancelled_nothing_is_written(weights, tmp_path):
    def cancel(done, _total):
        raise KeyboardInterrupt

    with pytest.raises(Cancelled, match=r"^cancelled; nothing was written$"):
        adapt(*_rasters(tmp_path, follows=True), tmp_path / "mine.safetensors", AdaptSettings(model=weights, **QUICK),
              progress=cancel)  # fmt: skip
    assert not (tmp_path / "mine.safetensors").exists()


def test_no_gain_writes_nothing(weights, tmp_path):
    out = tmp_path / "mine.safetensors"
    with pytest.raises(
        DataError, match=r"must gain at least 90% on the held-out blocks, got \d+\.\d+ Lab units before"
    ):
        adapt(
            *_rasters(tmp_path, follows=False),
            out,
            AdaptSettings(model=weights, **QUICK | {"least_gain": 0.9, "steps": 3}),
        )
    assert not out.exists()


def test_what_cannot_be_adapted_is_refused(weights, tmp_path):
    rasters = _rasters(tmp_path, follows=True)
    with pytest.raises(ModelError, match=r"model must be by-place or of its kind, got composite"):
        adapt(*rasters, tmp_path / "x.safetensors", AdaptSettings(model="composite"))
    with pytest.raises(DataError, match=r"must share at least 16 patches of 288 px to learn from and 2 to hold out"):
        adapt(*rasters, tmp_path / "x.safetensors", AdaptSettings(model=weights, patch_px=288))


def _forbid_work(*_args, **_kwargs):
    raise AssertionError("work began before the output was checked")


@pytest.mark.parametrize("name", ["s1.tif", "s2.tif", "start.safetensors"])
def test_an_input_is_never_overwritten_and_nothing_runs_before(weights, tmp_path, monkeypatch, name):
    rasters, before = _rasters(tmp_path, follows=True), (tmp_path / name).read_bytes()
    monkeypatch.setattr("sar_colorize.training.color.adapt.build_pairs", _forbid_work)
    with pytest.raises(OutputError, match=r"out must be another file than (s1|s2|model), got .* for both"):
        adapt(*rasters, tmp_path / name, AdaptSettings(model=weights), overwrite=True)
    assert (tmp_path / name).read_bytes() == before


def test_an_existing_file_is_replaced_only_where_asked_and_nothing_runs_before(weights, tmp_path, monkeypatch):
    rasters, out = _rasters(tmp_path, follows=True), tmp_path / "mine.safetensors"
    out.write_bytes(b"of somebody")
    with monkeypatch.context() as patched:
        patched.setattr("sar_colorize.training.color.adapt.build_pairs", _forbid_work)
        with pytest.raises(OutputError, match=r"out must not exist yet, got .*mine\.safetensors"):
            adapt(*rasters, out, AdaptSettings(model=weights))
    assert out.read_bytes() == b"of somebody"
    adapt(*rasters, out, AdaptSettings(model=weights, **QUICK), overwrite=True)
    assert registry.load_card(out).name == "mine"


def test_a_missing_folder_is_refused_before_anything_runs(weights, tmp_path, monkeypatch):
    monkeypatch.setattr("sar_colorize.training.color.adapt.build_pairs", _forbid_work)
    with pytest.raises(OutputError, match=r"out must be in a folder that can be written to, got .*nowhere"):
        adapt(*_rasters(tmp_path, follows=True), tmp_path / "nowhere" / "x.safetensors", AdaptSettings(model=weights))
    with pytest.raises(OutputError, match=r"out must be a weights file, got the folder"):
        adapt(*_rasters(tmp_path, follows=True), tmp_path, AdaptSettings(model=weights))


def test_what_a_killed_run_left_is_removed_by_the_next(weights, tmp_path):
    s1, s2 = _rasters(tmp_path, follows=False)
    code = """
import os, sys
import sar_colorize.training.color.adapt as module
module._trained = lambda *_: os.kill(os.getpid(), 9)
from sar_colorize import api
api.adapt(*sys.argv[1:4], model=sys.argv[4], patch_px=32, batch=4, steps=2, device="cpu")
"""
    words = [sys.executable, "-c", code, str(s1), str(s2), str(tmp_path / "mine.safetensors"), weights]
    assert subprocess.run(words, check=False).returncode == -9
    before = sorted(path.name for path in tmp_path.iterdir())
    assert [name for name in before if name.startswith(".mine.safetensors.sar-colorize-")]
    with pytest.raises(DataError, match="adapting must gain"):
        adapt(s1, s2, tmp_path / "mine.safetensors", AdaptSettings(model=weights, **(QUICK | {"steps": 2})))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s1.tif", "s2.tif", "start.safetensors"]
