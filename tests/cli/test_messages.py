"""What is said on standard error: one sentence for an error, what is known where a run was cancelled, the log."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sar_colorize_cli import demo, info
from sar_colorize_cli.command import with_flags
from sar_colorize_cli.group import LazyGroup, cli
from sar_colorize_cli.main import main

from sar_colorize import api
from sar_colorize.errors import Cancelled, SettingError


def _run(*arguments: Any) -> Result:
    assert demo, info  # imported before a test puts something else in the place of their functions
    return CliRunner().invoke(cli, [*map(str, arguments)], prog_name="sar-colorize")


FLAGS = {
    "block_px": "--block-px", "tile_px": "--tile-px", "bbox": "--bbox", "bbox_crs": "--bbox-crs", "model": "--model",
    "remove_noise": "--keep-noise", "overwrite": "--overwrite",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("block_px must be at least 64, got 0; 1024 is good", "--block-px must be at least 64, got 0; 1024 is good"),
        ("model must be one of a, b, got 'c'; see model", "--model must be one of a, b, got 'c'; see model"),
        ("overlap=9 must be below tile_px=8; less", "overlap=9 must be below --tile-px=8; less"),
        ("bbox_crs must come with a bbox; give it", "--bbox-crs must come with a bbox; give it"),
        ("remove_noise must be left out, got no", "--keep-noise must be left out, got no"),
        ("output must be new, got a/tile_px; choose", "output must be new, got a/tile_px; choose"),
        ("output must be new, got tile_px.tif; choose", "output must be new, got tile_px.tif; choose"),
        ("output must be new, got a; allow overwriting", "output must be new, got a; give --overwrite"),
        ("filter must be so; `none` or set `model`", "filter must be so; `none` or set --model"),
        ("batch_size must be whole; give model", "batch_size must be whole; give model"),
    ],
)  # fmt: skip
def test_keywords_become_options_where_they_can_be_nothing_else(text: str, expected: str) -> None:
    assert with_flags(text, FLAGS) == expected


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (SettingError("grid must be one of\nmap, radar"), 1, "error: --grid must be one of map, radar\n"),
        (MemoryError("3 GiB"), 1, "error: memory must hold a block and its tiles, got too little (3 GiB); make them"),
        (Cancelled("cancelled; two of three files are whole"), 130, "cancelled; two of three files are whole\n"),
        (KeyboardInterrupt(), 130, "cancelled\n"),
    ],
)
def test_what_a_command_raises_is_one_line_and_an_exit_code(
    error: BaseException, code: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "info", _raises(error))
    done = _run("info", "scene.tif")
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1


def test_an_interrupt_on_the_way_of_another_says_what_the_first_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt = KeyboardInterrupt()
    interrupt.__context__ = Cancelled("cancelled; run/checkpoint.safetensors is kept")
    monkeypatch.setattr(api, "info", _raises(interrupt))
    assert _run("info", "scene.tif").stderr == "cancelled; run/checkpoint.safetensors is kept\n"


def test_a_program_gets_an_event_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, event in (
        (
            Cancelled("cancelled; nothing was written"),
            {"event": "cancelled", "message": "cancelled; nothing was written"},
        ),
        (SettingError("seed must be 0; give 0"), {"event": "error", "message": "--seed must be 0", "hint": "give 0"}),
    ):
        monkeypatch.setattr(api, "demo", _raises(error))
        assert json.loads(_run("demo", "--progress", "json").stderr) == event
    monkeypatch.setattr(api, "info", _raises(SettingError("grid must be map")))
    assert _run("info", "scene.tif").stderr == "error: --grid must be map\n"


def test_an_interrupt_before_a_command_begins_claims_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_signals: None
) -> None:
    monkeypatch.setattr(LazyGroup, "get_command", _raises(KeyboardInterrupt()))
    monkeypatch.setattr(sys, "argv", ["sar-colorize", "info", "scene.tif"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err.strip() == "cancelled"


def test_a_file_that_ends_too_early_is_not_taken_for_a_cancelled_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_signals: None
) -> None:
    monkeypatch.setattr(api, "info", _raises(EOFError("no data left in file")))
    monkeypatch.setattr(sys, "argv", ["sar-colorize", "info", "scene.tif"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "got an error that nobody foresaw (EOFError: no data left in file)" in capsys.readouterr().err


@pytest.mark.parametrize("before", [True, False])
def test_verbose_logs_a_line_for_each_phase_in_order(scene_with_holes: Path, tmp_path: Path, before: bool) -> None:
    arguments = ["colorize", scene_with_holes, tmp_path / "c.tif", "--model", "composite", "--json"]
    quiet = _run(*arguments)
    assert quiet.stderr == ""
    done = _run(*(["-v", *arguments] if before else [*arguments, "--verbose"]), "--overwrite")
    phases = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert phases == ["opened", "lightness", "model", "blocks", "written"]
    results = [
        {key: value for key, value in json.loads(run.stdout).items() if key != "seconds"} for run in (quiet, done)
    ]
    assert results[0] == results[1]
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"opened: {scene_with_holes}, 700 x 600 px, VV+VH, db (")
    assert re.fullmatch(
        r"blocks: 1, 0 of them empty; 1 at once, seconds: load [\d.]+, compute [\d.]+, write [\d.]+, "
        r"wait for blocks [\d.]+, wait for writer [\d.]+",
        lines[-2],
    )
    assert lines[-1].startswith(f"written: {tmp_path / 'c.tif'}; files built in ")


def test_verbose_with_progress_as_json_logs_events(scene_with_holes: Path, tmp_path: Path) -> None:
    done = _run("-v", "despeckle", scene_with_holes, tmp_path / "s.tif", "--progress", "json", "-v")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    logs = [event["message"].split(":")[0] for event in events if event["event"] == "log"]
    assert logs == ["opened", "filter", "blocks", "written"]
    assert {event["level"] for event in events if event["event"] == "log"} == {"info"}


def test_the_log_is_as_it_was_after_a_command(scene_with_holes: Path) -> None:
    logger = logging.getLogger("sar_colorize")
    before = (logger.level, list(logger.handlers))
    assert _run("-v", "info", scene_with_holes, "-v").stderr.count("\n") == 1
    assert (logger.level, logger.handlers) == before


def _raises(error: BaseException) -> Callable[..., Any]:
    def raise_it(*_args: Any, **_settings: Any) -> Any:
        raise error

    return raise_it
