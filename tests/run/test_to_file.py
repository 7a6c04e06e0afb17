"""Files of one run appear together or not at all, and what is said of a cancelled run is true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import speckled

import sar_colorize as sc
from sar_colorize.cog import CogWriter, publish
from sar_colorize.errors import Cancelled, OutputError, SettingError
from sar_colorize.raster import Grid, Raster, Unit, Window
from sar_colorize.run.to_file import Work, run_to_files

GRID = Grid(4, 4)


def _writer(path: Path, overwrite: bool = True) -> CogWriter:
    return CogWriter(path, GRID, bands=("power",), dtype="float32", overwrite=overwrite)


def _rasters(_ready: Window) -> tuple[Raster, Raster]:
    raster = Raster(np.ones((1, 4, 4), np.float32), np.ones((4, 4), bool), ("power",), Unit.POWER)
    return raster, raster


def _work(compute: Callable[[Window], Any] = _rasters) -> Work[Window]:
    return Work([GRID.window], lambda window: window, compute)


def test_both_files_of_a_run_appear(tmp_path: Path) -> None:
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    count, _ = run_to_files(_work(), [_writer(path) for path in paths], GRID.window)
    assert (count.total, count.skipped) == (1, 0)
    assert sorted(tmp_path.iterdir()) == paths


def test_where_one_file_cannot_be_built_the_other_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture's file fails after that of its expected error was built, and the other way round."""
    build = CogWriter._build
    for broken in ("a.tif", "b.tif"):

        def fail(self: CogWriter, folder: Path, broken: str = broken) -> None:
            if self.path.name == broken:
                raise OutputError("made to fail")
            build(self, folder)

        monkeypatch.setattr(CogWriter, "_build", fail)
        with pytest.raises(OutputError, match="made to fail"):
            run_to_files(_work(), [_writer(tmp_path / "a.tif"), _writer(tmp_path / "b.tif")], GRID.window)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_where_the_second_file_cannot_be_renamed_older_files_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    first, second = tmp_path / "a.tif", tmp_path / "b.tif"
    first.write_bytes(b"older a")
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if Path(target) == second:
            raise PermissionError(13, "made to fail")
        return replace(self, target)

    if not links:
        monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError("no links here")))
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="made to fail"):
        run_to_files(_work(), [_writer(first), _writer(second)], GRID.window)
    assert first.read_bytes() == b"older a"
    assert list(tmp_path.iterdir()) == [first]


class OutOfMemoryError(RuntimeError):
    """Called as torch calls its own, of a GPU."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 4 EiB"),
        OutOfMemoryError("CUDA out of memory"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: not enough memory: you tried to allocate"
        ),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes"),
    ],
    ids=["Python and numpy", "GPU", "torch on Windows", "torch on Linux"],
)
def test_memory_that_runs_out_is_one_sentence_and_leaves_no_file(tmp_path: Path, error: Exception) -> None:
    def fail(_window: Window) -> None:
        raise error

    with pytest.raises(SettingError, match=r"got none left; choose a smaller block_px, tile_px or batch"):
        run_to_files(_work(fail), [_writer(tmp_path / "a.tif"), _writer(tmp_path / "b.tif")], GRID.window)
    assert list(tmp_path.iterdir()) == []


def test_a_defect_is_not_called_a_lack_of_memory(tmp_path: Path) -> None:
    def fail(_window: Window) -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        run_to_files(_work(fail), [_writer(tmp_path / "a.tif"), _writer(tmp_path / "b.tif")], GRID.window)


def test_a_cancelled_run_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    def interrupt(_window: Window) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="cancelled; nothing was written"):
        run_to_files(_work(interrupt), [_writer(tmp_path / "a.tif"), _writer(tmp_path / "b.tif")], GRID.window)
    assert list(tmp_path.iterdir()) == []


def test_what_is_cancelled_after_all_was_published_says_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(writers: list[CogWriter]) -> None:
        publish(writers)
        raise KeyboardInterrupt

    monkeypatch.setattr("sar_colorize.run.to_file.publish", late)
    path = tmp_path / "a.tif"
    with pytest.raises(Cancelled, match=r"cancelled when all was done: .*a\.tif"):
        run_to_files(Work([GRID.window], lambda w: w, lambda w: _rasters(w)[:1]), [_writer(path)], GRID.window)
    assert path.exists()


def test_a_stack_whose_last_file_fails_leaves_no_file_and_no_folder(
    make_tif: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [make_tif(speckled(80, 90, seed=date), f"date{date}.tif", names=("VV",)) for date in range(3)]
    build = CogWriter._build

    def fail(self: CogWriter, folder: Path) -> None:
        if self.path.name == "date2.tif":
            raise OutputError("made to fail")
        build(self, folder)

    monkeypatch.setattr(CogWriter, "_build", fail)
    with pytest.raises(OutputError, match="made to fail"):
        sc.despeckle_stack(sources, tmp_path / "smooth")
    assert not (tmp_path / "smooth").exists()
