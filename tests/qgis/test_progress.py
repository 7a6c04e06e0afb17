"""What a long run says: enough to see it move, not so much that the log drowns in it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from made_here import Heard
from sar_colorize_qgis import progress
from sar_colorize_qgis.record import Record
from sar_colorize_qgis.text import duration


def test_a_run_of_an_hour_says_less_than_a_hundred_lines_and_never_long_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    heard = Heard()
    show = progress.Progress(Record(heard))
    spoken_at = []
    for done in range(3601):
        before = len(heard.texts)
        show({"event": "progress", "done": done, "total": 3600, "unit": "blocks"})
        if len(heard.texts) > before:
            spoken_at.append(clock[0] - 1000.0)
        clock[0] += 1.0
    assert 60 < len(heard.texts) < 110
    pauses = [later - earlier for earlier, later in pairwise(spoken_at)]
    assert max(pauses) <= 0.05 * 3600 + 1
    assert heard.texts[0] == "1 of 3600 blocks, about 60 min left"
    assert heard.texts[-1] == "Writing the result"
    assert heard.percent[-1] == 100.0


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.2, "3 s"), (89, "89 s"), (95, "2 min"), (5000, "83 min"), (9000, "2.5 h")]
)
def test_durations_are_as_coarse_as_a_guess(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_neither_the_log_nor_the_user_is_shown_a_password_or_a_key(tmp_path: Path) -> None:
    heard = Heard()
    record = Record(heard)
    record.command("sar-colorize colorize https://user:C4nary@host/x.tif?X-Amz-Signature=C4nary out.tif")
    record.info("source /vsicurl?url=https://host/x.tif&userpwd=user:C4nary")
    record.write(str(tmp_path / "out.tif"))
    text = (tmp_path / "out.tif.log").read_text()
    assert "sar-colorize colorize https://host/x.tif out.tif" in text
    assert "C4nary" not in text + heard.textLog()
