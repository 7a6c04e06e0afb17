"""The shipped tables are what their tools make of the data, bit for bit; needs the data and, of one, pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made import shared_scene

from sar_colorize.palette.world import GROUND, TABLE, conditions

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))


def test_the_tables_are_within_three_megabytes() -> None:
    assert TABLE.stat().st_size + GROUND.stat().st_size < 3_000_000


def test_the_table_of_the_world_is_what_its_tool_makes(tmp_path: Path) -> None:
    folder = shared_scene("world")
    pytest.importorskip("skimage", reason="tools/climate.py needs scikit-image: pip install scikit-image")
    import world

    world.main(folder, tmp_path / "world.npz")
    assert (tmp_path / "world.npz").read_bytes() == TABLE.read_bytes()


def test_the_table_of_the_world_knows_checked_places() -> None:
    _, sahara = conditions(5.0, 25.0, 7)
    july, amazon = conditions(-62.0, -5.0, 7)
    assert sahara[8] > 0.95  # bare
    assert amazon[0] > 0.95  # forest
    assert july[3] == pytest.approx(27.0, abs=3.0)  # degrees


def test_kinds_of_ground_are_what_their_tool_learns(tmp_path: Path) -> None:
    pixels, pairs = shared_scene("pixels/pixels.parquet"), shared_scene("pairs")
    for name in ("pandas", "pyarrow"):
        pytest.importorskip(name, reason=f"tools/make_ground.py needs it: pip install {name}")
    from ground_makers import learn, rows

    learn.write(learn.learn(rows.read(pixels, pairs)), tmp_path / "ground.npz")
    with np.load(tmp_path / "ground.npz") as made, np.load(GROUND) as shipped:
        assert made.files == shipped.files
        for name in made.files:
            assert made[name] == pytest.approx(shipped[name], rel=1e-4, abs=1e-4), name


def test_farthest_points_are_spread() -> None:
    pytest.importorskip("pandas", reason="tools/ground_makers needs it: pip install pandas")
    from ground_makers.learn import farthest

    line = np.column_stack([np.arange(11.0), np.zeros(11)])
    assert sorted(farthest(line, 3)[:, 0]) == [0.0, 5.0, 10.0]
