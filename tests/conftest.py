"""Fixtures: scenes made on the spot, one real patch that a package ships, networks with fixed random weights."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from made import TRANSFORM, UTM33, command, speckled, write_pair, write_weights

from sar_colorize.engine.shared import forget_graphs

MakeTif = Callable[..., Path]


@pytest.fixture
def make_tif(tmp_path: Path) -> MakeTif:
    """Writes values (C, H, W) or (H, W) as a GeoTIFF and returns its path."""

    def make(values: np.ndarray, name: str = "scene.tif", *, names: tuple[str, ...] = (), tags: Any = None,
             mask: np.ndarray | None = None, colorinterp: Any = None, **profile: Any) -> Path:  # fmt: skip
        stacked = values if values.ndim == 3 else values[None]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"crs": UTM33, "transform": TRANSFORM, "tiled": True, "blockxsize": 128, "blockysize": 128} | profile
        if options["transform"] is None:
            del options["transform"]
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(path, "w", driver="GTiff", count=len(stacked), height=stacked.shape[1],
                          width=stacked.shape[2], dtype=stacked.dtype, **options) as dataset,
        ):  # fmt: skip
            if colorinterp is not None:
                dataset.colorinterp = colorinterp
            dataset.write(stacked)
            for index, name in enumerate(names, 1):
                dataset.set_band_description(index, name)
            if tags:
                dataset.update_tags(**tags)
            if mask is not None:
                dataset.write_mask(mask)
        return path

    return make


@pytest.fixture
def holes() -> Callable[[int, int], np.ndarray]:
    """(H, W) validity with a disc, a wedge and single pixels missing."""

    def make(height: int, width: int) -> np.ndarray:
        y, x = np.mgrid[0:height, 0:width]
        valid = (y - height * 0.3) ** 2 + (x - width * 0.6) ** 2 > (min(height, width) * 0.12) ** 2
        valid &= x + 2 * y > width // 5
        valid &= np.random.default_rng(7).random((height, width)) > 0.002
        return valid

    return make


@pytest.fixture
def scene_with_holes(make_tif: MakeTif, holes: Callable[[int, int], np.ndarray]) -> Path:
    """600 x 700, VV and VH in decibels, NaN in its holes, UTM."""
    valid = holes(600, 700)
    values = np.stack([speckled(600, 700), speckled(600, 700, seed=1, median_db=-18.5)])
    return make_tif(np.where(valid, values, np.nan).astype(np.float32), names=("VV", "VH"), nodata=np.nan)


@pytest.fixture(scope="session")
def bounded_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ColorSAR: bounded receptive field, tiles cropped."""
    return write_weights(tmp_path_factory.mktemp("weights") / "bounded.safetensors")


@pytest.fixture(scope="session")
def blended_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pix2pix: unbounded receptive field, tiles blended."""
    path = tmp_path_factory.mktemp("weights") / "blended.safetensors"
    return write_weights(
        path, architecture="pix2pix", output="rgb", settings={"width": 4}, halo_px=None, stride_px=1, tile_px=256,
        overlap_px=64,
    )  # fmt: skip


@pytest.fixture(scope="session")
def placed_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small by-place: two bands, a palette, tiles cropped."""
    from sar_colorize.models.by_place import halo_px
    from sar_colorize.models.by_place_picture import STRIDE_PX

    path, halo = tmp_path_factory.mktemp("weights") / "placed.safetensors", halo_px()
    return write_weights(
        path, architecture="by-place", output="maps", channels=2, settings={"width": 8}, halo_px=halo,
        stride_px=STRIDE_PX, tile_px=128 + 2 * halo, overlap_px=2 * halo,
    )  # fmt: skip


@pytest.fixture(scope="session")
def real_patch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real Sentinel-1 patch of BigEarthNet: 120 x 120, VV and VH in dB, UTM, made into one two-band file."""
    import bigearthnet_common

    archive = Path(bigearthnet_common.__file__).parent / "BigEarthNet-S1-Example.tar.bz2"
    bands: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in sorted(tar.getmembers(), key=lambda item: item.name):
            for band in ("VV", "VH"):
                if member.name.endswith(f"_{band}.tif") and band not in bands:
                    bands[band] = tar.extractfile(member).read()  # type: ignore[union-attr]
    path = tmp_path_factory.mktemp("real") / "patch.tif"
    with rasterio.open(io.BytesIO(bands["VV"])) as vv, rasterio.open(io.BytesIO(bands["VH"])) as vh:
        profile = vv.profile | {"count": 2}
        with rasterio.open(path, "w", **profile) as out:
            out.write(np.stack([vv.read(1), vh.read(1)]))
            out.descriptions = ("VV", "VH")
    return path


@pytest.fixture
def run_cli() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the installed command in a process of its own."""

    def run(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=300, check=False, **options)

    return run


@pytest.fixture(autouse=True)
def _no_graph_stays() -> Iterator[None]:
    """A worker of a cluster that is a thread of the tests keeps no graph for the next one."""
    yield
    forget_graphs()


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches a network."""
    monkeypatch.setenv("GDAL_HTTP_CONNECTTIMEOUT", "1")
    monkeypatch.setenv("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".none")
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "0")


@pytest.fixture
def pairs_folder(tmp_path: Path) -> Path:
    """A folder of pairs of 64 px: two places to train on, one to validate with, one to test on."""
    folder = tmp_path / "pairs"
    for number, (split, site) in enumerate(
        (("train", "hills"), ("train", "plain"), ("val", "coast"), ("test", "town"))
    ):
        for key in range(4):
            write_pair(folder, split, site, f"{key:04d}", seed=10 * number + key)
    return folder
