"""Compiled graphs that serve several scenes of one call: the pictures are those of calls of their own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

import sar_colorize as sc
from sar_colorize.engine import openvino, shared
from sar_colorize.engine.shared import MOST_KEPT, shared_graphs

PATIENCE_S = 60.0
PLACES = {"belgium": (32631, 660_000, 5_600_000), "assam": (32646, 300_000, 2_900_000), "chile": (32719, 400_000, 6e6)}


@pytest.fixture
def scenes(tmp_path: Path) -> list[Path]:
    """Scenes of one size in places where other ground is to be expected."""
    found = []
    for number, (name, (code, east, north)) in enumerate(PLACES.items()):
        random = np.random.default_rng(number)
        db = np.array([-11.0, -17.5])[:, None, None] + 10 * np.log10(random.gamma(4.4, 1 / 4.4, (2, 96, 112)))
        found.append(tmp_path / f"{name}.tif")
        with rasterio.open(
            found[-1], "w", driver="GTiff", height=96, width=112, count=2, dtype="float32", crs=f"EPSG:{code}",
            transform=Affine(10.0, 0.0, east, 0.0, -10.0, north),
        ) as dataset:  # fmt: skip
            dataset.write(db.astype(np.float32))
            dataset.descriptions = ("VV", "VH")
            dataset.update_tags(UNITS="dB")
    return found


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The shapes of every graph that is compiled by an engine."""
    made: list[Any] = []

    class Noted(openvino.Compiled):
        def __init__(self, function: Callable[..., Any], shapes: Any, precision: str) -> None:
            super().__init__(function, shapes, precision)
            made.append(shapes)

    monkeypatch.setattr(openvino, "Compiled", Noted)
    return made


def _pixels(path: Path) -> Any:
    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.mark.parametrize(
    ("settings", "graphs"),
    [({}, 2), ({"palette": "none"}, 2), ({"model": "colorsar-sar"}, 3)],
    ids=["by kinds of ground", "one palette", "checked with noise"],
)
def test_one_graph_serves_all_scenes_of_a_call_and_is_not_kept(
    scenes: list[Path], tmp_path: Path, compiled: list[Any], settings: dict[str, str], graphs: int
) -> None:
    given: dict[str, Any] = {"reference": "none", "engine": "openvino", **settings}
    sc.colorize_many(scenes, tmp_path / "colour", **given)
    assert len(compiled) == graphs
    assert len(shared._kept) == 0
    pictures = [_pixels(tmp_path / "colour" / f"{name}_colour.tif") for name in PLACES]
    for scene, picture in zip(scenes, pictures, strict=True):
        sc.colorize(scene, tmp_path / "alone.tif", overwrite=True, **given)
        assert np.array_equal(_pixels(tmp_path / "alone.tif"), picture)
    assert len(compiled) == graphs * (1 + len(scenes))
    if not settings:  # the places differ in what they are told apart by
        means = np.array([picture.mean((1, 2)) for picture in pictures])
        assert np.abs(means[1:] - means[0]).max(1).min() > 2.0


def test_the_graphs_used_last_are_kept_until_the_last_call_ends() -> None:
    made: list[int] = []

    def graph(number: int) -> int:
        return shared.shared(("test", number), lambda: made.append(number) or number)  # type: ignore[func-returns-value]

    with shared_graphs():
        with shared_graphs():
            for number in range(MOST_KEPT):
                graph(number)
        assert graph(0) == 0  # used again, so that 1 is the oldest
        graph(MOST_KEPT)
        assert made == [*range(MOST_KEPT + 1)]
        graph(1)
        graph(0)
        assert made == [*range(MOST_KEPT + 1), 1]
        assert shared.shared(None, lambda: "alone") == "alone"
        assert len(shared._kept) == MOST_KEPT
    graph(0)
    assert made[-1] == 0
    assert len(shared._kept) == 0


def test_graphs_are_let_go_when_nothing_came_for_a_while() -> None:
    shared.keep_graphs(PATIENCE_S)
    shared.keep_graphs(0.05)
    assert shared.shared("test", lambda: "graph") == "graph"
    until = time.monotonic() + PATIENCE_S
    while shared._kept and time.monotonic() < until:
        time.sleep(0.01)
    assert not shared._kept
    assert shared._users == 0
    shared.keep_graphs(PATIENCE_S)
    shared.shared("test", lambda: "graph")
    shared.forget_graphs()
    assert not shared._kept
