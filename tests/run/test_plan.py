"""What a run needs is planned, and checked against the machine, before anything is allocated or written."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from made import speckled

import sar_colorize as sc
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.raster import Grid, Raster, Unit, Window
from sar_colorize.run import machine, plan
from sar_colorize.run.local import Threads
from sar_colorize.run.plan import BlockBytes, Output, check_plan, plan_run
from sar_colorize.scene import Scene
from sar_colorize.scene.declare import Declaration

MB = 1 << 20


class Vast(Scene):
    """A scene of any size that is nowhere: every value is -12 dB."""

    def _read_inside(self, window: Window) -> Raster:
        shape = window.shape
        return Raster(np.full((1, *shape), -12.0, np.float32), np.ones(shape, bool), ("VV",), Unit.DB)


def vast(side: int, source: str = "vast") -> Vast:
    declared = Declaration(("VV",), (0,), "its name", Unit.DB, "its name", absolute=True, scale_reason="decibels")
    return Vast(source, Grid(side, side), declared, (512, 512))


@pytest.fixture
def small(make_tif: Callable[..., Path]) -> Path:
    return make_tif(speckled(100, 120), names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


def test_memory_and_disk_are_those_of_the_largest_block_and_of_all_files() -> None:
    block = BlockBytes(load=10 * MB, ready=3 * MB, compute=20 * MB, result=2 * MB)
    made = plan_run(Window(0, 0, 2000, 3000), 1000, block, [Output(3.0, 0.5), Output(4.0, 1.0)])
    assert (made.blocks, made.pixels) == (6, 6_000_000)
    assert (made.output_bytes, made.temporary_bytes) == (33_000_000, 56_000_000)
    assert made.memory_bytes == plan.BASE_BYTES + (10 + 20 + 2 * 3 + 3 * 2) * MB + 6 * plan.LISTED_BYTES
    ahead = plan_run(Window(0, 0, 2000, 3000), 1000, block, [], Threads(3))
    assert ahead.memory_bytes == plan.BASE_BYTES + (3 * 10 + 20 + 2 * 3 + 3 * 2) * MB + 6 * plan.LISTED_BYTES
    workers = plan_run(Window(0, 0, 2000, 3000), 1000, block, [], Threads(3, compute=True))
    assert workers.memory_bytes == plan.BASE_BYTES + (3 * 23 + 7 * 2) * MB + 6 * plan.LISTED_BYTES
    assert (made.threads, ahead.threads, workers.threads) == (1, 3, 3)
    alone = plan_run(Window(0, 0, 900, 900), 1000, block, [])  # nothing is read ahead of the only block
    assert alone.memory_bytes == plan.BASE_BYTES + (3 + 20 + 2) * MB + plan.LISTED_BYTES


@pytest.mark.parametrize(("compute", "expected"), [(False, 6), (True, 3)])
def test_there_are_only_as_many_threads_as_memory_has_room_for(
    monkeypatch: pytest.MonkeyPatch, compute: bool, expected: int
) -> None:
    """A quarter of 400 MB: 32 and 10 for each thread that loads; 8 and 25 for each that computes too."""
    monkeypatch.setattr(plan, "available_memory_bytes", lambda: 300 * MB)
    monkeypatch.setattr(plan, "own_memory_bytes", lambda: 100 * MB)
    block = BlockBytes(load=10 * MB, ready=3 * MB, compute=20 * MB, result=2 * MB)
    window = Window(0, 0, 10_000, 10_000)
    made = plan_run(window, 1000, block, [], Threads(16, compute))
    assert made.threads == expected
    assert plan_run(window, 1000, block, [], Threads(2)).threads == 2
    monkeypatch.setattr(plan, "available_memory_bytes", lambda: 0)
    assert plan_run(window, 1000, block, [], Threads(16, compute)).threads == 1
    monkeypatch.setattr(plan, "available_memory_bytes", lambda: None)
    assert plan_run(window, 1000, block, [], Threads(16, compute)).threads == 16


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_with_too_little_memory_is_refused_before_it_begins(
    small: Path, tmp_path: Path, placed_weights: Path, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    monkeypatch.setattr(plan, "available_memory_bytes", lambda: 100 * MB)
    monkeypatch.setattr(plan, "own_memory_bytes", lambda: 50 * MB)
    with pytest.raises(
        SettingError, match=r"at most the 150\.0 MB .* got about \d+\.\d MB; choose a smaller block_px, "
    ):
        sc.colorize(small, tmp_path / "out.tif", model=str(placed_weights), dry_run=dry_run)
    with pytest.raises(SettingError, match=r"at most the 150\.0 MB that this machine has left"):
        sc.despeckle(small, tmp_path / "out.tif", dry_run=dry_run)
    with pytest.raises(SettingError, match=r"at most the 150\.0 MB that this machine has left"):
        sc.despeckle_stack([vast(200, "a.tif"), vast(200, "b.tif")], tmp_path / "folder", dry_run=dry_run)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_run_with_too_little_disk_is_refused_before_it_begins(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dry_run: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10_000))
    with pytest.raises(
        OutputError, match=r"about 0\.1 MB free, of which 0\.0 MB stay, got 0\.0 MB in .*; choose another"
    ):
        sc.colorize(small, tmp_path / "out.tif", model="composite", dry_run=dry_run)
    with pytest.raises(OutputError, match="must have about"):
        sc.despeckle(small, tmp_path / "out.tif", dry_run=dry_run)
    with pytest.raises(OutputError, match="must have about"):
        sc.despeckle_stack([vast(200, "a.tif"), vast(200, "b.tif")], tmp_path / "folder", dry_run=dry_run)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.tif"]


def test_two_files_in_one_folder_share_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = [Output(1.0, 0.5, tmp_path), Output(1.0, 0.5, tmp_path)]
    made = plan_run(Window(0, 0, 1000, 1000), 1000, BlockBytes(0, 0, 0, 0), outputs)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3_666_000))
    with pytest.raises(OutputError, match="must have about"):
        check_plan(made, outputs)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3_667_000))
    check_plan(made, outputs)


def test_a_dry_run_says_the_plan(small: Path, tmp_path: Path) -> None:
    made = sc.colorize(small, tmp_path / "out.tif", model="composite", dry_run=True).plan
    assert (made["blocks"], made["pixels"], made["temporary_bytes"]) == (1, 12_000, 50_000)
    assert plan.BASE_BYTES < made["memory_bytes"] < plan.BASE_BYTES + 10 * MB
    assert sc.colorize(small, model="composite", dry_run=True).plan == made
    assert sc.despeckle(small, dry_run=True).to_dict()["plan"]["temporary_bytes"] == 64_000


def test_the_plan_grows_with_blocks_tiles_and_batch(scene_with_holes: Path, placed_weights: Path) -> None:
    def memory(**settings: int) -> int:
        chosen = {"block_px": 128, "batch": 1} | settings
        made = sc.colorize(
            scene_with_holes, model=str(placed_weights), palette="none", precision="fp32", dry_run=True, **chosen
        )
        return int(made.plan["memory_bytes"])

    base = memory()
    assert memory(block_px=512) > base + 10 * MB
    assert memory(batch=8) > base + 20 * MB
    assert memory(tile_px=128 + 320 + 512) > base + 20 * MB


def test_a_batch_never_holds_more_tiles_than_the_scene(small: Path, placed_weights: Path, tmp_path: Path) -> None:
    """One tile in a batch of 16 took 5.8 GB; a batch is filled up so that all have one shape."""
    from sar_colorize.engine.torch import TorchEngine

    shapes = []
    forward = TorchEngine.forward

    def counted(self: TorchEngine, lightness: object) -> object:
        shapes.append(lightness.shape[0])  # type: ignore[attr-defined]  # a tensor
        return forward(self, lightness)  # type: ignore[arg-type]  # a tensor

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TorchEngine, "forward", counted)
        sc.colorize(small, tmp_path / "out.tif", model=str(placed_weights), engine="torch", batch=1000)
    assert shapes == [1]


def test_a_vast_scene_is_refused_before_its_blocks_are_listed(tmp_path: Path) -> None:
    """The list of 2^42 blocks grew by 9 MB a second until the machine was full."""
    scene, other = vast(2**31, "a.tif"), vast(2**31, "b.tif")
    words = (
        r"blocks of a run must be at most 1,000,000, got 4,398,046,511,104 of 1024 px; choose a larger block_px or a"
    )
    for run in (
        lambda: sc.colorize(scene, tmp_path / "out.tif", model="composite"),
        lambda: sc.colorize(scene, tmp_path / "out.tif", model="composite", dry_run=True),
        lambda: sc.colorize(scene, model="composite"),
        lambda: sc.despeckle(scene, tmp_path / "out.tif"),
        lambda: sc.despeckle(scene),
        lambda: sc.despeckle_stack([scene, other], tmp_path / "folder"),
    ):
        with pytest.raises(SettingError, match=words):
            run()
    assert list(tmp_path.iterdir()) == []


def test_a_scene_of_few_but_vast_blocks_is_refused_by_its_plan(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"memory of the run must be at most the .*, got about [\d,.]+ GB; choose a"):
        sc.colorize(vast(200_000), tmp_path / "out.tif", model="composite", block_px=65536, dry_run=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tile_px": 2147483648}, "tile_px must be at most 8192, got 2147483648"),
        ({"tile_px": 10**5000}, r"tile_px must be at most 8192, got a number of 16610 bits"),
        ({"tile_px": -512}, "tile_px must be at least 1, got -512"),
        ({"overlap_px": 2**40}, "overlap_px must be at most 8192, got 1099511627776"),
        ({"overlap_px": -64}, "overlap_px must be at least 0, got -64"),
        ({"batch": 100_000}, "batch must be at most 1024, got 100000"),
        ({"batch": 0}, "batch must be at least 1, got 0"),
        ({"block_px": 2**31}, "block_px must be at most 65536, got 2147483648"),
        ({"size": 2**31 + 1}, "size must be at most 2147483648, got 2147483649"),
        ({"size": 10_001, "filter": "lee"}, "size must be an odd number of pixels from 3 to 31, got 10001"),
        ({"tile_px": 352, "overlap_px": 320}, r"overlap_px=320 must be at most seven eighths of tile_px=352"),
    ],
)
def test_sizes_are_bounded_before_anything_is_allocated(
    small: Path, placed_weights: Path, settings: dict[str, int], words: str
) -> None:
    with pytest.raises(SettingError, match=words):
        sc.colorize(small, model=str(placed_weights), dry_run=True, **settings)


def test_a_tile_so_small_that_a_run_would_not_end_is_refused(small: Path, blended_weights: Path) -> None:
    with pytest.raises(SettingError, match="tile_px must be at least 64, got 2"):
        sc.colorize(small, model=str(blended_weights), dry_run=True, tile_px=2, overlap_px=0)


def test_memory_left_is_the_least_of_kernel_and_control_groups(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path)
    group = tmp_path / "outer" / "inner"
    group.mkdir(parents=True)
    for folder, most in ((group, "max"), (group.parent, "1000")):
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.current").write_text("400\n")
        (folder / "memory.stat").write_text("anon 300\ninactive_file 100\n")
    read = Path.read_text

    def told(self: Path, *args: str, **kwargs: str) -> str:
        if str(self) == "/proc/self/cgroup":
            return "0::/outer/inner\n"
        if str(self) == "/proc/meminfo":
            return "MemTotal: 16 kB\nMemAvailable: 4 kB\n"
        return read(self, *args, **kwargs)

    monkeypatch.setattr(Path, "read_text", told)
    assert machine.available_memory_bytes() == 700
    (group.parent / "memory.max").write_text("max\n")
    assert machine.available_memory_bytes() == 4096


def test_where_the_system_says_nothing_nothing_is_refused(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "available_memory_bytes", lambda: None)
    monkeypatch.setattr(plan, "free_disk_bytes", lambda _: None)
    assert sc.colorize(small, tmp_path / "out.tif", model="composite").output is not None
