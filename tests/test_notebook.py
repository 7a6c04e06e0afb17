"""In a notebook: what scenes and results show of themselves, the bar of progress, and the example that is run whole."""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from made import speckled
from nbclient import NotebookClient
from PIL import Image

import sar_colorize as sc
from sar_colorize.errors import MissingPackageError
from sar_colorize.notebook import PICTURE_PX, as_html
from sar_colorize.scene import thumbnail

MakeTif = Callable[..., Path]
EXAMPLE = Path(__file__).parents[1] / "docs" / "notebook.ipynb"


def _picture(html: str) -> np.ndarray:
    """(h, w, 4) of the picture in an output."""
    found = re.search(r'src="data:image/webp;base64,([^"]+)"', html)
    assert found, html[:300]
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as image:
        return np.asarray(image.convert("RGBA"))


def test_a_scene_shows_its_first_band_and_what_it_is(scene_with_holes: Path) -> None:
    scene = sc.open_scene(scene_with_holes)
    html = scene._repr_html_()
    seen = _picture(html)
    assert seen.shape == (300, 350, 4)
    valid = scene.read(scene.grid.window).valid
    holes = ~valid.reshape(300, 2, 350, 2).any((1, 3))
    assert np.array_equal(seen[..., 3] == 0, holes)
    values = np.where(valid, scene.read(scene.grid.window).values[0], 0.0).reshape(300, 2, 350, 2)
    mean = values.sum((1, 3))[~holes] / valid.reshape(300, 2, 350, 2).sum((1, 3))[~holes]
    assert np.corrcoef(seen[..., 0][~holes], mean)[0, 1] > 0.95
    for text in ("700 x 600 px", "VV, VH", "db (", "45.1° N 15.0° E", str(scene_with_holes)):
        assert text in html


def test_of_a_large_scene_a_part_with_valid_pixels_is_shown_and_named(
    make_tif: MakeTif, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnail, "WHOLE_PX", 100_000)
    monkeypatch.setattr(thumbnail, "PART_PX", 100)
    values = np.full((600, 800), np.nan, np.float32)
    values[:, 500:] = speckled(600, 300)
    html = sc.open_scene(make_tif(values, names=("VV",), tags={"UNITS": "dB"}))._repr_html_()
    assert "VV, 100 x 100 px of the scene" in html
    assert (_picture(html)[..., 3] > 0).all()


def test_a_scene_without_a_valid_pixel_and_one_that_is_damaged_show_facts(make_tif: MakeTif) -> None:
    empty = make_tif(np.full((70, 80), np.nan, np.float32), names=("VV",), tags={"UNITS": "dB"}, nodata=np.nan)
    assert (_picture(sc.open_scene(empty)._repr_html_())[..., 3] == 0).all()
    scene = sc.open_scene(make_tif(speckled(300, 300), "cut.tif", names=("VV",), tags={"UNITS": "dB"}))
    Path(scene.source).write_bytes(Path(scene.source).read_bytes()[:5000])
    html = scene._repr_html_()
    assert "<img" not in html
    assert "picture</th>" in html


def test_a_scene_on_a_server_is_not_asked_for_its_pixels(scene_with_holes: Path) -> None:
    scene = replace(sc.open_scene(scene_with_holes), about={"server": "example.org"})
    assert "<img" not in scene._repr_html_()
    assert "example.org" in scene._repr_html_()


def test_what_comes_from_files_is_text_and_holds_no_password(scene_with_holes: Path) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    scene = replace(sc.open_scene(scene_with_holes), about={"product": hostile, hostile: "x"}, notes=(hostile,))
    html = scene._repr_html_()
    assert html.count("<img") == 1
    assert "<script" not in html
    shown = as_html("https://user:secret@server/a.tif", [("a", None), ("b", ""), ("c", 0)])
    assert "secret" not in shown
    assert re.findall(r'scope="row"[^>]*>(\w)<', shown) == ["c"]


def test_a_result_shows_the_picture_that_was_made_and_its_files(scene_with_holes: Path, tmp_path: Path) -> None:
    made = sc.colorize(scene_with_holes, tmp_path / "colour.tif", model="composite", quicklook=tmp_path / "small.png")
    html = made._repr_html_()
    seen = _picture(html)
    assert max(seen.shape[:2]) == PICTURE_PX
    with Image.open(tmp_path / "small.png") as image:
        wanted = np.asarray(image.resize((seen.shape[1], seen.shape[0]), Image.Resampling.BOX)).astype(float)
    solid = (wanted[..., 3] == 255) & (seen[..., 3] == 255)
    assert np.abs(wanted - seen)[solid].mean() < 8
    for text in ("composite", "small.png", "The colours are a prediction", "700 x 600 px"):
        assert text in html
    smooth = sc.despeckle(scene_with_holes, tmp_path / "smooth.tif", filter="lee")
    grey = _picture(smooth._repr_html_())
    assert np.array_equal(grey[..., 0], grey[..., 2])
    assert "prediction" not in smooth._repr_html_()


def test_a_result_whose_file_is_gone_and_a_dry_run_still_tell_facts(scene_with_holes: Path, tmp_path: Path) -> None:
    made = sc.colorize(scene_with_holes, tmp_path / "colour.tif", model="composite")
    (tmp_path / "colour.tif").unlink()
    assert "none, the file cannot be read any more" in made._repr_html_()
    dry = sc.colorize(scene_with_holes, tmp_path / "colour.tif", model="composite", dry_run=True)
    assert "Dry run, nothing written" in dry._repr_html_()


def test_a_bar_counts_the_blocks_of_a_run(
    scene_with_holes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bar = sc.ProgressBar("colour")
    for name in ("one", "two"):  # the same bar serves run after run
        sc.colorize(scene_with_holes, tmp_path / f"{name}.tif", model="composite", block_px=256, on_progress=bar)
    shown = capsys.readouterr().err
    last = [line.split("\r")[-1] for line in shown.split("\n")]  # a busy machine redraws a bar more often
    assert sum("100%" in each and "9/9" in each for each in last) == 2
    bar.of("tiles")(1, 2)
    assert "tiles" in capsys.readouterr().err


def test_without_tqdm_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(MissingPackageError, match=r'pip install "sar-colorize\[notebook\]"'):
        sc.ProgressBar()


def test_the_example_has_no_outputs_of_somebodys_machine() -> None:
    for cell in nbformat.read(EXAMPLE, 4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.filterwarnings("ignore")  # of Jupyter, zmq and asyncio
def test_the_example_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = nbformat.read(EXAMPLE, 4)
    settings: dict[str, Any] = {"timeout": 500, "startup_timeout": 300, "kernel_name": "python3"}
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, **settings).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pictures = [output["data"]["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert _picture(pictures[0]).shape == (256, 384, 4)  # the scene
    colours = _picture(pictures[1])[..., :3].astype(int)  # the result
    assert np.ptp(colours, axis=2).mean() > 15
    assert next(output.text for output in shown if output.get("name") == "stdout").startswith("VV varies by ")
    bars = [output for output in shown if "100%" in str(output) or "HBox" in str(output)]  # of text, or a widget
    assert bars
    assert {"colour.tif", "memory.tif", "error.tif", "page.html", "many"} <= {
        path.name for path in (tmp_path / "demo").iterdir()
    }
