"""The program in this process, with everything put back that it changes for its own."""

from __future__ import annotations

import logging
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sar_colorize_cli import interrupt
from sar_colorize_cli.main import main


@dataclass(frozen=True)
class Ended:
    """How the program ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def own_signals(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Puts back signals and filters, and gives the folder of temporary files."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = {number: signal.getsignal(number) for number in interrupt._heard()}
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(interrupt, "exit_soon", lambda *_: None)
    yield folder
    interrupt._received.clear()
    assert logging.lastResort is not None
    logging.lastResort.filters.clear()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def program(
    own_signals: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """Calls `main` with arguments."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["sar-colorize", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, out, err)

    return call
