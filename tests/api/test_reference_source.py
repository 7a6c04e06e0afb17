"""A source named in place of a file: the same picture as by hand, only by consent, and said in tags, notes and hint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import speckled

import sar_colorize as sc
from sar_colorize import api
from sar_colorize.catalog import client
from sar_colorize.errors import NetworkError, SettingError
from tools.mosaic_server import MosaicServer, serving, write_mosaic_120, write_worldcover

MakeTif = Callable[..., Path]
PLACE = Affine(10.0, 0.0, 460000.0, 0.0, -10.0, 4940000.0)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MosaicServer]:
    """Both mosaics on loopback, and a cache and a configuration of the test's own."""
    monkeypatch.setenv("SAR_COLORIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SAR_COLORIZE_CONFIG", str(tmp_path / "config.json"))
    monkeypatch.delenv("SAR_COLORIZE_NETWORK", raising=False)
    monkeypatch.setattr(client, "PATIENCE", client.Patience(timeout_s=1.0, first_wait_s=0.01, total_s=20.0))
    folder = tmp_path / "served"
    write_worldcover(folder, 44, 14, size=1200)
    write_mosaic_120(folder, "33T", (2020, 7, 12), (400000.0, 4900000.0, 500000.0, 5000000.0))
    with serving(folder) as made:
        for source in ("WORLDCOVER", "MOSAIC_120"):
            monkeypatch.setenv(f"SAR_COLORIZE_{source}_URL", made.url)
        yield made


@pytest.fixture
def scene(make_tif: MakeTif) -> Path:
    """300 x 320, VV and VH in decibels, on ground that both mosaics show."""
    values = np.stack([speckled(300, 320), speckled(300, 320, seed=1, median_db=-18.5)])
    return make_tif(values, names=("VV", "VH"), nodata=np.nan, tags={"UNITS": "dB"}, transform=PLACE)


