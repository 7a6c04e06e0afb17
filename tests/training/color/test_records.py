"""What a run leaves to be read is closed in bounded time, and what fails there is told."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sar_colorize.training.color import records
from sar_colorize.training.color.records import Records


class _Board:
    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def close(self) -> None:
        if self.error is not None:
            raise self.error
        threading.Event().wait()  # for ever


def test_a_writer_that_never_ends_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "PATIENCE_S", 0.1)
    kept = Records(tmp_path, resumed_after=0)
    kept.board = _Board(None)
    begun = time.monotonic()
    kept.close()
    assert time.monotonic() - begun < 30.0


def test_what_a_writer_cannot_write_is_told(tmp_path: Path) -> None:
    kept = Records(tmp_path, resumed_after=0)
    kept.board = _Board(OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        kept.close()
