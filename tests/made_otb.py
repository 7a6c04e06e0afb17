"""What the Orfeo Toolbox makes of a small simulated scene: run live, or recorded in otb.npz.

python tests/made_otb.py        records anew; needs otbcli_Despeckle (Debian: otb-bin)
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import rasterio

COMMAND = "otbcli_Despeckle"
RECORDED = Path(__file__).parent / "speckle" / "otb.npz"
LOOKS, DERAMP = 4.4, 2.0
RADII = (1, 3)
NAMES = {"lee": "lee", "frost": "frost", "kuan": "kuan", "gamma-map": "gammamap"}
"""Our name of a filter: theirs."""


def scene() -> np.ndarray:
    """80 x 80 linear power: fields, a bright road, a slope, points, and 4.4-look speckle."""
    rows, cols = np.mgrid[0:80, 0:80]
    ground = np.where((rows // 23 + cols // 31) % 2, 0.15, 0.04) * (1 + cols / 160)
    ground[39:41] *= 6
    ground[7::29, 11::23] *= 40
    return (ground * np.random.default_rng(0).gamma(LOOKS, 1 / LOOKS, ground.shape)).astype(np.float32)


def despeckled(power: np.ndarray, name: str, radius: int, folder: Path) -> np.ndarray:
    """The toolbox's result for one of our names, as a whole process."""
    theirs, source, output = NAMES[name], folder / "source.tif", folder / f"{name}_{radius}.tif"
    with rasterio.open(
        source, "w", driver="GTiff", height=power.shape[0], width=power.shape[1], count=1, dtype="float32",
        crs="EPSG:32633", transform=rasterio.transform.from_origin(5e5, 5e6, 10, 10),
    ) as dataset:  # fmt: skip
        dataset.write(power, 1)
    knob = ["deramp", DERAMP] if name == "frost" else ["nblooks", LOOKS]
    call = [COMMAND, "-in", source, "-out", output, "float", "-filter", theirs]
    call += [f"-filter.{theirs}.rad", radius, f"-filter.{theirs}.{knob[0]}", knob[1]]
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GDAL_", "PROJ_", "PYTHON"))}
    subprocess.run([str(part) for part in call], check=True, capture_output=True, env=clean, timeout=120)
    with rasterio.open(output) as dataset:
        return dataset.read(1)


def record() -> None:
    """Writes otb.npz."""
    power = scene()
    with tempfile.TemporaryDirectory() as folder:
        made = {f"{name} {radius}": despeckled(power, name, radius, Path(folder)) for name in NAMES for radius in RADII}
    np.savez_compressed(RECORDED, power=power, **made)


if __name__ == "__main__":
    record()
