"""A page as a file: which layers it has, where they lie, what it refuses, and that it is text and pictures alone."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from made import TRANSFORM, speckled
from PIL import Image

import sar_colorize as sc
from sar_colorize.errors import OutputError, SettingError
from sar_colorize.position import in_words
from sar_colorize.raster import Grid
from sar_colorize.viewer.facts import UNKNOWN, facts_of
from sar_colorize.viewer.layers import _mean
from sar_colorize.viewer.place import LATTICE, place_of

MakeTif = Callable[..., Path]
Run = Callable[..., subprocess.CompletedProcess[str]]
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>\"'&amp;"


def _pictures(page: Path) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/webp;base64,([^"]+)"', page.read_text(encoding="utf-8"))
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


def _about(page: Path) -> dict[str, Any]:
    text = re.search(r'id="about">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert text is not None
    return json.loads(text[1])


def test_each_source_is_told_apart_and_the_picture_comes_first(ground: Any, tmp_path: Path) -> None:
    made = sc.page([*reversed(ground.all)], tmp_path / "page.html")
    assert made["layers"] == [
        "Colour, by-place", "Kind of ground", "Probability of the kind", "Share of memory", "Changed", "Expected error",
        "Reference, 2025-08-01", "Radar VV",
    ]  # fmt: skip
    assert (made["width"], made["height"], made["title"]) == (320, 240, "S1A_20260302")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [path.name for path in ground.all] + ["page.html"]
    )


def test_pictures_lie_on_the_grid_of_the_first(ground: Any, tmp_path: Path) -> None:
    sc.page(ground.all, tmp_path / "page.html")
    colour, radar, reference, error, memory, changed, *_ = _pictures(tmp_path / "page.html")
    assert np.abs(colour.astype(int) - (200, 120, 40)).max() < 12
    assert np.ptp(radar.astype(int), axis=2).max() < 12  # grey
    assert reference[:, :159, 3].min() == 255  # 80 pixels of 20 m
    assert reference[:, 161:, 3].max() == 0
    assert np.array_equal(error[100, :, 0], np.rint(np.linspace(0, 10, 320, dtype=np.float32) / 0.1).astype(int))
    assert (memory[..., 0] == 80).all()
    assert (changed[..., 0] == 5).all()


def test_radar_of_another_grid_is_drawn_where_it_lies(ground: Any, make_tif: MakeTif, tmp_path: Path) -> None:
    values = np.full((240, 320), -20.0, np.float32)
    values[100:140, 100:140] = -5.0
    moved = make_tif(values, "moved.tif", names=("VV",), tags={"UNITS": "dB"},
                     transform=TRANSFORM @ Affine.translation(30.4, 0))  # fmt: skip
    sc.page([ground.colour, moved], tmp_path / "page.html")
    radar = _pictures(tmp_path / "page.html")[1]
    rows, cols = np.nonzero(radar[..., 0] > 128)
    assert (rows.min(), rows.max() + 1) == (100, 140)
    assert abs(cols.min() - 130) <= 1
    assert abs(cols.max() + 1 - 170) <= 1
    assert radar[:, :29, 3].max() == 0


def test_a_large_picture_is_averaged_by_whole_pixels(make_tif: MakeTif, tmp_path: Path) -> None:
    colour = make_tif(np.full((3, 601, 450), 77, np.uint8), "c.tif", names=("red", "green", "blue"))
    radar = make_tif(speckled(601, 450), "r.tif", names=("VV",), tags={"UNITS": "dB"})
    made = sc.page([colour, radar], tmp_path / "p.html", size_px=256)
    assert (made["width"], made["height"]) == (150, 200)
    a, b, c, d, e, f = _about(tmp_path / "p.html")["place"]["affine"]
    assert (a, b, c, d, e, f) == (30.0, 0.0, 500000.0, 0.0, -30.0, 5000000.0)


def test_a_mean_is_of_valid_pixels_alone() -> None:
    values, valid = np.arange(16, dtype=np.float32).reshape(1, 4, 4), np.ones((4, 4), bool)
    valid[0, 0], valid[2:, 2:] = False, False
    mean, seen = _mean(values, valid, 2)
    assert mean[0].tolist() == pytest.approx([(1 + 4 + 5) / 3, 4.5])
    assert seen.tolist() == [[True, True], [True, False]]


def test_the_lattice_is_exact_and_continuous_over_the_antimeridian() -> None:
    wkt = "EPSG:32660"
    from rasterio.crs import CRS
    from rasterio.warp import transform

    grid = Grid(1000, 1000, Affine(100.0, 0, 600_000.0, 0, -100.0, 7_200_000.0), CRS.from_string(wkt).to_wkt())
    place = place_of(grid)
    assert place.lonlat is not None
    lon, lat = (np.array(values).reshape(LATTICE, LATTICE) for values in place.lonlat)
    assert np.abs(np.diff(lon, axis=1)).max() < 1
    assert lon.max() > 180
    x, y = 600_000 + 100 * 468.75, 7_200_000 - 100 * 125.0
    wanted = transform(wkt, "EPSG:4326", [x], [y])
    assert lon[4, 15] == pytest.approx(wanted[0][0] + 360.0, abs=1e-6)
    assert lat[4, 15] == pytest.approx(wanted[1][0], abs=1e-6)
    assert place.crs == "EPSG:32660, WGS 84 / UTM zone 60N"


def test_a_place_in_words() -> None:
    assert in_words(-48.1, -25.3) == "25.3° S 48.1° W"
    assert in_words(190.0, 1.0) == "1.0° N 170.0° W"


def test_without_a_georeference_there_are_no_coordinates(make_tif: MakeTif, tmp_path: Path) -> None:
    colour = make_tif(np.full((3, 60, 50), 77, np.uint8), "c.tif", crs=None, transform=None)
    sc.page(colour, tmp_path / "p.html")
    assert _about(tmp_path / "p.html")["place"] == {"crs": None, "geographic": False, "affine": None, "lonlat": None}
    assert UNKNOWN in (tmp_path / "p.html").read_text()


def test_facts_name_reference_licence_and_legend_and_no_folder(ground: Any, tmp_path: Path) -> None:
    sc.page(ground.all, tmp_path / "page.html")
    html = (tmp_path / "page.html").read_text()
    for text in ("not measured.", "CC BY 4.0", "Contains modified Copernicus", "2025-08-01", "lee, 7 px", "water",
                 "&lt;b&gt;wood", "100 % as in the ref", "5.0 Lab units at the median", "EPSG:32633"):  # fmt: skip
        assert text in html, text
    assert "somebody" not in html
    assert str(tmp_path) not in html


def test_a_legend_that_is_none_is_left_out() -> None:
    for text in ("", "none", "wood", "wood 3% #12345", "wood 3% #12345g", "," * 10_000):
        assert facts_of({"SAR_COLORIZE_LEGEND": text}).legend == ()
    found = facts_of({"SAR_COLORIZE_LEGEND": "wood 48% #2e3319, bad, bare land 5 % #ffffff"}).legend
    assert found == (("wood", "48 %", "#2e3319"), ("bare land", "5 %", "#ffffff"))


def test_palettes_and_settings_of_wrong_types_are_left_out() -> None:
    for text in ("{", "[]", '{"note": 3, "filter": [], "size": {}}', "[" * 100_000):
        assert facts_of({"SAR_COLORIZE_PALETTE": text, "SAR_COLORIZE_SETTINGS": text}).rows == ()


def test_kinds_of_ground_have_their_names_and_colours(ground: Any, tmp_path: Path) -> None:
    sc.page([ground.colour, ground.classes], tmp_path / "page.html")
    kind = _about(tmp_path / "page.html")["layers"][1]
    assert (kind["title"], kind["kinds"]) == (
        "Kind of ground", {"1": ["water", "#102030"], "2": ["<i>wood", "#8a8a8a"]},
    )  # fmt: skip
    codes = _pictures(tmp_path / "page.html")[1][..., 0]
    assert (codes[:120].max(), codes[120:].min()) == (1, 2)


def test_whatever_comes_from_files_is_text(make_tif: MakeTif, tmp_path: Path) -> None:
    tags = dict.fromkeys(("SAR_COLORIZE_NOTICE", "SAR_COLORIZE_MODEL", "SAR_COLORIZE_SOURCE", "SAR_COLORIZE_DATE",
                          "SAR_COLORIZE_REFERENCE_CREDIT"), HOSTILE)  # fmt: skip
    colour = make_tif(np.full((3, 60, 50), 77, np.uint8), "a<b>&'.tif", names=(HOSTILE, HOSTILE, HOSTILE), tags=tags)
    sc.page([colour, colour], tmp_path / "p.html", title=HOSTILE)
    html = (tmp_path / "p.html").read_text()
    assert html.count("<script") == 2
    assert html.count("</script>") == 2
    assert "<img src=x" not in html
    assert "<b>" not in html
    assert html.count("hacked") > 5
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in html
    assert "unsafe" not in html
    assert not re.search(r"https?://", html)


def test_the_same_sources_give_the_same_bytes(ground: Any, tmp_path: Path) -> None:
    for name in ("a.html", "b.html"):
        sc.page(ground.all, tmp_path / name)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_what_cannot_be_a_page_is_refused(ground: Any, make_tif: MakeTif, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with pytest.raises(OutputError, match=r"must end in \.html or \.htm, got .*radar\.tif; name the page last"):
        sc.page(ground.colour, ground.radar)
    with pytest.raises(SettingError, match=r"one source must be a colour picture, got radar\.tif"):
        sc.page(ground.radar, page)
    with pytest.raises(SettingError, match="size_px must be"):
        sc.page(ground.colour, page, size_px=10)
    far = TRANSFORM @ Affine.translation(9000, 0)
    elsewhere = make_tif(speckled(64, 64), "far.tif", names=("VV",), tags={"UNITS": "dB"}, transform=far)
    with pytest.raises(SettingError, match=r"the ground of colour\.tif, got far\.tif, which lies elsewhere"):
        sc.page([ground.colour, elsewhere], page)
    other = make_tif(np.zeros((240, 320), np.float32), "e2.tif", names=("expected_ab_error",), transform=far)
    with pytest.raises(SettingError, match=r"the grid of the picture, got .*e2\.tif; take the one of the same run"):
        sc.page([ground.colour, other], page)
    assert not page.exists()
    sc.page(ground.colour, page)
    with pytest.raises(OutputError, match="must not exist"):
        sc.page(ground.colour, page)
    sc.page(ground.colour, tmp_path / "colour.html")
    sc.page(ground.colour, tmp_path / "colour.html", overwrite=True)  # beside its picture, under the same stem


def test_the_command_says_what_is_in_the_page(ground: Any, tmp_path: Path, run_cli: Run) -> None:
    done = run_cli("page", ground.colour, ground.radar, tmp_path / "p.html")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith(f"{tmp_path / 'p.html'}: 320 x 240 px, 0.")
    assert done.stdout.splitlines()[1:] == ["  Colour, by-place", "  Radar VV"]
    done = run_cli("page", ground.colour, ground.radar)
    assert done.returncode == 1
    assert "--" not in done.stderr
    assert json.loads(run_cli("page", ground.colour, tmp_path / "q.html", "--json").stdout)["layers"]
