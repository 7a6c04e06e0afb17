"""Progress where there is no terminal, and what is said of a command that is nearly one of ours."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
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
        "scenes: 25 % after 6 s, about 18 s left", "scenes: 50 % after 2 min 0 s, about 2 min 0 s left",
        "scenes: 100 % after 3 min 0 s",
    ]  # fmt: skip


def test_a_short_run_and_the_usual_mode_say_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    reporter = Progress("bar")
    reporter(1, 2)
    clock[0] = 4.0
    reporter(2, 2)
    usual = Progress("auto")
    clock[0] = 400.0
    usual(1, 2)
    assert capsys.readouterr().err == ""


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
