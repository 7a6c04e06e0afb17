"""What tests make for themselves: speckle, networks with random weights, command lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from affine import Affine

if TYPE_CHECKING:
    from sar_colorize.colorizer import Colorizer
    from sar_colorize.prepare import ColorizeSettings
    from sar_colorize.scene import Scene

UTM33 = "EPSG:32633"
TRANSFORM = Affine(10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)


def speckled(height: int, width: int, *, seed: int = 0, median_db: float = -12.0) -> np.ndarray:
    """(H, W) float32 decibels: a smooth landscape, a dark river and 4.4-look speckle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    ground = median_db + 3 * np.sin(x / 37) + 2 * np.cos(y / 23 + x / 61)
    ground = np.where(np.abs(y - height / 2 - 20 * np.sin(x / 50)) < 6, median_db - 8, ground)
    return (ground + 10 * np.log10(rng.gamma(4.4, 1 / 4.4, (height, width)))).astype(np.float32)


def write_weights(path: Path, **changes: Any) -> Path:
    """A network with fixed random weights: the machinery without the training."""
    import torch

    from sar_colorize.models import registry
    from sar_colorize.models.card import Card
    from sar_colorize.models.colorsar import STRIDE_PX, halo_px

    halo = halo_px()
    card: dict[str, Any] = {
        "name": "random", "architecture": "colorsar", "output": "ab", "input": "sar-l", "settings": {"width": 8},
        "halo_px": halo, "stride_px": STRIDE_PX, "tile_px": 128 + 2 * halo, "overlap_px": 2 * halo,
    }  # fmt: skip
    made = Card(**(card | changes))
    torch.manual_seed(0)
    registry.save_weights(path, registry.build(made), made)
    return path


def command(*arguments: Any) -> list[str]:
    """The command line of this environment's `sar-colorize`."""
    return [sys.executable, "-m", "sar_colorize_cli.main", *map(str, arguments)]


def shared_scene(name: str) -> Path:
    """A real scene in the folder that SAR_COLORIZE_DATA names, or in ../shared/data; the test skips without it."""
    folder = Path(os.environ.get("SAR_COLORIZE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    path = folder / name
    if not path.exists():
        pytest.skip(f"real scene {name} is not here; set SAR_COLORIZE_DATA to the folder that holds it")
    return path


def write_pair(folder: Path, split: str, site: str, key: str, *, size: int = 64, seed: int = 0) -> None:
    """Radar speckle over a bright and a dark half; green and brown ground under them."""
    from PIL import Image

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


def prepared(scene: Scene, settings: ColorizeSettings, **more: Any) -> tuple[Scene, Colorizer]:
    """The scene and the colorizer of `prepare`."""
    from sar_colorize.prepare import prepare

    made = prepare(scene, settings, **more)
    return made.scene, made.colorizer


def killed_with_blocks(output: Path, extra: str = "") -> Path:
    """The hidden folder that a process left which died with blocks written."""
    code = f"""
import os, sys
from pathlib import Path
from sar_colorize.hidden_folder import HiddenFolder
hidden = HiddenFolder(Path({str(output)!r}))
(hidden.path / "blocks.tif").write_bytes(b"half")
(hidden.path / "temporary").mkdir()
(hidden.path / "temporary" / "of_gdal").write_bytes(b"x")
{extra}
print(hidden.path, flush=True)
os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return Path(done.stdout.strip())
