"""Lee, Frost, Kuan and Gamma MAP equal those of the Orfeo Toolbox 8.1.1 (Debian's otb-bin).

The one difference in definition: beyond the border the toolbox repeats the last pixel, we count nothing. So the test
gives both the repeated pixels, and they agree up to the border.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from made_otb import COMMAND, LOOKS, NAMES, RADII, RECORDED, despeckled, scene

from sar_colorize.speckle import get_filter

CASES = [(name, radius) for name in NAMES for radius in RADII]


def _ours(power: np.ndarray, name: str, radius: int, *, repeat_border: bool) -> np.ndarray:
    chosen = get_filter(name, size_px=2 * radius + 1, looks=LOOKS)
    if not repeat_border:
        return chosen.apply(power, np.ones(power.shape, bool))
    padded = np.pad(power, radius, mode="edge")
    return chosen.apply(padded, np.ones(padded.shape, bool))[radius:-radius, radius:-radius]


@pytest.mark.parametrize(("name", "radius"), CASES)
def test_equals_what_the_toolbox_was_recorded_to_make(name: str, radius: int) -> None:
    with np.load(RECORDED) as recorded:
        power, theirs = recorded["power"], recorded[f"{name} {radius}"]
    inner = np.s_[radius:-radius, radius:-radius]
    assert _ours(power, name, radius, repeat_border=False)[inner] == pytest.approx(theirs[inner], rel=1e-5)
    assert _ours(power, name, radius, repeat_border=True) == pytest.approx(theirs, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_at_the_border_windows_are_normalised_where_the_toolbox_repeats_pixels(name: str) -> None:
    with np.load(RECORDED) as recorded:
        power, theirs = recorded["power"], recorded[f"{name} 3"]
    border = np.s_[0]
    assert not np.allclose(_ours(power, name, 3, repeat_border=False)[border], theirs[border], rtol=1e-2)


def test_the_recording_tells_filters_apart() -> None:
    with np.load(RECORDED) as recorded:
        made = [recorded[f"{name} 3"] for name in NAMES]
        for radius in RADII:
            assert (np.abs(recorded[f"lee {radius}"] / recorded["power"] - 1) > 0.1).mean() > 0.3
    for index, first in enumerate(made):
        for second in made[index + 1 :]:
            assert (np.abs(first / second - 1) > 1e-3).mean() > 0.2


@pytest.mark.parametrize(("name", "radius"), CASES)
def test_equals_the_toolbox_run_here(name: str, radius: int, tmp_path: Path) -> None:
    if shutil.which(COMMAND) is None:
        assert os.environ.get("CI") != "true", f"{COMMAND} is missing; apt-get install otb-bin"
        pytest.skip(f"{COMMAND} is not here; apt-get install otb-bin")
    power = scene()
    theirs = despeckled(power, name, radius, tmp_path)
    inner = np.s_[radius:-radius, radius:-radius]
    assert _ours(power, name, radius, repeat_border=False)[inner] == pytest.approx(theirs[inner], rel=1e-4)
