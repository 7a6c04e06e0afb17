"""`reference`, `config` and a source as `--reference`: what a terminal shows, and what stays unsaid."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from made import command, speckled

from tools.mosaic_server import MosaicServer, serving, write_worldcover

Run = Callable[..., subprocess.CompletedProcess[str]]
PLACE = Affine(10.0, 0.0, 460000.0, 0.0, -10.0, 4940000.0)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MosaicServer]:
    """WorldCover on loopback, and a cache and a configuration of the test's own."""
    monkeypatch.setenv("SAR_COLORIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SAR_COLORIZE_CONFIG", str(tmp_path / "settings" / "config.json"))
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    monkeypatch.delenv("SAR_COLORIZE_NETWORK", raising=False)
    write_worldcover(tmp_path / "served", 44, 14, size=1200)
    with serving(tmp_path / "served") as made:
        for source in ("WORLDCOVER", "MOSAIC_120"):
            monkeypatch.setenv(f"SAR_COLORIZE_{source}_URL", made.url)
        yield made


@pytest.fixture
def scene(make_tif: Callable[..., Path]) -> Path:
    """128 x 128, VV in decibels, on ground that the mosaic shows."""
    return make_tif(speckled(128, 128)[None], names=("VV",), nodata=np.nan, tags={"UNITS": "dB"}, transform=PLACE)


