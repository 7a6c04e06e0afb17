"""The child that builds files: started for each, or once for many; what goes wrong in it is said and ends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sar_colorize.cog import CogWriter, builder, one_builder
from sar_colorize.errors import OutputError
from sar_colorize.raster import Grid, Raster, Unit, Window


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
    with one_builder():
        for name in ("a.tif", "b.tif", "c.tif"):
            _write(tmp_path / name)
            with one_builder():  # within another it is the same
                _write(tmp_path / f"more_{name}")
        assert [_ended(child) for child in started] == [False]
    assert [_ended(child) for child in started] == [True]
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    _write(tmp_path / "later.tif")
    assert len(started) == 2


def test_a_child_that_complained_is_not_used_again(tmp_path: Path, started: list[Any]) -> None:
    nothing: dict[str, Any] = {"source": str(tmp_path / "nothing"), "target": str(tmp_path / "x"), "options": {},
                               "path": [], "config": {}}  # fmt: skip
    with one_builder():
        _write(tmp_path / "a.tif")
        code, lines = builder.build(nothing | {"path": __import__("sys").path})
        assert code == 1
        assert any("nothing" in line for line in lines)
        assert _ended(started[0])
        _write(tmp_path / "b.tif")
    assert len(started) == 2


def test_a_child_that_is_killed_is_an_error(
    tmp_path: Path, started: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    build = builder.Builder.build

    def killed(self: builder.Builder, job: Any) -> Any:
        self._child.kill()
        return build(self, job)

    monkeypatch.setattr(builder.Builder, "build", killed)
    with one_builder(), pytest.raises(OutputError, match="exit code -9"):
        _write(tmp_path / "a.tif")
    assert list(tmp_path.iterdir()) == []
