"""The STAC item beside an output: valid offline, right in place and time, and with the other files or not at all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pystac.validation
import pytest
import rasterio
from affine import Affine
from made import speckled
from pystac.errors import STACValidationError
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from shapely import contains_xy
from shapely.geometry import shape

import sar_colorize as sc
from sar_colorize.api.stac_item import _moments
from sar_colorize.errors import MissingPackageError, OutputError, SettingError

MakeTif = Callable[..., Path]
PROJECTION = Path(__file__).parents[1] / "stac" / "projection-2.0.0.json"
FAST: dict[str, Any] = {"model": "composite", "reference": "none"}


@pytest.fixture(autouse=True)
def _validator(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """pystac's own, with the schema of the projection extension at hand instead of on the network."""
    validator = JsonSchemaSTACValidator()
    schema = json.loads(PROJECTION.read_text())
    validator.schema_cache[schema["$id"]] = schema
    pystac.validation.set_validator(validator)
    yield
    pystac.validation.RegisteredValidator._validator = None


@pytest.fixture
def scene(make_tif: MakeTif) -> Path:
    values = np.stack([speckled(200, 300), speckled(200, 300, seed=1, median_db=-18.5)])
    return make_tif(values, "s1_20260302.tif", names=("VV", "VH"), tags={"UNITS": "dB"})


def _item(path: str | Path | None) -> pystac.Item:
    assert path is not None
    item = pystac.Item.from_file(str(path))
    item.validate()
    return item


def test_an_item_is_valid_and_says_where_when_and_what(scene: Path, tmp_path: Path) -> None:
    made = sc.colorize(scene, tmp_path / "colour.tif", stac=True, quicklook=tmp_path / "small.png", **FAST)
    item = _item(tmp_path / "colour.json")
    assert made.stac == str(tmp_path / "colour.json")
    assert item.id == "colour"
    assert item.ext.proj.code == "EPSG:32633"
    assert item.ext.proj.shape == [200, 300]
    with rasterio.open(tmp_path / "colour.tif") as dataset:
        assert item.ext.proj.transform == list(dataset.transform)[:6]
        lon, lat = rasterio.warp.transform(dataset.crs, "EPSG:4326", *zip(dataset.xy(100, 150), strict=True))
        tags = dataset.tags()
    assert contains_xy(shape(item.geometry), lon[0], lat[0])
    assert item.bbox == pytest.approx(shape(item.geometry).bounds, abs=1e-6)
    assert (item.datetime, item.properties["start_datetime"], item.properties["end_datetime"]) == (
        None, "2026-03-02T00:00:00Z", "2026-03-02T23:59:59Z",
    )  # fmt: skip
    assert item.properties["sar_colorize:model"] == "composite"
    assert item.properties["description"] == tags["SAR_COLORIZE_NOTICE"]
    assert {key: asset.href for key, asset in item.assets.items()} == {
        "colour": "./colour.tif", "thumbnail": "./small.png",
    }  # fmt: skip
    assert item.assets["colour"].media_type == pystac.MediaType.COG
    assert [band["name"] for band in item.assets["colour"].extra_fields["bands"]] == ["red", "green", "blue"]


def test_all_files_of_a_run_are_its_assets(scene: Path, tmp_path: Path, placed_weights: Path) -> None:
    (tmp_path / "beside").mkdir()
    sc.colorize(scene, tmp_path / "c.tif", stac=True, model=str(placed_weights), reference="none", date="2026-03",
                uncertainty=tmp_path / "beside" / "e.tif")  # fmt: skip
    item = _item(tmp_path / "c.json")
    asset = item.assets["uncertainty"]
    assert (asset.href, asset.roles) == ("./beside/e.tif", ["metadata"])
    assert asset.extra_fields["bands"] == [
        {"name": "expected_ab_error", "data_type": "float32", "unit": "Lab units"}
    ]  # fmt: skip
    assert item.properties["end_datetime"] == "2026-03-31T23:59:59Z"


def test_radar_that_was_filtered_has_one_too(scene: Path, tmp_path: Path) -> None:
    made = sc.despeckle(scene, tmp_path / "smooth.tif", stac=True, bbox=(500500, 4998500, 501500, 4999500))
    item = _item(made.stac)
    assert item.ext.proj.shape == [100, 100]
    assert item.ext.proj.transform == [10, 0, 500500, 0, -10, 4999500]
    assert list(item.assets) == ["radar"]


def test_over_the_antimeridian_it_has_two_parts_and_a_box_with_west_over_east(
    make_tif: MakeTif, tmp_path: Path
) -> None:
    scene = make_tif(speckled(100, 100), "s_20260302.tif", names=("VV",), tags={"UNITS": "dB"}, crs="EPSG:4326",
                     transform=Affine(0.01, 0, 179.5, 0, -0.01, 10.5))  # fmt: skip
    sc.colorize(scene, tmp_path / "c.tif", stac=True, **FAST)
    item = _item(tmp_path / "c.json")
    assert item.geometry["type"] == "MultiPolygon"
    assert item.bbox == pytest.approx([179.5, 9.5, -179.5, 10.5])
    assert shape(item.geometry).area == pytest.approx(1.0)


