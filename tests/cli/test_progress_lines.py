"""Progress and words: lines where there is no terminal, notes before the work, names that are nearly ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from made import speckled
from sar_colorize_cli import progress
from sar_colorize_cli.group import cli
from sar_colorize_cli.progress import Progress, in_time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds that a test sets."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_bar_without_a_terminal_is_a_line_every_few_seconds_with_the_time_left(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = Progress("bar", label="scenes")
    for clock[0], done in ((1.0, 5), (6.0, 10), (7.0, 11), (120.0, 20), (180.0, 40)):
        reporter(done, 40)
    assert capsys.readouterr().err.splitlines() == [
        "scenes: 25 % after 6 s, about 30 s left", "scenes: 50 % after 2 min 0 s, about 2 min 39 s left",
        "scenes: 100 % after 3 min 0 s",
    ]  # fmt: skip


def test_a_short_run_says_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    for mode, seconds in (("bar", 4.0), ("auto", 29.0)):
        clock[0] = 0.0
        reporter = Progress(mode)
        reporter(1, 2)
        clock[0] = seconds
        reporter(2, 2)
    assert capsys.readouterr().err == ""


def test_usually_lines_are_rare(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Progress("auto", unit="pairs").of("training pairs")
    for clock[0], done in ((6.0, 5), (31.0, 10), (55.0, 15), (61.0, 20)):
        reporter(done, 100)
    assert capsys.readouterr().err.splitlines() == [
        "training pairs: 10 % after 31 s, about 7 min 30 s left",
        "training pairs: 20 % after 1 min 1 s, about 4 min 53 s left",
    ]


def test_a_run_that_is_resumed_is_not_thought_faster_than_it_is(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = Progress("bar", unit="steps")
    for clock[0], done in ((1.0, 501), (10.0, 510)):
        reporter(done, 1000)
    assert capsys.readouterr().err.splitlines() == ["steps: 51 % after 10 s, about 8 min 10 s left"]


def test_durations_in_words() -> None:
    assert [in_time(seconds) for seconds in (0.4, 59.6, 61, 3600 * 5 + 125)] == [
        "0 s",
        "1 min 0 s",
        "1 min 1 s",
        "5 h 2 min",
    ]


@pytest.mark.parametrize(("given", "meant"), [("colour", "colorize"), ("despekle", "despeckle"), ("paeg", "page")])
def test_a_command_that_is_nearly_one_is_told_which(given: str, meant: str) -> None:
    done = CliRunner().invoke(cli, [given], prog_name="sar-colorize")
    assert done.exit_code == 2
    assert f"No such command '{given}'. Did you mean '{meant}'?" in done.output


def test_a_command_that_is_like_none_and_an_option_that_is_nearly_one() -> None:
    assert "Did you mean" not in CliRunner().invoke(cli, ["xyzzy"], prog_name="sar-colorize").output
    shown = CliRunner().invoke(cli, ["colorize", "a.tif", "--filtr", "lee"], prog_name="sar-colorize").output
    assert "--filter" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["colorize", "a.tif", "b.tif", "--filter", "lea"], "for '--filter': 'lea' is not one of"),
        (["colorize", "a.tif", "b.tif", "--filter", "lea"], "Did you mean 'lee'?"),
        (["despeckle", "a.tif", "b.tif", "--profile", "deflat"], "Did you mean 'deflate'?"),
        (["evaluate", "--filter", "frst"], "Did you mean 'frost'?"),
        (["colorize", "a.tif", "--progress", "jason"], "Did you mean 'json'?"),
        (["config", "network", "onn"], "Did you mean 'on'?"),
        (["models", "show", "by-plac"], "got 'by-plac'; did you mean by-place?"),
    ],
)
def test_a_choice_that_is_nearly_one_is_told_which(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, arguments, prog_name="sar-colorize")
    assert done.exit_code == (1 if "models" in arguments else 2)
    assert said in " ".join(done.output.split())


def test_a_choice_that_is_like_none_gets_no_advice() -> None:
    done = CliRunner().invoke(cli, ["colorize", "a.tif", "b.tif", "--filter", "xyzzy"], prog_name="sar-colorize")
    assert "'xyzzy' is not one of" in done.output
    assert "Did you mean" not in done.output


def test_a_note_is_said_once_and_before_the_work(make_tif: Callable[..., Path], tmp_path: Path) -> None:
    amplitude = (10.0 ** (speckled(128, 128) / 20.0)).astype(np.float32)
    scene = make_tif(amplitude, names=("VV",), tags={"UNITS": "amplitude, relative"})
    done = CliRunner().invoke(cli, ["colorize", str(scene), str(tmp_path / "c.tif"), "--progress", "json"])
    events = [json.loads(line) for line in done.stderr.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds.index("progress") > max(n for n, kind in enumerate(kinds) if kind == "message")
    notes = [event["message"] for event in events if event["event"] == "message"]
    assert len(notes) == len(set(notes))
    assert any("The level of the radar is not known" in note and "hues are a guess" in note for note in notes)
    assert any(note.startswith("no reference was given, so fields, roads and the season are") for note in notes)


def test_the_record_names_every_file_and_says_what_the_uncertainty_means(
    scene_with_holes: Path, tmp_path: Path
) -> None:
    names = ("c.tif", "e.tif", "c.png")
    paths = [str(tmp_path / name) for name in names]
    asked = ["colorize", str(scene_with_holes), paths[0], "--uncertainty", paths[1], "--quicklook", paths[2]]
    done = CliRunner().invoke(cli, [*asked, "--json", "--block-px", "256"])
    made = json.loads(done.stdout)
    assert made["files"] == paths
    with rasterio.open(paths[1]) as dataset:
        values = dataset.read(1)
    median, worst = np.percentile(values[np.isfinite(values)], (50, 90))
    assert (made["error_median"], made["error_worst_tenth"]) == pytest.approx((median, worst), abs=0.051)
    sentence = (
        f"a and b are expected to be off by {made['error_median']:.1f} Lab units at the median, and by more than "
        f"{made['error_worst_tenth']:.1f} in the worst tenth of the picture"
    )
    assert made["expected_error"] == sentence
    shown = CliRunner().invoke(cli, [*asked, "--overwrite"]).stdout
    assert f"error        {sentence}" in shown
    assert "expected_error" not in json.loads(
        CliRunner().invoke(cli, [*asked[:3], "--overwrite", "--json", "--model", "composite"]).stdout
    )
