"""Where in a scene its reference is believed: where it lies right, and not in the part that is out of place."""

from __future__ import annotations

import numpy as np
import pytest
from made_place import ground_of, place_of, remembered, window_of

from sar_colorize.raster import Float32
from sar_colorize.reference.belief import Belief
from sar_colorize.reference.fit import Place, fit_memory
from sar_colorize.reference.memory import Ground, Memory

SIZE, SIDE = 1024, 256


def _scene(off: int, right: int = 512) -> tuple[Ground, Float32]:
    """A scene whose picture lies so many pixels too far down west of a column; where it lies right."""
    lab, db = place_of(0, SIZE)
    shown = lab.copy()
    if off:
        shown[:, :, :right] = np.roll(lab, off, 1)[:, :, :right]
    return ground_of(shown, db), lab


def _fit(ground: Ground) -> Memory:
    windows = [window_of(ground, row, col, SIDE, SIDE) for row in range(0, SIZE, SIDE) for col in range(0, SIZE, SIDE)]
    return fit_memory(windows, ("VV", "VH"), "both", Place())


def test_a_picture_that_lies_right_is_believed_everywhere() -> None:
    memory = _fit(_scene(0)[0])
    assert memory.trust == 1.0
    assert memory.belief is None
    assert "does not follow" not in memory.note


def test_the_part_that_is_out_of_place_is_not_remembered() -> None:
    ground, right = _scene(40)
    memory = _fit(ground)
    assert memory.trust == 1.0
    assert memory.belief is not None
    assert "% of the scene the radar does not follow the reference" in memory.note
    assert 0.2 < memory.facts["lost"] < 0.6
    painted = np.full_like(right, 50.0)
    made = remembered(memory, ground, painted, (0, 0, SIZE, SIZE))
    assert made.memory[:, :128].max() == 0.0
    assert np.array_equal(made.lab[:, :, :128], painted[:, :, :128])  # no ghost
    assert np.median(made.memory[:, 900:]) > 0.95
    steps = np.abs(np.diff(np.median(made.memory, 0)))
    assert steps[32:-32].max() < 0.05  # no seam


def test_a_pixel_has_the_same_bits_in_every_window_of_a_scene_with_a_lost_part() -> None:
    ground, right = _scene(40)
    memory, painted = _fit(ground), np.full_like(right, 50.0)
    whole = remembered(memory, ground, painted, (0, 0, SIZE, SIZE))
    for window in ((333, 201, 150, 277), (0, 500, 64, 64), (911, 0, 113, 300)):
        row, col, height, width = window
        part = remembered(memory, ground, painted, window)
        assert np.array_equal(part.lab, whole.lab[:, row : row + height, col : col + width])
        assert np.array_equal(part.memory, whole.memory[row : row + height, col : col + width])


def test_a_part_that_is_too_smooth_to_tell_is_believed() -> None:
    lab, db = (each.copy() for each in place_of(0, SIZE))
    random = np.random.default_rng(0)
    lab[:, :, :512] = lab[:, :, :512].mean((1, 2), keepdims=True)
    db[:, :, :512] = -22.0 + random.normal(0.0, 0.2, (2, SIZE, 512)).astype(np.float32)  # a lake
    memory = _fit(ground_of(lab, db))
    assert memory.belief is None or memory.belief.share[:, 0].min() == 1.0


@pytest.mark.parametrize(("row", "col", "expected"), [(0, 0, 0.0), (200, 0, 0.5), (100, 300, 0.0), (900, 900, 1.0)])
def test_belief_is_linear_between_its_points(row: int, col: int, expected: float) -> None:
    belief = Belief(
        np.array([100, 300], np.float32), np.array([100, 500], np.float32), np.array([[0, 0], [1, 1]], np.float32)
    )
    assert belief.of(row, col, (1, 1))[0, 0] == pytest.approx(expected)
    assert belief.lost == 0.5
