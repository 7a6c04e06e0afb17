"""What every verb refuses before any work, dry run included: the same checks for all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely
from made import UTM33, speckled

import sar_colorize as sc
from sar_colorize import api
from sar_colorize.errors import OutputError, SarColorizeError, SettingError

Call = Callable[..., Any]


@pytest.fixture
def scene(make_tif: Callable[..., Path]) -> Path:
    return make_tif(speckled(130, 140), "scene.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


@pytest.fixture(params=["colorize", "despeckle", "despeckle_stack"])
def verb(request: pytest.FixtureRequest, make_tif: Callable[..., Path], scene: Path) -> Call:
    """A verb as a function of the output alone, which for a stack is the first of two."""
    if request.param == "colorize":
        return lambda output, **more: sc.colorize(scene, output, model="composite", **more)
    if request.param == "despeckle":
        return lambda output, **more: sc.despeckle(scene, output, **more)
    other = make_tif(speckled(130, 140, seed=1), "other.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    return lambda output, **more: sc.despeckle_stack([scene, other], Path(output).parent, **more)


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("block_px", [0, -5, 10, 2.5, "512", True])
def test_a_block_size_that_no_block_can_have_is_refused(
    verb: Call, tmp_path: Path, block_px: Any, dry_run: bool
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SettingError, match=r"block_px must be (at least 64|a whole number), got "):
        verb(tmp_path / "out" / "scene.tif", block_px=block_px, dry_run=dry_run)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("dry_run", [False, True])
def test_an_output_that_exists_is_refused_by_dry_runs_too(verb: Call, tmp_path: Path, dry_run: bool) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "scene.tif").write_bytes(b"older")
    with pytest.raises(OutputError, match=r"output must not exist, got .*scene\.tif"):
        verb(tmp_path / "out" / "scene.tif", dry_run=dry_run)
    assert (tmp_path / "out" / "scene.tif").read_bytes() == b"older"


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_creation_option_that_gdal_does_not_know_is_refused_by_dry_runs_too(
    verb: Call, tmp_path: Path, dry_run: bool
) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SettingError, match="creation options must be such as"):
        verb(tmp_path / "out" / "scene.tif", creation_options={"LEVEL": "many"}, dry_run=dry_run)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("bbox", [(1.0, 2.0, 3.0), "1 2 3 4", (1, 2, 3, "x"), 7])
def test_a_box_that_is_not_four_numbers_is_refused(verb: Call, tmp_path: Path, bbox: Any) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(SettingError, match="bbox must be four numbers"):
        verb(tmp_path / "out" / "scene.tif", bbox=bbox)


@pytest.mark.parametrize("name", ["x.png", "x.jpg", "x"])
def test_a_tiff_is_not_written_under_the_name_of_another_format(scene: Path, tmp_path: Path, name: str) -> None:
    for call in (sc.colorize, sc.despeckle):
        with pytest.raises(OutputError, match=r"output must be called \.tif, got .*x"):
            call(scene, tmp_path / name)
    assert not (tmp_path / name).exists()


def test_an_output_never_replaces_what_the_run_reads(
    scene: Path, make_tif: Callable[..., Path], tmp_path: Path, placed_weights: Path
) -> None:
    picture = make_tif(np.full((3, 130, 140), 120, np.uint8), "palette.tif")
    box = geopandas.GeoSeries([shapely.box(500000, 4998000, 501000, 5000000)], crs=UTM33)
    box.to_file(tmp_path / "area.geojson", driver="GeoJSON")
    area = (tmp_path / "area.geojson").rename(tmp_path / "area.tif")  # GDAL reads it whatever its name
    weights = tmp_path / "weights.tif"
    weights.write_bytes(placed_weights.read_bytes())
    link = tmp_path / "link.tif"
    link.hardlink_to(picture)
    for output, keywords in (
        (picture, {"palette": str(picture)}),
        (link, {"palette": str(picture)}),
        (area, {"aoi": str(area)}),
        (weights, {"model": str(weights)}),
    ):
        before = output.read_bytes()
        with pytest.raises(OutputError, match=r"another file than the inputs, got "):
            sc.colorize(scene, output, overwrite=True, **({"model": str(placed_weights)} | keywords))
        assert output.read_bytes() == before


def test_the_expected_error_never_replaces_what_the_run_reads(scene: Path, tmp_path: Path) -> None:
    before = scene.read_bytes()
    with pytest.raises(OutputError, match="another file than the input"):
        sc.colorize(scene, tmp_path / "out.tif", uncertainty=scene, overwrite=True)
    assert scene.read_bytes() == before


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"output": "out.tif"}, "output must be left out for an array, got 'out.tif'"),
        ({"nodata": 0.0}, "nodata must be left out for an array, got 0.0"),
        ({"aoi": "area.gpkg"}, "aoi must be left out for an array"),
        ({"polarization": "VH"}, "polarization must be left out for an array"),
        ({"filter": "lee", "precision": "fp32"}, "precision must be auto for the filter lee, got fp32"),
        ({"looks": float("nan")}, "looks must be auto or a number from 0.01 to 1000000, got nan"),
        ({"size": "7"}, "size must be a whole number, got '7'"),
    ],
)
def test_what_an_array_cannot_have_is_refused_and_not_ignored(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        sc.despeckle(np.ones((40, 40), np.float32), **keywords)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"tile_px": "512"}, "tile_px must be a whole number, got '512'"),
        ({"overlap_px": 2.5}, "overlap_px must be a whole number, got 2.5"),
        ({"offset_db": float("nan")}, "offset_db must be a finite number, got nan"),
        ({"offset_db": float("inf")}, "offset_db must be a finite number, got inf"),
        ({"looks": "many"}, "looks must be auto or a number from 0.01 to 1000000, got 'many'"),
        ({"filter": "lee", "despeckle": "frost"}, "filter must be given once, got despeckle too, its old name"),
    ],
)
def test_settings_of_the_wrong_kind_are_refused_in_one_sentence(
    scene: Path, tmp_path: Path, keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingError, match=message):
        sc.colorize(scene, tmp_path / "out.tif", **keywords)


def test_old_names_of_keywords_work_and_warn(scene: Path, tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="despeckle is called filter now"):
        old = sc.colorize(scene, tmp_path / "old.tif", model="composite", despeckle="boxcar")
    assert old.filter == "boxcar"
    assert old.to_dict()["despeckle"] == "boxcar"


def test_what_the_result_says_of_the_looks_is_true(scene: Path, tmp_path: Path) -> None:
    """`learned` is told 3 looks by its own default, not those of Sentinel-1 IW GRDH."""
    learned = sc.despeckle(scene, tmp_path / "learned.tif", filter="learned")
    assert (learned.looks, learned.looks_reason) == (3.0, "the default of learned")
    lee = sc.despeckle(scene, tmp_path / "lee.tif", dry_run=True)
    assert (lee.looks, lee.looks_reason) == (4.4, "those of Sentinel-1 IW GRDH")
    picture = sc.colorize(scene, tmp_path / "c.tif", model="composite", looks="auto", dry_run=True)
    assert picture.looks_reason == "estimated from the flattest ground of the scene"


def test_every_refusal_is_an_error_of_this_package(scene: Path) -> None:
    with pytest.raises(SarColorizeError, match="numpy"):
        sc.colorize(np.ones((64, 64), np.float32))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"filter": "none", "size": 7}, "size must be left out for the filter none, got 7"),
        ({"filter": "boxcar", "looks": 4.4}, "looks must be left out for the filter boxcar, which uses none, got 4.4"),
        ({"filter": "median", "looks": "auto"}, "looks must be left out for the filter median"),
        ({"filter": "frost", "looks": 3.0}, "looks must be left out for the filter frost"),
    ],
)
def test_what_a_filter_has_no_use_for_is_refused_and_not_ignored(
    scene: Path, tmp_path: Path, keywords: dict[str, Any], message: str
) -> None:
    for verb in (sc.colorize, sc.despeckle):
        with pytest.raises(SettingError, match=message):
            verb(scene, tmp_path / "out.tif", **keywords)
    assert sc.despeckle(scene, tmp_path / "out.tif", filter="boxcar", dry_run=True).looks is None


def test_two_outputs_with_names_too_long_for_any_file_are_one_sentence(scene: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"File name too long|name"):
        sc.colorize(scene, tmp_path / ("n" * 252 + ".tif"), uncertainty=tmp_path / ("m" * 252 + ".tif"))


@pytest.mark.parametrize("name", ["a\0b", "a\udcffb", "\ud800", "x/a\0b/c", "n" * 300])
@pytest.mark.parametrize("verb", ["build_pairs", "adapt", "train", "evaluate"])
def test_a_name_that_no_file_can_have_is_one_sentence_before_any_work(
    tmp_path: Path, pairs_folder: Path, make_tif: Callable[..., Path], verb: str, name: str
) -> None:
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / name
    scene = make_tif(speckled(96, 96)[None], names=("VV",), tags={"UNITS": "dB"}, nodata=np.nan)
    picture = make_tif(np.full((3, 96, 96), 90, np.uint8), "picture.tif")
    calls: dict[str, Callable[[], object]] = {
        "build_pairs": lambda: api.build_pairs(scene, picture, out, patch_px=32),
        "adapt": lambda: api.adapt(scene, picture, out=out.with_name(f"{out.name}.safetensors")),
        "train": lambda: api.train(pairs_folder, out, width=8, epochs=1),
        "evaluate": lambda: api.evaluate("composite", pairs_folder, out, limit=1),
    }
    with pytest.raises(OutputError, match=r"must be a name that a file can have, got .*; choose another$"):
        calls[verb]()
    assert list((tmp_path / "out").iterdir()) == []
