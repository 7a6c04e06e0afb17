"""The demo: three files, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from sar_colorize.api import demo
from sar_colorize.errors import OutputError


def test_a_second_demo_needs_the_users_word(tmp_path: Path) -> None:
    made = demo(tmp_path / "demo", model="composite")
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == [
        "before_after.png",
        "colour.tif",
        "scene.tif",
    ]
    before = Path(made["colour"]).read_bytes()
    with pytest.raises(OutputError, match=r"must not exist yet, got .*; use --overwrite or another folder"):
        demo(tmp_path / "demo", model="composite")
    assert Path(made["colour"]).read_bytes() == before
    demo(tmp_path / "demo", model="composite", overwrite=True, seed=3)
    assert Path(made["colour"]).read_bytes() != before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match=r"must be one that can be made, got .*file"):
        demo(tmp_path / "file", model="composite")