def test_the_reference_of_a_scene_is_written_to_look_at(
    scene: Path, server: MosaicServer, tmp_path: Path, run_cli: Run
) -> None:
    done = run_cli("reference", scene, tmp_path / "picture.tif", "--progress", "none")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'picture.tif'}: ESA WorldCover Sentinel-2 composite, 2021, median of the year",
        "  items        N44E014",
        "  date         none, a median of the year",
        "  resolution   20 m",
        "  covers       100.0% of the scene",
        f"  fetched      {server.bytes / 1e6:.1f} MB in {len(server.requests)} requests, from 127.0.0.1:"
        f"{server.server_port}",
        "  licence      CC BY 4.0, credit: (c) ESA WorldCover project 2021 / Contains modified Copernicus Sentinel "
        "data (2021) processed by ESA WorldCover consortium",
    ]
    with rasterio.open(tmp_path / "picture.tif") as dataset:
        assert dataset.tags()["ITEMS"] == "N44E014"
    again = run_cli("reference", scene, tmp_path / "picture.tif")
    assert again.returncode == 1
    assert "output must not exist" in again.stderr
    asked = len(server.requests)
    record = json.loads(run_cli("reference", scene, tmp_path / "picture.tif", "--overwrite", "--json").stdout)
    assert (record["items"], record["share"], record["from_cache"], record["path"]) == (
        ["N44E014"], 1.0, True, str(tmp_path / "picture.tif"),
    )  # fmt: skip
    assert len(server.requests) == asked
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "picture.tif", "scene.tif", "served"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--from", "bing"),
            "error: --from must be one of worldcover, mosaic-120, sentinel-2, stac:URL#COLLECTION, got 'bing'; a file "
            "needs no fetching",
        ),
        (("--from", "worldcover:1999"), "error: --from must be worldcover of 2021 or 2020, got 'worldcover:1999'"),
        (
            ("--reference-resolution", "1"),
            "error: --reference-resolution must be from 10 to 5000 metres for worldcover",
        ),
        (("--date", "yesterday"), "error: --date must be a date such as 2026-03-02"),
        (("--offline",), "must be in the cache to be used offline, got nothing for this scene"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(
    scene: Path, server: MosaicServer, tmp_path: Path, run_cli: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = run_cli("reference", scene, tmp_path / "picture.tif", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert server.requests == []


def test_a_source_that_fails_is_one_line_and_exit_code_1(
    scene: Path, server: MosaicServer, tmp_path: Path, run_cli: Run
) -> None:
    server.fault = lambda handler, content: handler.send(b"", 500) or True
    for arguments in (("reference", scene, tmp_path / "a.tif"), ("colorize", scene, tmp_path / "a.tif", "--reference",
                      "worldcover")):  # fmt: skip
        done = run_cli(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "must answer in full, got HTTP 500 (Internal Server Error) from 127.0.0.1" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "a.tif").exists()


def test_a_run_without_a_reference_begins_with_what_will_be_missing_until_the_user_allows_the_network(
    scene: Path, server: MosaicServer, tmp_path: Path, run_cli: Run
) -> None:
    first = run_cli("colorize", scene, tmp_path / "a.tif")
    missing = "note: no reference was given, so fields, roads and the season are guessed or missing; with "
    assert first.stderr.count(missing) == 1
    assert "with worldcover as the reference this would fetch and use ESA " in first.stderr
    assert server.requests == []
    assert json.loads(run_cli("config", "show", "--json").stdout)["network"] is False
    assert run_cli("config", "network", "on").stdout.splitlines()[0] == (
        f"network     on ({tmp_path / 'settings' / 'config.json'})"
    )
    second = run_cli("colorize", scene, tmp_path / "b.tif")
    assert missing not in second.stderr
    assert "note: Reference worldcover: ESA WorldCover Sentinel-2 composite of 2021" in second.stderr
    asked = len(server.requests)
    assert asked > 0
    forbidden = run_cli("config", "show", env={**os.environ, "SAR_COLORIZE_NETWORK": "0"})
    assert forbidden.stdout.splitlines()[0] == "network     off (SAR_COLORIZE_NETWORK)"
    assert run_cli("config", "network", "off").stdout.startswith("network     off (nobody allowed it)")
    assert missing in run_cli("colorize", scene, tmp_path / "c.tif", "--dry-run").stderr
    assert len(server.requests) == asked


def test_a_damaged_configuration_is_no_consent(scene: Path, server: MosaicServer, tmp_path: Path, run_cli: Run) -> None:
    file = tmp_path / "settings" / "config.json"
    file.parent.mkdir()
    for text in ("{", "[]", '{"network": "yes"}', "\xff"):
        file.write_text(text, encoding="latin-1")
        assert json.loads(run_cli("config", "show", "--json").stdout)["network"] is False
    assert json.loads(run_cli("config", "network", "on", "--json").stdout)["network"] is True


def test_tiles_that_are_fetched_are_shown_before_blocks(
    scene: Path, server: MosaicServer, tmp_path: Path, run_cli: Run
) -> None:
    done = run_cli("colorize", scene, tmp_path / "a.tif", "--reference", "worldcover", "--progress", "json")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    units = [event["unit"] for event in events if event["event"] == "progress"]
    assert units == sorted(units, reverse=True)  # tiles, then blocks
    assert set(units) == {"tiles", "blocks"}
    tiles = [event for event in events if event.get("unit") == "tiles"]
    assert (tiles[-1]["done"], tiles[-1]["total"]) == (1, 1)


@pytest.mark.parametrize("by", ["Ctrl-C", "end of input"])
def test_who_cancels_in_the_midst_of_a_download_ends_it_at_once(
    scene: Path, server: MosaicServer, tmp_path: Path, by: str
) -> None:
    release = threading.Event()
    server.fault = lambda handler, content: handler.asked(1 << 40)[0] > 0 and (release.wait(120.0) or True)
    process = subprocess.Popen(
        command("--stop-at-eof", "-v", "colorize", scene, tmp_path / "a.tif", "--reference", "worldcover"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        while len(server.requests) < 2 and process.poll() is None:
            time.sleep(0.05)
        started = time.monotonic()
        if by == "Ctrl-C":
            process.send_signal(signal.SIGINT)
        else:  # as QGIS cancels
            process.stdin.close()  # type: ignore[union-attr]
            process.stdin = None
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - started < 60.0
    finally:
        release.set()
        process.kill()
        process.communicate()
    assert process.returncode == 130
    assert "fetching: reference worldcover at 20 m, about" in said
    assert said.splitlines()[-1] == "cancelled"
    assert not (tmp_path / "a.tif").exists()
    assert list((tmp_path / "cache").iterdir()) == []
