"""Everything that can be wrong with an input, each with its one sentence, exit code 1, and nothing left behind."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from made import UTM33, speckled
from rasterio.enums import ColorInterp

MakeTif = Callable[..., Path]


def _good(make_tif: MakeTif) -> Path:
    return make_tif(speckled(200, 200), "good.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


def _bytes(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def _zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return path


def _truncated(make_tif: MakeTif) -> Path:
    path = make_tif(speckled(800, 800), names=("VV",), nodata=np.nan, tags={"UNITS": "dB"}, compress="deflate")
    path.write_bytes(path.read_bytes()[:-700_000])
    return path


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _polygons(path: Path, shape: shapely.Geometry) -> Path:
    geopandas.GeoSeries([shape], crs=UTM33).to_file(path)
    return path


GREY = [ColorInterp.red, ColorInterp.green, ColorInterp.blue]

INPUTS: dict[str, tuple[Callable[[MakeTif, Path], Path], str]] = {
    "missing file": (lambda tif, tmp: tmp / "nowhere.tif", "which does not exist; check the path"),
    "a folder": (lambda tif, tmp: _folder(tmp / "folder"), "got the folder"),
    "a SAFE folder": (lambda tif, tmp: _folder(tmp / "S1A.SAFE"), "must hold a GRD measurement"),
    "empty file": (lambda tif, tmp: _bytes(tmp, "empty.tif", b""), "which is empty (0 bytes)"),
    "text": (lambda tif, tmp: _bytes(tmp, "text.tif", b"no raster at all"), "must be a raster that GDAL reads"),
    "truncated": (lambda tif, tmp: _truncated(tif), "if it is truncated, copy or download it again"),
    "damaged zip": (lambda tif, tmp: _bytes(tmp, "bad.zip", b"PK no zip"), "which is damaged; download it again"),
    "zip without a raster": (lambda tif, tmp: _zip(tmp / "no.zip", "a.txt"), "must hold one raster, got 0"),
    "zip with two rasters": (lambda tif, tmp: _zip(tmp / "two.zip", "a.tif", "b.tif"), "must hold one raster, got 2"),
    "zipped SAFE": (lambda tif, tmp: _zip(tmp / "s.zip", "S1A.SAFE/manifest.safe"), "must hold a GRD measurement"),
    "complex": (lambda tif, tmp: tif(np.ones((128, 128), np.complex64)), "got complex values"),
    "paletted": (
        lambda tif, tmp: tif(np.ones((128, 128), np.uint8), photometric="palette", colorinterp=[ColorInterp.palette]),
        "got a paletted picture",
    ),
    "a colour picture": (
        lambda tif, tmp: tif(np.ones((3, 128, 128), np.uint8), photometric="RGB", colorinterp=GREY),
        "got a red, green, blue picture",
    ),
    "five nameless bands": (lambda tif, tmp: tif(np.ones((5, 128, 128), np.float32)), "got 5 without names"),
    "no valid pixel": (lambda tif, tmp: tif(np.full((128, 128), np.nan, np.float32)), "must hold valid pixels"),
    "values of no unit": (lambda tif, tmp: tif(speckled(128, 128) * 900), "set --unit"),
    "negative integers": (lambda tif, tmp: tif((speckled(128, 128) * 100).astype(np.int16)), "--unit must be known"),
}  # fmt: skip

OPTIONS: dict[str, tuple[Callable[[Path], list[object]], str]] = {
    "another polarisation": (lambda tmp: ["--polarization", "VH"], "polarization must be one of VV"),
    "unknown model": (lambda tmp: ["--model", "colorsarr"], "composite"),
    "weights that are none": (
        lambda tmp: ["--model", _bytes(tmp, "w.safetensors", b"\x80\x02pickle")],
        "w.safetensors",
    ),
    "overlap beyond the tile": (lambda tmp: ["--tile-px", 256, "--overlap-px", 320], "smaller than --tile-px=256"),
    "batch of none": (lambda tmp: ["--batch", 0], "batch must be at least 1, got 0"),
    "block too small": (lambda tmp: ["--block-px", 8], "error: --block-px must be at least 64, got 8; 1024"),
    "no GPU": (lambda tmp: ["--device", "cuda"], "torch sees no GPU"),
    "a palette": (lambda tmp: ["--palette", "france.tif"], "palette must be auto, none or an optical raster"),
    "a palette for another": (
        lambda tmp: ["--model", "colorsar-sar", "--palette", "france.tif"],
        "palette must be auto or none for colorsar-sar",
    ),
    "a confidence": (lambda tmp: ["--model", "colorsar-sar", "--confidence", "c.tif"], "left out for colorsar-sar"),
    "box elsewhere": (lambda tmp: ["--bbox", 0, 0, 9, 9], "bbox must share ground with the scene, got 0 0 9 9"),
    "box with swapped corners": (lambda tmp: ["--bbox", 9, 0, 0, 9], "must be west south east north, got 9 0 0 9"),
    "box in no CRS": (
        lambda tmp: ["--bbox", 0, 0, 9, 9, "--bbox-crs", "EPSG:999999"],
        "--bbox-crs must be a CRS such as EPSG:4326",
    ),
    "CRS without a box": (lambda tmp: ["--bbox-crs", "EPSG:4326"], "--bbox-crs must come with a bbox"),
    "missing area": (lambda tmp: ["--aoi", tmp / "no.gpkg"], "aoi must be an existing vector file"),
    "area of points": (
        lambda tmp: ["--aoi", _polygons(tmp / "p.gpkg", shapely.Point(500500, 4999500))],
        "aoi must hold at least one polygon",
    ),
    "area elsewhere": (
        lambda tmp: ["--aoi", _polygons(tmp / "far.gpkg", shapely.box(0, 0, 9, 9))],
        "aoi must share ground with the scene",
    ),
    "unknown creation option": (lambda tmp: ["--co", "COLOUR=BLUE"], "COLOUR"),
    "creation option of no value": (lambda tmp: ["--co", "LEVEL=often"], "LEVEL"),
    "nodata in a jpeg": (lambda tmp: ["--profile", "jpeg", "--co", "NODATA=0"], "NODATA"),
    "no scheduler": (lambda tmp: ["--scheduler", "tcp://127.0.0.1:9"], "running dask scheduler, got tcp://127.0.0.1:9"),
}  # fmt: skip


def check_refusal(done: subprocess.CompletedProcess[str], sentence: str, out: Path) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    assert sentence in lines[0]
    assert len(lines[0]) < 500
    assert list(out.iterdir()) == []


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for the output."""
    return _folder(tmp_path / "out")


