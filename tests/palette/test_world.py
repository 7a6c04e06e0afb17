"""The palette guessed from the map."""

from __future__ import annotations

import pytest

from sar_colorize.palette.world import guess_palette


@pytest.mark.parametrize(
    ("longitude", "latitude", "words"),
    [
        (-48.1, -25.3, "25.3 S 48.1 W"),
        (10.0, 50.0, "50.0 N 10.0 E"),
        (151.2, -33.9, "33.9 S 151.2 E"),
        (-99.9, 38.2, "38.2 N 99.9 W"),
    ],
)
def test_the_note_names_hemispheres_not_signs(longitude: float, latitude: float, words: str) -> None:
    note = guess_palette(longitude, latitude).note
    assert f"at {words};" in note
    assert "-" not in note