def test_a_crs_without_a_code_is_spelled_out(make_tif: MakeTif, tmp_path: Path) -> None:
    own = "+proj=laea +lat_0=46 +lon_0=15 +ellps=bessel"
    scene = make_tif(speckled(70, 70), "s_20260302.tif", names=("VV",), tags={"UNITS": "dB"}, crs=own,
                     transform=Affine(10, 0, 0, 0, -10, 0))  # fmt: skip
    sc.colorize(scene, tmp_path / "c.tif", stac=True, **FAST)
    item = _item(tmp_path / "c.json")
    assert item.ext.proj.code is None
    assert "Lambert_Azimuthal" in item.ext.proj.wkt2.replace(" ", "_")


def test_the_validation_can_fail(scene: Path, tmp_path: Path) -> None:
    sc.colorize(scene, tmp_path / "c.tif", stac=True, **FAST)
    for broken in ({"proj:shape": [1]}, {"start_datetime": None}):
        found = json.loads((tmp_path / "c.json").read_text())
        found["properties"] |= broken
        with pytest.raises(STACValidationError):
            pystac.Item.from_dict(found).validate()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2021-01-19T03:16:53.1 to 2021-01-19T03:17:18.2 UTC", ("2021-01-19T03:16:53", "2021-01-19T03:17:18")),
        ("2021-01-19 03:16:53 UTC", ("2021-01-19T03:16:53", "2021-01-19T03:16:53")),
        ("2021-01-19", None), ("", None), ("soon", None), ("2021-01-19 to 2021-01-20", None),
    ],
)  # fmt: skip
def test_the_time_of_a_product_in_words(text: str, wanted: tuple[str, str] | None) -> None:
    found = _moments(text)
    assert (found and tuple(each.isoformat()[:19] for each in found)) == wanted


def test_what_has_no_item_is_refused_before_any_work(
    make_tif: MakeTif, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undated = make_tif(speckled(70, 70), "undated.tif", names=("VV",), tags={"UNITS": "dB"})
    nowhere = make_tif(
        speckled(70, 70), "n_20260302.tif", names=("VV",), tags={"UNITS": "dB"}, crs=None, transform=None
    )
    for verb in (sc.colorize, sc.despeckle):
        with pytest.raises(
            SettingError, match=r"stac must have the date of the scene, got none in .*undated\.tif; put"
        ):
            verb(undated, tmp_path / "c.tif", stac=True)
        with pytest.raises(SettingError, match="stac must be left out for a scene that has no place on Earth"):
            verb(nowhere, tmp_path / "c.tif", stac=True)
        with pytest.raises(SettingError, match="stac must be left out without an output"):
            verb(scene, stac=True)
    monkeypatch.setitem(sys.modules, "pystac", None)
    with pytest.raises(MissingPackageError, match=r"sar-colorize\[stac\]"):
        sc.colorize(scene, tmp_path / "c.tif", stac=True)
    assert {path.suffix for path in tmp_path.iterdir()} == {".tif"}


def test_it_replaces_no_file_unasked_and_none_that_the_run_reads(scene: Path, tmp_path: Path) -> None:
    area = {
        "type": "Feature", "properties": {},
        "geometry": {"type": "Polygon", "coordinates": [[[14.9, 44], [15.1, 44], [15.1, 46], [14.9, 46], [14.9, 44]]]},
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(area))
    older = (tmp_path / "c.json").read_bytes()
    with pytest.raises(OutputError, match=r"must not exist, got .*c\.json"):
        sc.colorize(scene, tmp_path / "c.tif", stac=True, **FAST)
    with pytest.raises(OutputError, match=r"another file than the inputs, got .*c\.json"):
        sc.colorize(scene, tmp_path / "c.tif", stac=True, aoi=tmp_path / "c.json", overwrite=True, **FAST)
    assert (tmp_path / "c.json").read_bytes() == older
    assert not (tmp_path / "c.tif").exists()
    sc.colorize(scene, tmp_path / "c.tif", stac=True, overwrite=True, **FAST)
    assert _item(tmp_path / "c.json").id == "c"


def test_where_the_run_fails_there_is_no_item(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sar_colorize.cog import CogWriter

    def fail(*_: object) -> None:
        raise OutputError("made to fail")

    monkeypatch.setattr(CogWriter, "finish", fail)
    with pytest.raises(OutputError, match="made to fail"):
        sc.colorize(scene, tmp_path / "c.tif", stac=True, **FAST)
    assert [path.name for path in tmp_path.iterdir()] == [scene.name]


def test_the_command_writes_it_for_one_scene_and_for_many(
    scene: Path, tmp_path: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_cli("colorize", scene, tmp_path / "c.tif", "--stac", "--model", "composite")
    assert f"stac         {tmp_path / 'c.json'}" in done.stdout
    done = run_cli("colorize", scene, "--out-dir", tmp_path / "out", "--stac", "--model", "composite", "--json")
    assert _item(json.loads(done.stdout)["results"][0]["stac"]).id == "s1_20260302_colour"
