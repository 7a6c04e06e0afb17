"""The command line itself: help, results, events, exit codes, cancelling."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from made import command, speckled
from sar_colorize_cli.group import NAMES, cli

Run = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_and_stands_in_the_docs(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"], prog_name="sar-colorize")
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: sar-colorize {name}")
    assert f"sar-colorize {name}" in (ROOT / "docs" / "cli.md").read_text()


def test_every_option_of_the_contract_is_there() -> None:
    shown = CliRunner().invoke(cli, ["colorize", "--help"], prog_name="sar-colorize").output
    contract = """--model --despeckle --filter --size --looks --palette --reference --reference-date
    --reference-radar --date --structure --memory --polarization --unit --bbox --bbox-crs --aoi
    --uncertainty --confidence --quicklook --profile --co --block-px --tile-px --overlap-px --batch --device --precision
    --scheduler --overwrite --dry-run --progress --json --verbose"""
    assert [option for option in contract.split() if option not in shown] == []
    assert "--precision" in CliRunner().invoke(cli, ["despeckle", "--help"]).output


def test_colorize_prints_one_json_object_and_only_that(scene_with_holes: Path, tmp_path: Path, run_cli: Run) -> None:
    done = run_cli("colorize", scene_with_holes, tmp_path / "c.tif", "--model", "composite", "--json")
    assert done.returncode == 0
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["output"] == str(tmp_path / "c.tif")
    assert (result["width"], result["height"], result["model"]) == (700, 600, "composite")


def test_a_reference_is_remembered_and_the_result_says_how_much(
    scene_with_holes: Path, tmp_path: Path, run_cli: Run, make_tif: Callable[..., Path], placed_weights: Path
) -> None:
    ground = np.random.default_rng(0).integers(60, 170, (3, 600, 400)).astype(np.uint8)
    reference, share = make_tif(ground, "farm_2026-03-02.tif"), tmp_path / "share.tif"
    chosen = ("--model", placed_weights, "--reference", reference, "--memory", share, "--palette", "none")
    done = run_cli("colorize", scene_with_holes, tmp_path / "c.tif", *chosen, "--structure", "radar")
    assert done.returncode == 0
    assert f"reference    {reference}, structure radar" in done.stdout
    assert "of the ground as in the picture of 2026-03-02, " in done.stdout
    assert f"memory       {share}" in done.stdout
    assert "Reference farm_2026-03-02.tif of 2026-03-02: an 8-bit picture as it is" in done.stderr
    done = run_cli("colorize", scene_with_holes, tmp_path / "c.tif", *chosen, "--json", "--overwrite")
    found = json.loads(done.stdout)
    assert 0.4 < found["kept_share"] < 0.6
    shares = [found[name] for name in ("kept_share", "changed_share", "not_shown_share")]
    assert sum(shares) == pytest.approx(1.0, abs=2e-4)  # each is rounded
    assert shares[1] < 0.02
    assert (found["reference_date"], found["structure"]) == ("2026-03-02", "both")
    refused = run_cli("colorize", scene_with_holes, tmp_path / "d.tif", "--structure", "radar")
    assert refused.returncode == 1
    assert "structure must come with a reference, got 'radar' alone" in refused.stderr


def test_progress_events_are_one_json_object_a_line(scene_with_holes: Path, tmp_path: Path, run_cli: Run) -> None:
    done = run_cli(
        "colorize",
        scene_with_holes,
        tmp_path / "c.tif",
        "--model",
        "composite",
        "--progress",
        "json",
        "--block-px",
        256,
    )
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert events == [{"event": "progress", "done": i, "total": 9, "unit": "blocks"} for i in range(10)]


def test_an_error_event_has_a_message_and_a_hint(tmp_path: Path, run_cli: Run) -> None:
    done = run_cli("colorize", "nowhere.tif", tmp_path / "c.tif", "--progress", "json")
    assert done.returncode == 1
    assert json.loads(done.stderr) == {
        "event": "error",
        "message": "input must be an existing raster, got nowhere.tif, which does not exist",
        "hint": "check the path",
    }


def test_wrong_usage_is_exit_code_2(run_cli: Run) -> None:
    for arguments in (
        ["colorize"],
        ["colorize", "a", "b", "--device", "tpu"],
        ["nonsense"],
        ["colorize", "a", "b", "--co", "x"],
    ):
        done = run_cli(*arguments)
        assert done.returncode == 2
        assert "Usage" in done.stderr
        assert "Traceback" not in done.stderr


def test_despeckle_info_models_and_completion_do_what_they_say(
    scene_with_holes: Path, tmp_path: Path, run_cli: Run
) -> None:
    done = run_cli("despeckle", scene_with_holes, tmp_path / "s.tif", "--filter", "boxcar", "--size", 3, "--json")
    result = json.loads(done.stdout)
    assert (result["filter"], result["despeckle"]) == ("boxcar", "boxcar")  # the second is the old name
    with rasterio.open(tmp_path / "s.tif") as dataset:
        assert dataset.descriptions == ("VV", "VH")
    assert json.loads(run_cli("info", scene_with_holes, "--json").stdout)["unit"] == "db"
    assert "db (" in run_cli("info", scene_with_holes).stdout
    names = [row["name"] for row in json.loads(run_cli("models", "list", "--json").stdout)]
    assert "composite" in names
    assert "colorsar-sar" in names
    assert json.loads(run_cli("models", "show", "composite", "--json").stdout)["architecture"] == "composite"
    assert run_cli("models", "verify").returncode == 0
    for shell in ("bash", "zsh", "fish"):
        assert "_SAR_COLORIZE_COMPLETE" in run_cli("completion", shell).stdout


def test_doctor_finds_this_machine_fit(run_cli: Run) -> None:
    done = run_cli("doctor", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (0, True)
    names = {check["name"] for check in report["checks"]}
    assert {"python", "torch", "gdal", "cpu", "cuda"} <= names


def test_demo_makes_a_scene_a_picture_and_a_png(tmp_path: Path, run_cli: Run) -> None:
    done = run_cli("demo", tmp_path / "demo", "--json")
    made = json.loads(done.stdout)
    assert Path(made["picture"]).read_bytes().startswith(b"\x89PNG")
    with rasterio.open(made["scene"]) as scene, rasterio.open(made["colour"]) as colour:
        assert (colour.crs, colour.transform, colour.shape) == (scene.crs, scene.transform, scene.shape)
        mask = colour.dataset_mask() > 0
        assert np.array_equal(mask, np.isfinite(scene.read(1)))
        assert np.ptp(colour.read()[:, mask].astype(int), axis=0).mean() > 8
    assert run_cli("demo", tmp_path / "demo").returncode == 1


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["at the start", "in the middle", "near the end"])
def test_cancelling_leaves_neither_output_nor_temporary_file(
    make_tif: Callable[..., Path], tmp_path: Path, sent: signal.Signals, when: str
) -> None:
    scene = make_tif(np.tile(speckled(512, 512), (4, 4)), nodata=np.nan)
    out = tmp_path / "out"
    out.mkdir()
    process = subprocess.Popen(
        command("colorize", scene, out / "c.tif", "--model", "composite", "--block-px", 64, "--progress", "json"),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    wanted = {"at the start": 0, "in the middle": 400, "near the end": 1020}[when]
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["done"] >= wanted:
            break
    os.kill(process.pid, sent)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(out.iterdir()) == []


def test_a_killed_run_leaves_an_orphan_that_the_next_run_removes(
    make_tif: Callable[..., Path], tmp_path: Path, run_cli: Run
) -> None:
    scene = make_tif(np.tile(speckled(512, 512), (4, 4)), nodata=np.nan)
    out = tmp_path / "out"
    out.mkdir()
    arguments = ("colorize", scene, out / "c.tif", "--model", "composite", "--block-px", 64, "--progress", "json")
    process = subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["done"] >= 300:
            break
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 5
    while not list(out.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (out / "c.tif").exists()
    assert len(list(out.iterdir())) == 1
    assert run_cli(*arguments, "--block-px", 1024).returncode == 0
    assert [path.name for path in out.iterdir()] == ["c.tif"]
