"""A pipe in the place of any file that a user may name is refused: whoever reads one waits until somebody writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from made import UTM33, speckled, write_pair

import sar_colorize as sc
from sar_colorize import api
from sar_colorize.errors import DataError, OutputError, SarColorizeError, SettingError, UnreadableError
from sar_colorize.evaluation.speckle.stacks import stacks_in
from sar_colorize.pairs.find import Pair
from sar_colorize.pairs.read import read_pair
from sar_colorize.scene import open_scene
from sar_colorize.scene.files import files_of
from sar_colorize.scene.stack_file import read_dates
from sar_colorize.scene.vector import read_vector
from sar_colorize.training.run_folder import run_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes in its folders")
MakeTif = Callable[..., Path]
Pipe = Callable[[Path], Path]
SUFFIXES = (".tif", ".vrt", ".zip", ".SAFE", "")


_WATCH = """
import os, sys, time
from pathlib import Path
while True:
    time.sleep(0.05)
    for path in Path(sys.argv[1]).rglob("*"):
        if path.is_fifo():
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))  # fails where nobody waits for a writer
            except OSError:
                continue
            print(path.name, flush=True)
"""


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    """Makes pipes. Whoever waits for one is let go, and the test fails.

    By a process of its own: GDAL holds Python while it opens a file.
    """

    def make(path: Path) -> Path:
        os.mkfifo(path)
        return path

    watcher = subprocess.Popen([sys.executable, "-c", _WATCH, tmp_path], stdout=subprocess.PIPE, text=True)
    yield make
    watcher.kill()
    assert watcher.communicate()[0].split() == []


@pytest.fixture
def scene(make_tif: MakeTif) -> Path:
    return make_tif(speckled(96, 128)[None], "in/scene.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


@pytest.fixture
def picture(make_tif: MakeTif) -> Path:
    return make_tif(np.full((3, 96, 128), 90, np.uint8), "in/picture.tif")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("where", ["scene", "palette", "area", "colour of pairs", "radar of pairs", "model"])
def test_a_pipe_that_is_named_is_one_sentence(
    scene: Path, picture: Path, tmp_path: Path, pipe: Pipe, where: str, suffix: str
) -> None:
    named, out = pipe(tmp_path / f"pipe{suffix}"), tmp_path / "made.tif"
    calls: dict[str, Callable[[], object]] = {
        "scene": lambda: open_scene(named),
        "palette": lambda: sc.colorize(scene, out, palette=str(named)),
        "area": lambda: sc.despeckle(scene, out, filter="boxcar", aoi=named),
        "colour of pairs": lambda: api.build_pairs(scene, named, tmp_path / "pairs", patch_px=32),
        "radar of pairs": lambda: api.build_pairs(named, picture, tmp_path / "pairs", patch_px=32),
        "model": lambda: sc.colorize(scene, out, model=str(named)),
    }
    with pytest.raises(SarColorizeError, match=r"must be a .*file, got .*pipe"):
        calls[where]()
    assert not out.exists()


@pytest.mark.parametrize("name", ["scene.tif.aux.xml", "scene.tif.msk", "scene.tif.ovr", "scene.tfw", "SCENE.TIF.MSK"])
def test_a_pipe_beside_a_raster_is_one_sentence(scene: Path, pipe: Pipe, name: str) -> None:
    pipe(scene.with_name(name))
    with pytest.raises(
        UnreadableError, match=r"input must have files beside it, got .*, a pipe or a device; move that"
    ):
        open_scene(scene)
    assert open_scene(scene.rename(scene.with_name("sce.tif"))).bands == ("VV",)  # the pipe is not one of its own


def test_a_pipe_beside_a_palette_is_one_sentence(scene: Path, picture: Path, tmp_path: Path, pipe: Pipe) -> None:
    pipe(picture.with_name("picture.tif.ovr"))
    with pytest.raises(SettingError, match=r"palette cannot be used: input must have files beside it"):
        sc.colorize(scene, tmp_path / "made.tif", palette=str(picture))


def test_a_pipe_beside_snaps_bands_is_one_sentence(scene: Path, tmp_path: Path, pipe: Pipe) -> None:
    (tmp_path / "x.data").mkdir()
    (tmp_path / "x.dim").write_text("<Dimap_Document/>")
    shutil.copy(scene, tmp_path / "x.data" / "Sigma0_VV.img")
    pipe(tmp_path / "x.data" / "Sigma0_VV.hdr")
    with pytest.raises(UnreadableError, match="input must have files beside it"):
        open_scene(tmp_path / "x.dim")


@pytest.mark.parametrize("suffix", [".dbf", ".shx", ".prj", ".cpg"])
def test_a_pipe_as_a_part_of_a_shapefile_is_one_sentence(tmp_path: Path, pipe: Pipe, suffix: str) -> None:
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shapely.box(500100, 4999300, 500900, 4999900)], crs=UTM33)
    frame.to_file(tmp_path / "area.shp")
    (tmp_path / f"area{suffix}").unlink()
    pipe(tmp_path / f"area{suffix}")
    with pytest.raises(SettingError, match=rf"aoi must have files beside it, got .*area\{suffix}, a pipe or a device"):
        read_vector(str(tmp_path / "area.shp"))


@pytest.mark.parametrize("side", ["s1", "s2"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_pipe_in_the_place_of_a_patch_is_one_sentence(tmp_path: Path, pipe: Pipe, side: str, suffix: str) -> None:
    write_pair(tmp_path / "good", "train", "hills", "0000", seed=0)
    one = pipe(tmp_path / f"patch{suffix}")
    good = next((tmp_path / "good").rglob("s1/*" if side == "s2" else "s2/*"))
    pair = Pair("a", "b", "train", *((one, good) if side == "s1" else (good, one)))
    with pytest.raises(DataError, match=r"a patch must be a file, got .*patch.*, a pipe or a device; leave it out"):
        read_pair(pair)


def test_a_pipe_in_the_place_of_a_stack_and_a_damaged_stack_are_one_sentence(tmp_path: Path, pipe: Pipe) -> None:
    pipe(tmp_path / "a.npz")
    for read in (lambda: read_dates(tmp_path / "a.npz"), lambda: stacks_in(tmp_path)):
        with pytest.raises(DataError, match=r"a stack must be a file, got .*a\.npz, a pipe or a device"):
            read()
    for content in (b"", b"PK\x03\x04 cut short", b"\x80\x04 a pickle"):
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"a stack must be a whole \.npz file, got .*b\.npz"):
            read_dates(tmp_path / "b.npz")


@pytest.mark.parametrize("name", ["settings.json", "log.csv", "checkpoint.safetensors"])
@pytest.mark.parametrize("resume", [False, True])
def test_a_pipe_in_the_folder_of_a_run_is_one_sentence(tmp_path: Path, pipe: Pipe, name: str, resume: bool) -> None:
    (tmp_path / "run").mkdir()
    pipe(tmp_path / "run" / name)
    with (
        pytest.raises(OutputError, match=r"out must be a folder of files, got .*, a pipe or a device; name another"),
        run_folder(tmp_path / "run", "{}", resume=resume, counts="epoch"),
    ):
        pass
    assert (tmp_path / "run" / name).is_fifo()


def test_a_pipe_beside_an_input_is_not_read_for_what_it_names(scene: Path, tmp_path: Path, pipe: Pipe) -> None:
    pipe(scene.with_name("scene.xml"))
    assert scene in files_of(str(scene))


def test_a_pipe_is_never_replaced_by_adapted_weights(scene: Path, picture: Path, tmp_path: Path, pipe: Pipe) -> None:
    out = pipe(tmp_path / "made.safetensors")
    with pytest.raises(OutputError, match=r"out must be a regular file, got .*made\.safetensors, a pipe or a device"):
        api.adapt(scene, picture, out=out, overwrite=True)
    assert out.is_fifo()
