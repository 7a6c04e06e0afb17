import shutil
from pathlib import Path

import numpy as np
import pytest
from made import write_weights
from PIL import Image

from sar_colorize import api

PLACES = (("train", "hills", 4), ("train", "plain", 3), ("test", "coast", 4), ("test", "town", 3))
GREEN, BROWN = (50, 110, 40), (150, 110, 60)


def write_pair(folder, split, site, key, *, size=64, seed=0):
    """Radar speckle over a dark and a bright half; green and brown ground under them."""
    random = np.random.default_rng(seed)
    power = np.where(np.arange(size)[None] < size // 2, 0.02, 0.2) * random.gamma(4.4, 1 / 4.4, (size, size))
    code = np.clip((10 * np.log10(power) + 25) * 255 / 25, 0, 255).astype(np.uint8)
    rgb = np.empty((size, size, 3), np.uint8)
    rgb[:, : size // 2], rgb[:, size // 2 :] = GREEN, BROWN
    rgb = np.clip(rgb + random.integers(-20, 21, rgb.shape), 0, 255).astype(np.uint8)
    for side, array in (("s1", code), ("s2", rgb)):
        path = folder / split / site / side / f"{site}_{side}_{key}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)


@pytest.fixture(scope="session")
def shared_pairs(tmp_path_factory):
    """Two sites to learn from and two to be measured on; not to be changed."""
    folder = tmp_path_factory.mktemp("shared") / "pairs"
    for number, (split, site, count) in enumerate(PLACES):
        for key in range(count):
            write_pair(folder, split, site, f"{key:04d}", seed=10 * number + key)
    return folder


@pytest.fixture
def pairs_folder(shared_pairs, tmp_path):
    """The same, a copy of one's own."""
    return Path(shutil.copytree(shared_pairs, tmp_path / "pairs"))


@pytest.fixture(scope="session")
def evaluated(shared_pairs, weights, tmp_path_factory):
    """Everything measured once: what `evaluate` returned, and the report's folder."""
    report = tmp_path_factory.mktemp("evaluated") / "report"
    return api.evaluate([*map(str, weights), "composite"], shared_pairs, report, device="cpu"), report


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Two networks with random weights: one gives (a, b), one a picture."""
    folder = tmp_path_factory.mktemp("weights")
    picture = {"architecture": "pix2pix", "output": "rgb", "settings": {"width": 4}, "halo_px": None, "stride_px": 64}
    sizes = {"tile_px": 256, "overlap_px": 128, "name": "random-picture"}
    return write_weights(folder / "ab.safetensors"), write_weights(folder / "rgb.safetensors", **picture, **sizes)
