"""What these tests make for themselves, with GDAL: radar scenes, fake backends, a feedback that remembers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from home import ROOT
from osgeo import gdal, osr
from qgis.core import QgsProcessingFeedback

gdal.UseExceptions()

VERSION = "0.1.0"
CHOICES: dict[str, Any] = {
    "version": VERSION,
    "models": [{"name": "first", "summary": "The first."}, {"name": "second", "summary": "The second."}],
    "filters": ["none", "lee", "frost"],
    "polarizations": ["VV", "VH"],
    "units": ["db", "power"],
    "profiles": ["deflate", "jpeg"],
    "devices": ["auto", "cpu"],
    "structures": ["both", "radar", "reference"],
}

_FAKE = """#!/usr/bin/python3
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
output = arguments[3] if len(arguments) > 3 else ""
def tell(event, **more):
    print(json.dumps(dict(event=event, **more)), file=sys.stderr, flush=True)
if arguments[0] == "choices":
    {answer}
    sys.exit(0)
(here / "arguments.json").write_text(json.dumps(arguments))
(here / "environment.json").write_text(json.dumps(dict(os.environ)))
{body}
"""


def write_fake(path: Path, body: str = "", **changes: Any) -> Path:
    """A program that answers the handshake with CHOICES, changed, and then does `body`; see conftest.fake_backend."""
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = changes.pop("answer", f"print({json.dumps(CHOICES | changes)!r})")
    path.write_text(_FAKE.format(answer=answer, body=body), encoding="utf-8")
    path.chmod(0o755)
    return path


def write_scene(path: Path, height: int = 96, width: int = 128, bands: int = 2, *, seed: int = 0, dtype: int = 0,
                names: tuple[str, ...] = ("VV", "VH"), hole: bool = True) -> Path:  # fmt: skip
    """Speckle over a smooth landscape in decibels, UTM 33, 10 m; NaN in a corner."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    ground = -12 + 3 * np.sin(x / 17) + 2 * np.cos(y / 11)
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = dtype or gdal.GDT_Float32
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, bands, kind, ["TILED=YES"])
    dataset.SetGeoTransform((500000.0, 10.0, 0.0, 5000000.0, 0.0, -10.0))
    dataset.SetProjection(utm33())
    for index in range(bands):
        band = dataset.GetRasterBand(index + 1)
        values = ground - 6 * index + 10 * np.log10(rng.gamma(4.4, 1 / 4.4, (height, width)))
        if hole:
            values[: height // 5, : width // 5] = np.nan
        band.SetNoDataValue(float("nan"))
        band.WriteArray(values)
        if index < len(names):
            band.SetDescription(names[index])
    dataset.SetMetadataItem("UNITS", "dB")
    return path


def utm33() -> str:
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32633)
    return reference.ExportToWkt()


def pixels(path: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Values of all bands and the mask of the first, as GDAL reads them."""
    dataset = gdal.Open(str(path))
    return dataset.ReadAsArray(), dataset.GetRasterBand(1).GetMaskBand().ReadAsArray()


def same_picture(one: Path | str, other: Path | str) -> bool:
    """Byte for byte the same pixels, mask, grid and CRS."""
    first, second = gdal.Open(str(one)), gdal.Open(str(other))
    same_grid = first.GetGeoTransform() == second.GetGeoTransform() and first.GetProjection() == second.GetProjection()
    arrays = zip(pixels(one), pixels(other), strict=True)
    return same_grid and all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in arrays)


def command_line(python: str, *arguments: Any) -> None:
    """The same work by the command line."""
    subprocess.run(
        [python, "-m", "sar_colorize_cli.main", *map(str, arguments)], check=True, capture_output=True, timeout=300
    )


def shared_scene(name: str) -> Path:
    """A real scene in the folder that SAR_COLORIZE_DATA names, or in ../shared/data; the test skips without it."""
    path = Path(os.environ.get("SAR_COLORIZE_DATA", ROOT.parent / "shared" / "data")) / name
    if not path.exists():
        pytest.skip(f"real scene {name} is not here; set SAR_COLORIZE_DATA to the folder that holds it")
    return path


class Heard(QgsProcessingFeedback):
    """A feedback that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(False)
        self.said: list[str] = []
        self.texts: list[str] = []
        self.percent: list[float] = []
        self.progressChanged.connect(self.percent.append)

    def pushInfo(self, text: str) -> None:
        self.said.append(text)

    def pushCommandInfo(self, text: str) -> None:
        self.said.append(text)

    def setProgressText(self, text: str) -> None:
        self.texts.append(text)
