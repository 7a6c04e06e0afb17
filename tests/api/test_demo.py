"""The demo: four files, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.enums import Resampling

from sar_colorize.api import demo
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import Cancelled, OutputError, SarColorizeError
from sar_colorize.simulate import simulate_scene
from sar_colorize.simulate.optical import optical_picture


def test_a_second_demo_needs_the_users_word(tmp_path: Path) -> None:
    made = demo(tmp_path / "demo", model="composite")
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        "before_after.png",
        "colour.tif",
        "earlier.tif",
        "scene.tif",
    ]
    before = Path(made["colour"]).read_bytes()
    with pytest.raises(OutputError, match=r"must not exist yet, got .*; allow overwriting or name another folder"):
        demo(tmp_path / "demo", model="composite")
    assert Path(made["colour"]).read_bytes() == before
    demo(tmp_path / "demo", model="composite", overwrite=True, seed=3)
    assert Path(made["colour"]).read_bytes() != before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"must be one that can be made, got .*file"):
        demo(tmp_path / "file", model="composite")


def test_the_east_gets_the_colours_that_the_picture_of_the_west_gives_its_cover(tmp_path: Path) -> None:
    made = demo(tmp_path / "demo")
    ground = optical_picture(simulate_scene()).astype(np.float32) / 255
    with rasterio.open(made["colour"]) as dataset:
        picture = dataset.read(out_shape=ground.shape, resampling=Resampling.average).astype(np.float32) / 255
        valid = dataset.dataset_mask(out_shape=ground.shape[1:]) > 0
    east = np.s_[:, :, ground.shape[2] // 2 :]
    wanted, seen = (srgb_to_lab(x)[east][1:, valid[east[1:]]] for x in (ground, picture))
    flat = srgb_to_lab(ground)[1:, :, : ground.shape[2] // 2].mean((1, 2))[:, None]
    assert np.abs(seen - wanted).mean() < 0.6 * np.abs(flat - wanted).mean()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"model": "none-such"}, "model must be one of .*, got 'none-such'"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_a_demo_that_cannot_be_made_leaves_nothing(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SarColorizeError, match=sentence):
        demo(tmp_path / "demo", **changes)
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_demo_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="nothing was written"):
        demo(tmp_path / "new" / "demo", model="composite", on_progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="demo folder must have a name in UTF-8"):
        demo(tmp_path / "\udcff", model="composite")


def test_a_folder_with_a_line_break_in_its_name_is_one_sentence_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="demo folder must have a name in UTF-8 without line breaks"):
        demo(tmp_path / "a\nb", model="composite")
    assert list(tmp_path.iterdir()) == []