@pytest.mark.parametrize("case", INPUTS)
def test_a_bad_input_is_one_sentence(
    case: str, make_tif: MakeTif, tmp_path: Path, out: Path, run_cli: Callable
) -> None:
    make, sentence = INPUTS[case]
    check_refusal(run_cli("colorize", make(make_tif, tmp_path), out / "c.tif", "--model", "composite"), sentence, out)


@pytest.mark.parametrize("case", OPTIONS)
def test_a_bad_option_is_one_sentence(
    case: str, make_tif: MakeTif, tmp_path: Path, out: Path, run_cli: Callable
) -> None:
    make, sentence = OPTIONS[case]
    check_refusal(run_cli("colorize", _good(make_tif), out / "c.tif", *make(tmp_path)), sentence, out)


@pytest.mark.parametrize(
    ("size", "looks", "sentence"),
    [
        (4, 4.4, "odd number of pixels from 3 to 31, got 4"),
        (7, -1, "--looks must be auto or a number from 0.01 to 1000000, got -1"),
        (7, "nan", "0.01 to 1000000, got nan"),
    ],
)
def test_a_bad_filter_is_one_sentence(
    make_tif: MakeTif, out: Path, run_cli: Callable, size: int, looks: float | str, sentence: str
) -> None:
    check_refusal(run_cli("despeckle", _good(make_tif), out / "s.tif", "--size", size, "--looks", looks), sentence, out)


def test_an_existing_output_is_kept(make_tif: MakeTif, out: Path, run_cli: Callable) -> None:
    (out / "c.tif").write_bytes(b"precious")
    done = run_cli("colorize", _good(make_tif), out / "c.tif", "--model", "composite")
    assert done.returncode == 1
    assert f"{out / 'c.tif'}" in done.stderr
    assert (out / "c.tif").read_bytes() == b"precious"
    assert run_cli("colorize", _good(make_tif), out / "c.tif", "--model", "composite", "--overwrite").returncode == 0
    assert [path.name for path in out.iterdir()] == ["c.tif"]


def test_an_output_in_no_folder_is_one_sentence(make_tif: MakeTif, out: Path, run_cli: Callable) -> None:
    done = run_cli("colorize", _good(make_tif), out / "none" / "c.tif", "--model", "composite")
    check_refusal(done, str(out / "none"), out)
