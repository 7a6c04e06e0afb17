"""Sentinel-2's offset of -1000: found by metadata and by pixels, and the pixels win."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made import TRANSFORM, UTM33, shared_scene

from sar_colorize.palette.from_picture import read_palette
from sar_colorize.raster import Grid
from sar_colorize.reference.picture import look_at

GRID = Grid(120, 160, TRANSFORM, rasterio.crs.CRS.from_user_input(UTM33).to_wkt())
L2A = "S2B_MSIL2A_20230101T103339_N0509_R108_T32TQM_20230101T120000"
OLD = "S2A_MSIL2A_20180101T103421_N0206_R108_T32TQM_20180101T120000"


def land(*, dark: float = 40.0, haze: float = 0.0, red: float = 0.0) -> np.ndarray:
    """Red, green and blue (3, 120, 160) uint16, reflectance x 10000: fields, and a river of `dark`."""
    random = np.random.default_rng(1)
    x = np.arange(160)[None] / 23.0
    fields = random.gamma(20.0, 1.0, (120, 160)) * (20.0 + 8.0 * np.sin(x))
    values = np.stack([fields + 200.0 + red, fields + 300.0, 0.5 * fields + 150.0])
    values[:, 50:60] = np.array([dark, 1.5 * dark, 2.0 * dark])[:, None, None]
    return np.rint(values + haze).astype(np.uint16)


@pytest.fixture
def offset_of(make_tif: Callable[..., Path]) -> Callable[..., tuple[float, str]]:
    def read(values, name="picture.tif", *, tags=None, scale=None, offset=None):
        path = make_tif(values, name)
        with rasterio.open(path, "r+") as file:
            file.update_tags(**(tags or {}))
            if scale is not None:
                file.scales, file.offsets = [scale] * 3, [offset] * 3
        found = look_at(str(path)).offset
        return found.dn, found.note

    return read


def test_the_palette_of_a_file_with_the_offset_equals_that_of_the_file_without(make_tif: Callable[..., Path]) -> None:
    without = read_palette(str(make_tif(land(), "without.tif")), GRID)
    within = read_palette(str(make_tif(land() + 1000, "within.tif")), GRID)
    assert (within.mean, within.spread, within.correlation) == (without.mean, without.spread, without.correlation)
    assert "offset" not in without.note
    assert "offset -1000 found in the pixels: darkest blue 1080, " in within.note


@pytest.mark.parametrize(
    ("name", "how", "words"),
    [
        ("a.tif", {"scale": 1e-4, "offset": -0.1}, "the band's own offset"),
        ("b.tif", {"scale": 1.0, "offset": -1000.0}, "the band's own offset"),
        ("c.tif", {"tags": {"BOA_ADD_OFFSET_B2": "-1000"}}, "its tag BOA_ADD_OFFSET_B2"),
        ("d.tif", {"tags": {"RADIO_ADD_OFFSET": "-1000.0"}}, "its tag RADIO_ADD_OFFSET"),
        ("e.tif", {"tags": {"PROCESSING_BASELINE": "05.09"}}, "processing baseline 05.09"),
        ("f.tif", {"tags": {"PRODUCT_URI": f"{L2A}.SAFE"}}, "processing baseline 05.09"),
        (f"{L2A}.tif", {}, "processing baseline 05.09"),
    ],
)
def test_the_offset_is_found_in_what_the_file_says(offset_of, name: str, how: dict, words: str) -> None:
    bright = land(dark=1000.0, red=1500.0) + 1000  # of which the pixels alone say nothing
    assert offset_of(bright, "plain.tif") == (0.0, "")
    assert offset_of(bright, name, **how) == (-1000.0, f"offset -1000 by {words}")


@pytest.mark.parametrize("how", [{"tags": {"BOA_ADD_OFFSET": "-1000"}}, {"scale": 1e-4, "offset": -0.1}])
def test_pixels_darker_than_the_offset_allows_overrule_what_the_file_says(offset_of, how: dict) -> None:
    dn, note = offset_of(land(), "labelled.tif", **how)
    assert dn == 0.0
    assert note.startswith("no offset, although")
    assert note.endswith("says -1000: darkest blue 80")


def test_pixels_that_hold_the_offset_overrule_a_tag_that_says_none(offset_of) -> None:
    dn, note = offset_of(land() + 1000, tags={"BOA_ADD_OFFSET": "0"})
    assert dn == -1000.0
    assert note == "offset -1000 found in the pixels: darkest blue 1080, although its tag BOA_ADD_OFFSET says none"


def test_no_offset_is_found_in_a_baseline_that_knows_none(offset_of) -> None:
    assert offset_of(land() + 1000, f"{OLD}.tif") == (0.0, "")


@pytest.mark.parametrize(
    ("what", "values"),
    [
        ("haze of the top of the atmosphere", land() + np.array([250, 450, 800], np.uint16)[:, None, None]),
        ("snow", land(dark=5000.0, haze=5000.0)),
        ("a red desert", land(dark=1200.0, haze=900.0, red=1500.0)),
        ("cloud all over", np.full((3, 120, 160), 4000, np.uint16)),
    ],
)
def test_bright_ground_without_metadata_is_taken_as_it_is(offset_of, what: str, values: np.ndarray) -> None:
    assert offset_of(values) == (0.0, ""), what


def test_nodata_and_the_mixed_pixels_beside_it_do_not_hide_the_offset(offset_of) -> None:
    values = land() + 1000
    values[:, :, :30] = 0
    values[:, :, 30] //= 2
    assert offset_of(values)[0] == -1000.0


def test_reflectance_that_was_scaled_with_the_offset_in_it_is_mended(make_tif: Callable[..., Path]) -> None:
    clean = read_palette(str(make_tif(land().astype(np.float32) / 10000, "clean.tif")), GRID)
    raised = read_palette(str(make_tif((land() + 1000).astype(np.float32) / 10000, "raised.tif")), GRID)
    assert raised.mean == pytest.approx(clean.mean, abs=1e-3)
    assert "reflectance 0..1, " in raised.note
    assert "offset -1000 found" in raised.note


@pytest.mark.parametrize("place", ["wc_be_31UDS_a_20180504", "wc_be_hesbaye_c_202106", "glf_fall_139"])
def test_real_pixels_with_1000_added_give_the_palette_of_those_without(
    place: str, make_tif: Callable[..., Path]
) -> None:
    path = shared_scene(f"dualpol_series/{place}_s2.tif")
    with rasterio.open(path) as source:
        values, profile = source.read(), {"crs": source.crs, "transform": source.transform}
        grid = Grid(source.height, source.width, source.transform, source.crs.to_wkt())
        profile["names"] = source.descriptions
    raised = read_palette(str(make_tif(values + 1000, **profile)), grid)
    plain = read_palette(str(path), grid)
    assert (raised.mean, raised.spread) == (plain.mean, plain.spread)
    assert "offset -1000 found in the pixels" in raised.note
    assert "offset" not in plain.note
