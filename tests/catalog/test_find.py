"""`find`: scenes from a real STAC API server on loopback (rustac), filtered, freed of doubles and sorted here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_product import HEIGHT, NAME, WIDTH, make_safe, position
from made_remote import ITEM, RUSTAC, catalogue, grd_item, put_in_bucket, rtc_item

import sar_colorize as sc
from sar_colorize.errors import NetworkError, SettingError
from tools.mosaic_server import MosaicServer

pytest.importorskip("pystac_client")
needs_server = pytest.mark.skipif(not RUSTAC.exists(), reason="rustac is not installed: pip install rustac")
Run = Callable[..., subprocess.CompletedProcess[str]]
WEST, SOUTH = position(HEIGHT, WIDTH)
EAST, NORTH = position(0, 0)
INSIDE = (*position(210, 310), *position(190, 290))
LATER = ITEM.replace("20210119", "20210131")


@pytest.fixture
def url(folder: Path, server: MosaicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A catalogue of three passes, one of them in two versions and one elsewhere, and of one that is corrected."""
    put_in_bucket(make_safe(folder), folder / "bucket" / NAME)
    bucket = f"{server.url}/bucket/{NAME}"
    items = [
        grd_item(bucket, name=LATER, date="2021-01-31T05:00:00Z", shift=0.03, **{"sat:orbit_state": "ascending"}),
        grd_item(bucket),
        grd_item(bucket, name=NAME),
        grd_item(bucket, name=LATER.replace("20210131", "20210112"), date="2021-01-12T03:00:00Z", shift=2.0),
        rtc_item(folder, server.url),
    ]
    with catalogue(tmp_path, items) as address:
        monkeypatch.setenv("SAR_COLORIZE_STAC_URL", address)
        yield address


@needs_server
def test_scenes_of_a_place_and_a_month_are_listed_by_time(url: str) -> None:
    found = sc.find((WEST, SOUTH, EAST, NORTH), "2021-01")
    assert [(each.name, each.time, each.direction, each.polarizations) for each in found] == [
        (NAME, "2021-01-19T03:16:53Z", "descending", ("VV", "VH")),
        (LATER, "2021-01-31T05:00:00Z", "ascending", ("VV", "VH")),
    ]
    assert 0.4 < found[1].share < found[0].share < 1.0
    assert found[0].url == f"{url}/collections/sentinel-1-grd/items/{NAME}"
    assert [each.share for each in sc.find(INSIDE, "2021-01-19")] == [1.0]
    assert sc.find(INSIDE, "2021-02") == []
    assert [each.name for each in sc.find(INSIDE, "2021-01-19/2021-01", kind="rtc")] == [f"{ITEM}_rtc"]


@needs_server
def test_what_is_found_is_an_input_by_its_name_and_its_address(url: str, folder: Path) -> None:
    here = sc.info(folder / f"{NAME}.SAFE")
    for each in sc.find(INSIDE, "2021-01-19"):
        for name in (each.name, each.url):
            there = sc.info(name)
            assert there["sampled_levels"] == here["sampled_levels"]
            assert there["about"]["time"] == here["about"]["time"]
    assert sc.info(sc.find(INSIDE, "2021-01-19", kind="rtc")[0].url)["bands"] == ["VV", "VH"]


@needs_server
def test_the_table_and_the_document(url: str, run_cli: Run) -> None:
    asked = ["find", "--bbox", *map(str, INSIDE), "--date", "2021-01"]
    table = run_cli(*asked)
    assert table.stdout.splitlines()[:2] == [
        f"name{' ' * 65}time (UTC)           direction   bands  covers",
        f"{NAME}  2021-01-19 03:16:53  descending  VV+VH  100.0%",
    ]
    document = json.loads(run_cli(*asked, "--json").stdout)
    assert [each["name"] for each in document["scenes"]] == [NAME, LATER]
    assert set(document["scenes"][0]) == {
        "name", "time", "direction", "polarizations", "share", "relative_orbit", "url",
    }  # fmt: skip
    nothing = run_cli("find", "--bbox", "0", "0", "1", "1", "--date", "2021-01")
    assert (nothing.returncode, nothing.stdout) == (0, "no scene of this place in these days; widen them with --date\n")


@needs_server
def test_the_second_catalogue_is_asked_where_the_first_fails_or_has_nothing(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    with catalogue(tmp_path / "other", [grd_item("http://127.0.0.1:1/x", shift=90.0)]) as empty:
        for first in ("http://127.0.0.1:1", empty):
            monkeypatch.setenv("SAR_COLORIZE_STAC_URL", f"{first} {url}")
            assert [each.name for each in sc.find(INSIDE, "2021-01-19")] == [NAME]
        assert sc.find(INSIDE, "2021-01-19", catalog=empty) == []
        assert len(sc.find(INSIDE, "2021-01-19", catalog=f"{url}#sentinel-1-rtc")) == 1
    monkeypatch.setenv("SAR_COLORIZE_STAC_URL", "http://127.0.0.1:1")
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1:1 must be reachable, got .* network, or name another cat"):
        sc.find(INSIDE, "2021-01-19")


@needs_server
def test_a_box_over_the_antimeridian(server: MosaicServer, tmp_path: Path) -> None:
    east, west = (
        grd_item("http://127.0.0.1:1/x", shift=168.95),
        grd_item("http://127.0.0.1:1/x", name=LATER, shift=169.3),
    )
    for corner in west["geometry"]["coordinates"][0]:
        corner[0] -= 360.0
    west["bbox"][0::2] = [value - 360.0 for value in west["bbox"][0::2]]
    with catalogue(tmp_path, [east, west]) as address:
        found = sc.find((179.8, SOUTH, -179.6, NORTH), "2021-01", catalog=address)
    assert {each.name for each in found} == {ITEM, LATER}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bbox": (11.0, 47.0, 12.0, 46.0)}, "bbox must be west, south, east and north in degrees, got 11 47 12 46"),
        ({"bbox": (500000.0, 5e6, 6e5, 5.1e6)}, "bbox must be west, south, east and north in degrees"),
        ({"bbox": (float("nan"), 0.0, 1.0, 1.0)}, "bbox must be west"),
        ({"date": "yesterday"}, "date must be a date such as"),
        ({"date": "2021-02/2021-01"}, "date must have its first day first, got 2021-02/2021-01"),
        ({"kind": "slc"}, "kind must be one of grd, rtc, got 'slc'"),
        ({"catalog": "file:///etc"}, "catalog must be an address such as"),
        ({"catalog": "https://u:word@host/v1"}, "catalog must be an address such as"),
    ],
)
def test_what_cannot_be_looked_for_is_refused_before_anyone_is_asked(given: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said) as refused:
        sc.find(**({"bbox": INSIDE, "date": "2021-01"} | given))
    assert ":word" not in str(refused.value)


@needs_server
def test_the_way_from_a_place_to_a_result_can_be_shown(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tools.find_and_colorize", str(tmp_path / "a.tif"), "--verbs", "despeckle"]
    done = subprocess.run(
        program, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.tif").exists()
    assert f"$ sar-colorize despeckle {ITEM} " in done.stdout
    assert "despeckle: 0." in done.stdout.splitlines()[-1]
