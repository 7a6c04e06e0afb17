"""Does a picture explain the radar: yes where it shows the place, no where it shows another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from made_place import misplaced, place_of

from sar_colorize.reference.agreement import MOVES, Agreement, colour_values, fit_expected, gather, judge
from sar_colorize.reference.half import halve


def _judged(lab: np.ndarray, db: np.ndarray) -> Agreement:
    """The agreement of a whole scene, at half the resolution."""
    everywhere = np.ones(db.shape[1:], bool)
    coarse, share = halve(lab, everywhere, 0, 0)
    return judge([gather(coarse, halve(db, everywhere, 0, 0)[0], share > 0.5)], len(db))


@pytest.mark.parametrize("bands", [slice(0, 2), slice(0, 1), slice(1, 2)])
def test_the_right_picture_holds_and_another_places_does_not(bands: slice) -> None:
    lab, db = place_of(0)
    right, wrong = _judged(lab, db[bands]), _judged(place_of(1)[0], db[bands])
    assert right.judged
    assert wrong.judged
    assert right.share > 0.15 > 20 * right.chance
    assert right.holds
    assert right.move == (0, 0)
    assert abs(wrong.share) < 0.01
    assert not wrong.holds
    assert wrong.move == (0, 0)


def test_a_picture_of_the_place_turned_over_does_not_hold() -> None:
    lab, db = place_of(0)
    for other in (lab[:, ::-1], lab[:, :, ::-1], np.roll(lab, 64, 1)):
        assert not _judged(np.ascontiguousarray(other), db).holds


@pytest.mark.parametrize(("down", "right"), [(4, 0), (0, -4), (-6, 2)])
def test_a_picture_out_of_place_is_found_there(down: int, right: int) -> None:
    moved, lab, db = misplaced(down, right)
    found = _judged(moved, db)
    assert found.holds
    assert found.move == (down // 2, right // 2)
    assert found.share == pytest.approx(_judged(lab, db).share, rel=0.05)


def test_along_one_straight_edge_no_move_is_believed() -> None:
    """Radar and picture may show different lines of one coast: surf, and the water of another tide."""
    rows, cols = np.mgrid[:512, :512].astype(np.float32)
    random = np.random.default_rng(0)
    coast = 60.0 + 0.8 * rows
    lab = np.stack([np.where(cols < coast, 30.0, 70.0) + random.normal(0, 2, cols.shape), 0 * cols, 0 * rows])
    db = np.where(cols < coast + 4, -8.0, -16.0)[None] + random.normal(0, 0.7, (1, 512, 512))
    found = _judged(lab.astype(np.float32), db.astype(np.float32))
    assert found.holds
    assert found.move == (0, 0)


def test_a_move_is_not_looked_for_on_little_ground() -> None:
    lab, db = place_of(0)
    part = (slice(None), slice(100, 200), slice(100, 200))  # 2500 coarse pixels
    found = _judged(np.roll(lab, (4, 4), (1, 2))[part], db[part])
    assert found.move == (0, 0)


def test_what_is_smooth_is_not_judged_and_so_holds() -> None:
    lab, db = place_of(0)
    rows, cols = np.mgrid[:512, :512].astype(np.float32)
    waves = (np.sin(rows / 90) + np.cos(cols / 110))[None]
    other = place_of(1)[0]
    for picture, radar in (
        (other, np.concatenate([waves * 3 - 12, waves * 3 - 18]).astype(np.float32)),
        (np.concatenate([50 + 9 * waves, waves, waves]).astype(np.float32), db),
    ):
        found = _judged(picture, radar)
        assert not found.judged
        assert found.holds
    assert _judged(lab, db).judged


def test_windows_add_up() -> None:
    lab, db = place_of(0)
    everywhere = np.ones((512, 512), bool)
    coarse, radar = halve(lab, everywhere, 0, 0)[0], halve(db, everywhere, 0, 0)[0]
    known = np.ones((256, 256), bool)
    halves = [gather(coarse[:, part], radar[:, part], known[part]) for part in (slice(0, 128), slice(128, 256))]
    together, one = judge(halves, 2), judge([gather(coarse, radar, known)], 2)
    assert together.share == pytest.approx(one.share, abs=0.02)
    more = judge([*halves, gather(coarse, radar, np.zeros_like(known))], 2)
    assert (more.share, more.chance, more.move, more.judged) == (together.share, together.chance, (0, 0), True)


def test_a_band_given_twice_explains_as_much_as_once() -> None:
    lab, db = place_of(0)
    once, twice = _judged(lab, db[:1]), _judged(lab, db[[0, 0]])
    assert twice.share == pytest.approx(once.share, rel=0.15)


def test_what_is_not_known_says_nothing() -> None:
    lab, db = place_of(0)
    coarse, radar = (halve(values, np.ones((512, 512), bool), 0, 0)[0] for values in (lab, db))
    known = np.ones((256, 256), bool)
    known[60:120, 30:200] = False
    wild = np.where(known, coarse, np.float32(300.0))
    assert judge([gather(wild, radar, known)], 2) == judge([gather(np.where(known, coarse, 0), radar, known)], 2)


def test_more_ground_proves_a_smaller_share() -> None:
    made = Agreement(share=0.012, chance=0.004, move=(0, 0), judged=True)
    assert not made.holds
    assert replace(made, least=0.01).holds
    assert not replace(made, least=0.01, chance=0.009).holds
    lab, db = place_of(0)
    assert _judged(lab, db).least == pytest.approx(0.02 / 2, rel=1e-4)  # of 256 x 256 coarse pixels, four times as many
    assert len(MOVES) == 49


def test_expected_decibels_follow_the_colours_whatever_lies_far_off() -> None:
    random = np.random.default_rng(0)
    lab = (random.normal(0, 1, (3, 40, 50)) * [[[14]], [[6]], [[9]]] + [[[45]], [[-4]], [[8]]]).astype(np.float32)
    truth = np.stack([-12 - 0.1 * lab[0] + 0.2 * lab[1], -20 + 0.15 * lab[2]]).astype(np.float32)
    db = truth + random.normal(0, 0.5, truth.shape).astype(np.float32)
    odd = random.random((40, 50)) < 0.1
    db[:, odd] -= 15.0  # flooded
    values = colour_values(lab, lab)
    fitted = fit_expected(values.reshape(9, -1).T, db.reshape(2, -1).T)
    assert fitted.spread == pytest.approx([0.58, 0.58], abs=0.12)
    surprise = fitted.surprise(values, db)
    assert np.abs(surprise[:, ~odd].mean(1)).max() < 0.15
    assert surprise[:, ~odd].std() == pytest.approx(0.9, abs=0.15)
    assert surprise[:, odd].max() < -15
    assert np.abs(fitted.surprise(values, truth)).mean() < 0.25
