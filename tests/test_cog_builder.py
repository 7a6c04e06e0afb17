"""The child that builds files: one for each, for many in turn, several side by side; what goes wrong in it is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sar_colorize.cog import CogWriter, builder, builders
from sar_colorize.errors import Cancelled, OutputError
from sar_colorize.raster import Grid, Raster, Unit, Window
from sar_colorize.run.to_file import Work, run_to_files


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[builder.Builder]:
    """Every child that is started."""
    found: list[builder.Builder] = []

    class Noted(builder.Builder):
        def __init__(self) -> None:
            super().__init__()
            found.append(self)

    monkeypatch.setattr(builder, "Builder", Noted)
    return found


def _write(path: Path) -> None:
    raster = Raster(np.full((1, 9, 9), 3, np.uint8), np.ones((9, 9), bool), ("share",), Unit.DISPLAY)
    with CogWriter(path, Grid(9, 9), bands=("share",), dtype="uint8") as writer:
        writer.write(Window(0, 0, 9, 9), raster)


def _ended(child: builder.Builder) -> bool:
    return child._child.poll() is not None


def test_each_file_has_a_child_of_its_own_that_ends_with_it(tmp_path: Path, started: list[Any]) -> None:
    for name in ("a.tif", "b.tif"):
        _write(tmp_path / name)
    assert [_ended(child) for child in started] == [True, True]


def test_inside_the_context_one_child_builds_all_and_ends_with_it(tmp_path: Path, started: list[Any]) -> None:
    with builders():
        for name in ("a.tif", "b.tif", "c.tif"):
            _write(tmp_path / name)
            with builders():  # within another it is the same
                _write(tmp_path / f"more_{name}")
        assert [_ended(child) for child in started] == [False]
    assert [_ended(child) for child in started] == [True]
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    _write(tmp_path / "later.tif")
    assert len(started) == 2


def test_a_child_that_complained_is_not_used_again(tmp_path: Path, started: list[Any]) -> None:
    nothing: dict[str, Any] = {"source": str(tmp_path / "nothing"), "target": str(tmp_path / "x"), "options": {},
                               "config": {}}  # fmt: skip
    with builders():
        _write(tmp_path / "a.tif")
        child = builder.take()
        child.begin(nothing)
        code, lines = child.result()
        builder.give_back(child, is_whole=False)
        assert code == 1
        assert any("nothing" in line for line in lines)
        assert _ended(started[0])
        _write(tmp_path / "b.tif")
    assert len(started) == 2


def test_a_child_that_is_killed_is_an_error(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = builder.Builder.begin

    def killed(self: builder.Builder, job: Any) -> None:
        self._child.kill()
        begin(self, job)

    monkeypatch.setattr(builder.Builder, "begin", killed)
    with builders(), pytest.raises(OutputError, match="exit code -9"):
        _write(tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []


def _run(folder: Path, count: int) -> None:
    grid = Grid(9, 9)
    writers = [CogWriter(folder / f"{number}.tif", grid, bands=("share",), dtype="uint8") for number in range(count)]
    raster = Raster(np.full((1, 9, 9), 3, np.uint8), np.ones((9, 9), bool), ("share",), Unit.DISPLAY)
    run_to_files(Work([grid.window], lambda window: window, lambda _: [raster] * count), writers, grid.window)


@pytest.mark.parametrize(("count", "children"), [(1, 1), (3, 3), (5, 3)])
def test_several_files_of_a_run_are_built_side_by_side(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch, count: int, children: int
) -> None:
    asked: list[str] = []
    begin, result = builder.Builder.begin, builder.Builder.result
    monkeypatch.setattr(builder.Builder, "begin", lambda *given: (asked.append("begin"), begin(*given))[1])
    monkeypatch.setattr(builder.Builder, "result", lambda *given: (asked.append("result"), result(*given))[1])
    _run(tmp_path, count)
    assert len(started) == children
    assert all(map(_ended, started))
    assert asked[:children] == ["begin"] * children
    assert len(asked) == 2 * count
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    assert len(list(tmp_path.iterdir())) == count


def test_an_interrupt_while_files_are_built_ends_every_child_and_leaves_nothing(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = builder.Builder.result

    def interrupted(self: builder.Builder) -> Any:
        made = result(self)
        if self is not started[-1]:
            raise KeyboardInterrupt
        return made

    monkeypatch.setattr(builder.Builder, "result", interrupted)
    with builders(), pytest.raises(Cancelled):
        _run(tmp_path, 5)
    assert len(started) >= 3
    assert all(map(_ended, started))
    assert list(tmp_path.iterdir()) == []
