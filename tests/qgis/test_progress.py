"""What a long run says: enough to see it move, not so much that the log drowns in it."""

from __future__ import annotations

from itertools import pairwise

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
