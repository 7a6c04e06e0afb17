import numpy as np
import pytest
from PIL import Image

PLACES = (("train", "hills"), ("train", "plain"), ("val", "coast"), ("test", "town"))


def write_pair(folder, split, site, key, *, size=64, seed=0):
    """Radar speckle over a bright and a dark half; green and brown ground under them."""
    random = np.random.default_rng(seed)
    power = np.where(np.arange(size)[None] < size // 2, 0.02, 0.2) * random.gamma(4.4, 1 / 4.4, (size, size))
    code = np.clip((10 * np.log10(power) + 25) * 255 / 25, 0, 255).astype(np.uint8)
    rgb = np.empty((size, size, 3), np.uint8)
    rgb[:, : size // 2], rgb[:, size // 2 :] = (50, 110, 40), (150, 110, 60)
    rgb = np.clip(rgb + random.integers(-9, 10, rgb.shape), 0, 255).astype(np.uint8)
    for side, array in (("s1", code), ("s2", rgb)):
        path = folder / split / site / side / f"{site}_{side}_{key}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(array).save(path)


@pytest.fixture
def pairs_folder(tmp_path):
    folder = tmp_path / "pairs"
    for number, (split, site) in enumerate(PLACES):
        for key in range(4):
            write_pair(folder, split, site, f"{key:04d}", seed=10 * number + key)
    return folder
