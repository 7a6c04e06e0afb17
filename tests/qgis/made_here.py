"""What these tests make for themselves, with GDAL: radar scenes, fake backends, a feedback that remembers."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
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


def write_wheel(folder: Path, *, version: str = VERSION, rasterio: bool = True) -> Path:
    """A wheel called sar-colorize whose program answers as the real one does, and nothing more.

    `version` is what it says of itself; without `rasterio` it says that this is missing.
    """
    program = f"""
import json, sys

CHOICES = {CHOICES | {"version": version}!r}
CHECKS = [dict(name="rasterio", ok={rasterio}, needed=True, detail="of the test", mend=""),
          dict(name="torch", ok=False, needed=False, detail="not installed", mend="")]


def main():
    print(json.dumps(CHOICES if sys.argv[1] == "choices" else dict(checks=CHECKS)))
"""
    about = f"sar_colorize-{VERSION}.dist-info"
    parts = {
        "sar_colorize_stub.py": program,
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: sar-colorize\nVersion: {VERSION}\nProvides-Extra: vector\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\nsar-colorize = sar_colorize_stub:main\n",
    }
    record = "".join(f"{name},,\n" for name in (*parts, f"{about}/RECORD"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"sar_colorize-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (parts | {f"{about}/RECORD": record}).items():
            archive.writestr(name, text)
    return path


def write_endless_source(folder: Path) -> Path:
    """A clone whose build starts a process, writes both processes' ids into `folder / "ids"`, and never ends."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "sar-colorize"\nversion = "0.1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "endless"\nbackend-path = ["."]\n'
    )
    (folder / "endless.py").write_text(
        "import os, pathlib, subprocess, sys, tempfile, time\n"
        "def prepare_metadata_for_build_wheel(*arguments):\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(9999)'])\n"
        "    pathlib.Path(tempfile.mkdtemp(), 'unpacked').touch()\n"
        "    ids = pathlib.Path(__file__).with_name('ids')\n"
        "    ids.with_suffix('.part').write_text(f'{os.getpid()} {child.pid}')\n"
        "    ids.with_suffix('.part').rename(ids)\n"
        "    time.sleep(9999)\n"
        "build_wheel = prepare_metadata_for_build_wheel\n"
    )
    return folder


def alive(ids: Path) -> list[str]:
    """Those of the processes in a file that live; a zombie that nobody has waited for does not."""
    found = []
    for number in ids.read_text().split():
        try:
            state = Path("/proc", number, "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(number)
    return found


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

    def pushConsoleInfo(self, text: str) -> None:
        self.said.append(text)

    def setProgressText(self, text: str) -> None:
        self.texts.append(text)