def _pixels(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_one_sentence(scene: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingError, match="reference must "):
        sc.colorize(scene, tmp_path / "a.tif", reference=name)


def test_a_source_gives_the_picture_that_its_file_gives(scene: Path, server: MosaicServer, tmp_path: Path) -> None:
    made = sc.colorize(scene, tmp_path / "a.tif", reference="worldcover")
    assert made.reference is not None
    by_hand = sc.colorize(scene, tmp_path / "b.tif", reference=made.reference)
    np.testing.assert_array_equal(_pixels(tmp_path / "a.tif"), _pixels(tmp_path / "b.tif"))
    assert by_hand.kept_share == made.kept_share
    with rasterio.open(tmp_path / "a.tif") as one, rasterio.open(tmp_path / "b.tif") as other:
        tags, tags_by_hand = one.tags(), other.tags()
    names = [f"SAR_COLORIZE_REFERENCE_{name}" for name in ("SOURCE", "ITEMS", "LICENCE", "CREDIT", "DATE")]
    assert [tags[name] for name in names] == [tags_by_hand[name] for name in names] == [
        "ESA WorldCover Sentinel-2 composite (worldcover), 2021, median of the year", "N44E014", "CC BY 4.0",
        "(c) ESA WorldCover project 2021 / Contains modified Copernicus Sentinel data (2021) processed by ESA "
        "WorldCover consortium",
        "unknown",
    ]  # fmt: skip
    assert tags["SAR_COLORIZE_REFERENCE"] == Path(made.reference).name
    assert json.loads(tags["SAR_COLORIZE_SETTINGS"])["reference"] == "worldcover"


def test_a_palette_takes_the_same_sources(scene: Path, server: MosaicServer, tmp_path: Path) -> None:
    made = sc.colorize(scene, tmp_path / "a.tif", palette="worldcover")
    assert made.fetched is not None
    assert (made.palette, made.reference, made.fetched["items"]) == ("worldcover", None, ("N44E014",))
    assert made.notes[0].startswith("Palette worldcover: ESA WorldCover Sentinel-2 composite of 2021")
    sc.colorize(scene, tmp_path / "b.tif", palette=made.fetched["path"])
    np.testing.assert_array_equal(_pixels(tmp_path / "a.tif"), _pixels(tmp_path / "b.tif"))
    with rasterio.open(tmp_path / "a.tif") as dataset:
        tags = dataset.tags()
    assert json.loads(tags["SAR_COLORIZE_SETTINGS"])["palette"] == "worldcover"
    assert json.loads(tags["SAR_COLORIZE_PALETTE"])["source"] == "worldcover"
    assert tags["SAR_COLORIZE_PALETTE_CREDIT"].startswith("(c) ESA WorldCover project 2021")
    assert str(tmp_path) not in json.dumps({name: text for name, text in tags.items() if name != "SAR_COLORIZE_SOURCE"})


def test_a_palette_from_a_source_obeys_offline_and_a_dry_run(scene: Path, server: MosaicServer, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="palette worldcover must be in the cache to be used offline"):
        sc.colorize(scene, tmp_path / "a.tif", palette="worldcover", offline=True)
    made = sc.colorize(scene, tmp_path / "a.tif", palette="mosaic-120:7", dry_run=True)
    assert any(note.endswith("and use it as the palette.") for note in made.notes)
    with pytest.raises(SettingError, match="palette must be auto or none for composite"):
        sc.colorize(scene, tmp_path / "a.tif", palette="worldcover", model="composite")
    assert server.requests == []


def test_the_result_says_what_was_fetched_from_where_and_how_much(
    scene: Path, server: MosaicServer, tmp_path: Path
) -> None:
    made = sc.colorize(scene, tmp_path / "a.tif", reference="worldcover")
    assert made.hint is None
    assert made.fetched is not None
    assert (made.fetched["items"], made.fetched["host"], made.fetched["from_cache"]) == (
        ("N44E014",), f"127.0.0.1:{server.server_port}", False,
    )  # fmt: skip
    assert made.notes[0].startswith(
        "Reference worldcover: ESA WorldCover Sentinel-2 composite of 2021, median of the year, 1 tile, "
        f"{server.bytes / 1e6:.1f} MB from 127.0.0.1:{server.server_port}, at 20 m, over 100% of the scene. (c) ESA"
    )


def test_the_seasonal_mosaic_has_a_date(scene: Path, server: MosaicServer, tmp_path: Path) -> None:
    made = sc.colorize(scene, tmp_path / "a.tif", reference="mosaic-120", date="2026-08-02")
    assert made.reference_date == "2020-07-12"


def test_a_lazy_picture_takes_a_source_too(scene: Path, server: MosaicServer) -> None:
    lazy = sc.colorize(scene, reference="worldcover")
    assert lazy.shape == (4, 300, 320)


def test_without_consent_nothing_is_asked_and_the_end_is_one_line(
    scene: Path, server: MosaicServer, tmp_path: Path
) -> None:
    made = sc.colorize(scene, tmp_path / "a.tif")
    assert server.requests == []
    assert made.reference is None
    assert made.hint == (
        "no reference was given, so fields, roads and the season are guessed or missing; with worldcover as the "
        "reference this would fetch and use ESA WorldCover Sentinel-2 "
        f"composite (worldcover) at 20 m, about 1 MB from 127.0.0.1:{server.server_port}"
    )
    assert made.to_dict()["hint"] == made.hint


@pytest.mark.parametrize(("reference", "settings"), [("none", {}), (None, {}), ("auto", {"offline": True})])
def test_where_the_user_wants_none_there_is_no_hint(
    scene: Path, server: MosaicServer, tmp_path: Path, reference: str | None, settings: dict[str, Any]
) -> None:
    made = sc.colorize(scene, tmp_path / "a.tif", reference=reference, dry_run=True, **settings)
    assert (made.hint, made.reference, server.requests) == (None, None, [])


def test_with_consent_the_usual_reference_is_worldcover(
    scene: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    made = sc.colorize(scene, tmp_path / "a.tif")
    assert made.reference is not None
    assert "worldcover-2021" in made.reference


def test_with_consent_what_fails_is_a_note_and_the_other_mosaic_is_taken(
    scene: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    server.fault = lambda handler, content: "rgbnir" in handler.path and (handler.send(b"", 403) or True)
    made = sc.colorize(scene, tmp_path / "a.tif")
    assert made.reference_date == "2020-07-12"
    assert made.notes[0].startswith(
        "Reference worldcover is not used: reference worldcover must be readable without an"
    )


def test_with_consent_and_nothing_that_answers_the_picture_is_made_without(
    scene: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    server.fault = lambda handler, content: handler.send(b"", 404) or True
    made = sc.colorize(scene, tmp_path / "a.tif")
    assert made.reference is None
    assert [note.split(" is not used: ")[0] for note in made.notes[:2]] == [
        "Reference worldcover", "Reference mosaic-120",
    ]  # fmt: skip
    with pytest.raises(SettingError, match="structure must come with a reference"):
        sc.colorize(scene, tmp_path / "b.tif", structure="radar")
    with pytest.raises(SettingError, match="memory must come with a reference"):
        sc.colorize(scene, tmp_path / "b.tif", memory=tmp_path / "c.tif")


def test_a_source_that_fails_when_named_is_an_error_and_nothing_is_written(
    scene: Path, server: MosaicServer, tmp_path: Path
) -> None:
    server.fault = lambda handler, content: handler.send(b"", 403) or True
    with pytest.raises(NetworkError, match=r"reference worldcover must be readable without an account, got HTTP 403"):
        sc.colorize(scene, tmp_path / "a.tif", reference="worldcover")
    assert not (tmp_path / "a.tif").exists()


def test_offline_wins_over_consent(
    scene: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    made = sc.colorize(scene, tmp_path / "a.tif", offline=True, dry_run=True)
    assert made.reference is None
    with pytest.raises(SettingError, match="reference worldcover must be in the cache to be used offline"):
        sc.colorize(scene, tmp_path / "b.tif", reference="worldcover", offline=True)
    for name in (
        "https://example.com/a.tif",
        "/vsis3/bucket/a.tif",
        "/vsizip//vsicurl/https://example.com/a.zip/a.tif",
    ):
        with pytest.raises(SettingError, match="offline must come with inputs on this machine, got "):
            sc.colorize(name, tmp_path / "b.tif", offline=True)
        with pytest.raises(SettingError, match="offline must come with inputs on this machine, got "):
            sc.colorize(scene, tmp_path / "b.tif", reference=name, offline=True)
    assert server.requests == []
    sc.colorize(scene, tmp_path / "c.tif", reference="worldcover")
    asked = len(server.requests)
    assert sc.colorize(scene, tmp_path / "b.tif", reference="worldcover", offline=True).reference is not None
    assert len(server.requests) == asked


def test_a_dry_run_says_what_it_would_fetch_and_asks_nobody(scene: Path, server: MosaicServer, tmp_path: Path) -> None:
    files = {"memory": tmp_path / "m.tif", "reference_date": "2021-07"}
    made = sc.colorize(scene, tmp_path / "a.tif", reference="worldcover", dry_run=True, **files)
    assert server.requests == []
    assert any(
        note.startswith("Would fetch ESA WorldCover Sentinel-2 composite (worldcover) at") for note in made.notes
    )
    assert not (tmp_path / "cache").exists()


def test_a_model_whose_colours_are_a_code_refuses_a_source_before_it_is_fetched(
    scene: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match="reference must be left out for composite"):
        sc.colorize(scene, tmp_path / "a.tif", model="composite", reference="worldcover")
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    assert sc.colorize(scene, tmp_path / "a.tif", model="composite").hint is None
    assert server.requests == []


def test_a_scene_without_a_georeference_has_no_hint_and_no_source(
    make_tif: MakeTif, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = make_tif(speckled(128, 128)[None], names=("VV",), tags={"UNITS": "dB"}, crs=None, transform=None)
    assert sc.colorize(plain, tmp_path / "a.tif", dry_run=True).hint is None
    with pytest.raises(SettingError, match="reference worldcover must be a file for a scene without a georeference"):
        sc.colorize(plain, tmp_path / "b.tif", reference="worldcover")
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    without = sc.colorize(plain, tmp_path / "d.tif", reference="none", dry_run=True)
    assert sc.colorize(plain, tmp_path / "c.tif", dry_run=True).notes == without.notes


def test_the_demo_asks_no_server_whatever_is_allowed(
    server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", "1")
    api.demo(tmp_path / "demo", model="composite")
    api.demo(tmp_path / "another")
    assert server.requests == []


def test_a_resolution_without_a_source_is_refused(scene: Path, server: MosaicServer, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="reference_resolution must come with a source as the reference, got 40"):
        sc.colorize(scene, tmp_path / "a.tif", reference_resolution=40)


@pytest.mark.parametrize("text", ["maybe", "2"])
def test_a_consent_that_is_none_is_refused(
    scene: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("SAR_COLORIZE_NETWORK", text)
    with pytest.raises(SettingError, match=f"SAR_COLORIZE_NETWORK must be 1 or 0, got {text}"):
        sc.colorize(scene, tmp_path / "a.tif")
