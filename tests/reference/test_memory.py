"""The memory of a place: a copy that moves only as far as dates and radar prove, the same bits in every window."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_place import ground_of, misplaced, place_of, remembered

from sar_colorize.color import srgb_to_lab
from sar_colorize.reference.fit import ERRORS, Place, fit_memory
from sar_colorize.reference.memory import FADE_PX, STRUCTURES, Ground, Memory, Remembered
from sar_colorize.reference.season import Season
from sar_colorize.reference.water import table
from sar_colorize.simulate.optical import COLOURS

SIZE = 256
WHOLE = (0, 0, SIZE, SIZE)
NOWHERE = Place()
BELGIUM = (5.0, 50.6)
BANDS = ("VV", "VH")
ROWS, COLS = np.mgrid[:SIZE, :SIZE]


def _place() -> tuple[np.ndarray, np.ndarray]:
    return place_of(0, SIZE)


def _painted(seed: int = 5) -> np.ndarray:
    """(3, H, W) CIE Lab that is like no ground."""
    random = np.random.default_rng(seed)
    return (random.normal(0, 2, (3, SIZE, SIZE)) + np.array([[[75]], [[25]], [[-30]]])).astype(np.float32)


def _fit(ground: Ground, place: Place = NOWHERE, structure: str = "both") -> Memory:
    return fit_memory([ground], BANDS[: len(ground.db)], structure, place)


def _made(ground: Ground, place: Place = NOWHERE, structure: str = "both") -> Remembered:
    return remembered(_fit(ground, place, structure), ground, _painted(), WHOLE)


def _bright() -> np.ndarray:
    """(H, W) a round piece of the place that is bright in the radar, and no water in the picture."""
    return np.hypot(ROWS - BRIGHT_AT[0], COLS - BRIGHT_AT[1]) < 30


BRIGHT_AT = (70, 70)


def _flooded(absolute_db: tuple[float, float] = (-21.0, -28.0), wider_px: int = 0) -> tuple[Ground, np.ndarray]:
    """A place with new water, and where it is."""
    from scipy.ndimage import binary_dilation

    lab, db = _place()
    where = binary_dilation(_bright(), iterations=wider_px) if wider_px else _bright()
    ripples = np.random.default_rng(1).normal(0, 0.6, db.shape)
    return ground_of(lab, np.where(where, np.array(absolute_db)[:, None, None] + ripples, db).astype(np.float32)), where


def _inner(where: np.ndarray, px: int = 8) -> np.ndarray:
    from scipy.ndimage import binary_erosion

    inner: np.ndarray = binary_erosion(where, iterations=px)
    return inner


def _with_everything() -> tuple[Ground, Place]:
    """Clouds, holes, new water, an earlier radar with a gap, and dates."""
    random = np.random.default_rng(3)
    ground, _ = _flooded()
    seen, valid = np.ones((2, SIZE, SIZE), bool)
    seen[150:190, 100:170] = seen[:, 231:] = False
    valid[np.hypot(ROWS - 120, COLS - 200) < 25] = False
    valid &= random.random(valid.shape) > 0.002
    before = ground.db + random.normal(0.5, 0.4, ground.db.shape).astype(np.float32)
    before[:, 200:] = np.nan
    made = Ground(np.where(seen, ground.reference, 0), seen, np.where(valid, ground.db, 0), valid, before)
    return made, Place((3, 7), BELGIUM, True)


@pytest.mark.parametrize(("structure", "move"), [("both", (-4, 6)), ("radar", (0, 0)), ("reference", (3, -1))])
def test_a_pixel_has_the_same_bits_in_every_window(structure: str, move: tuple[int, int]) -> None:
    ground, place = _with_everything()
    memory = replace(_fit(ground, place, structure), move=move)
    assert memory.season is not None
    assert memory.earlier is not None
    painted = _painted()
    whole = remembered(memory, ground, painted, WHOLE)
    assert len(np.unique(whole.memory)) > 1000
    assert whole.changed.max() > 0.9
    for window in (
        (0, 0, 64, 64),
        (37, 51, 1, 3),
        (101, 2, 60, 99),
        (140, 99, 77, 64),
        (255, 255, 1, 1),
        (3, 130, 50, 126),
    ):
        row, col, height, width = window
        part = remembered(memory, ground, painted, window)
        for name in ("lab", "memory", "changed", "error"):
            expected = getattr(whole, name)[..., row : row + height, col : col + width]
            assert np.array_equal(getattr(part, name), expected), (name, window)


def test_the_networks_of_the_season_see_cells_that_are_fixed_to_the_scene(monkeypatch: pytest.MonkeyPatch) -> None:
    def place_in_cell(_: Season, lab: np.ndarray, *__: Any) -> tuple[np.ndarray, np.ndarray]:
        at = np.arange(lab.shape[1], dtype=np.float32) / 1000
        return np.stack([at, at, at]), at

    monkeypatch.setattr(Season, "drift", place_in_cell)
    ground, place = _with_everything()
    memory, painted = _fit(ground, place), _painted()
    whole = remembered(memory, ground, painted, WHOLE)
    for row, col, height, width in ((37, 51, 20, 31), (140, 99, 77, 64)):
        part = remembered(memory, ground, painted, (row, col, height, width))
        assert np.array_equal(part.lab, whole.lab[:, row : row + height, col : col + width])


def _coarse(lab: np.ndarray, px: int = 8) -> np.ndarray:
    """A picture in squares of so many pixels."""
    means = lab.reshape(3, SIZE // px, px, SIZE // px, px).mean((2, 4))
    return np.repeat(np.repeat(means, px, 1), px, 2).astype(np.float32)


def test_the_radar_draws_what_is_finer_than_a_coarse_reference() -> None:
    lab, db = _place()
    ground = ground_of(_coarse(lab), db)
    fine, coarse = (_made(ground, Place(coarser=times)).lab for times in (2.0, 8.0))
    added = coarse[0] - fine[0]
    assert 0.5 < np.abs(added).mean() < 4.0
    assert np.abs(added).max() <= 6.0
    sharp = db.mean(0) - np.mean([np.roll(db.mean(0), (i, j), (0, 1)) for i in (-4, 0, 4) for j in (-4, 0, 4)], 0)
    assert np.corrcoef(added[8:-8, 8:-8].ravel(), sharp[8:-8, 8:-8].ravel())[0, 1] > 0.7
    assert np.array_equal(coarse[1:], fine[1:])
    assert np.array_equal(
        _made(ground, Place(coarser=8.0), "reference").lab[0], _made(ground, Place(), "reference").lab[0]
    )


def test_a_coarse_reference_gives_the_same_bits_in_every_window() -> None:
    lab, db = _place()
    ground = ground_of(_coarse(lab), db)
    memory = _fit(ground, Place(coarser=16.0))
    whole = remembered(memory, ground, _painted(), WHOLE)
    for window in ((0, 0, 100, 77), (31, 65, 64, 120), (200, 129, 56, 127)):
        row, col, height, width = window
        part = remembered(memory, ground, _painted(), window)
        assert np.array_equal(part.lab, whole.lab[:, row : row + height, col : col + width])


def test_a_copy_is_the_start() -> None:
    lab, db = _place()
    made = _made(ground_of(lab, db), Place(absolute=True))
    assert (made.memory > 0.99).mean() > 0.97
    assert np.abs(made.lab - lab)[:, made.memory == 1].max() < 1e-4
    assert made.changed.mean() < 0.02
    assert np.abs(made.memory + made.changed - 1).max() < 1e-6  # no cloud, no edge: all of it is believed
    assert made.error[made.memory == 1] == pytest.approx(ERRORS["copy"][0])


def test_equal_months_leave_the_colours_alone_and_others_do_not() -> None:
    ground = ground_of(*_place())
    kept, moved = (_made(ground, Place((now, 8), BELGIUM, True)) for now in (8, 2))
    same = kept.memory == 1
    assert same.mean() > 0.95
    assert np.abs(kept.lab - ground.reference)[:, same].max() < 1e-4
    assert np.abs(moved.lab - ground.reference)[1:, same].mean() > 1.0
    fine, left = (np.diff(np.where(same, each.lab[1:], 0), axis=2).std() for each in (kept, moved))
    assert left < 0.8 * fine  # the finest colour changes most between dates
    assert moved.error[same].mean() > kept.error[same].mean()


def test_water_of_absolute_decibels_has_no_season() -> None:
    lab, db = _place()
    made = _made(ground_of(lab, db), Place((3, 8), BELGIUM, True))
    sea = (lab[2] < -5) & (db[0] < -19) & (db[1] < -26) & (made.memory > 0.99)
    land = (lab[2] > 5) & (made.memory > 0.99)
    assert sea.sum() > 500
    for part, low, high in ((sea, 0.0, 0.6), (land, 1.0, 99.0)):
        assert low <= np.abs((made.lab - lab)[:, part].mean(1)).max() < high


@pytest.mark.parametrize("place", [Place((None, 8), BELGIUM), Place((3, None), BELGIUM), Place((3, 8), None)])
def test_without_both_months_and_the_place_there_is_no_season(place: Place) -> None:
    assert _fit(ground_of(*_place()), replace(place, absolute=True)).season is None


@pytest.mark.parametrize("absolute", [True, False])
def test_the_season_is_told_of_the_radars_that_have_a_level(absolute: bool) -> None:
    ground, place = _with_everything()
    for before in (ground.before, None):
        season = _fit(replace(ground, before=before), replace(place, absolute=absolute)).season
        assert season is not None
        assert season.bands == (BANDS if absolute else ())
        assert season.has_before is (absolute and before is not None)


def test_new_water_is_drawn_over_land() -> None:
    for absolute in (True, False):
        ground, where = _flooded()
        memory = _fit(ground, Place(absolute=absolute))
        made = remembered(memory, ground, _painted(), WHOLE)
        inner = _inner(where)
        assert made.changed[inner].mean() > 0.9
        drawn = made.lab[:, inner]
        assert np.abs(drawn - np.array(memory.water_lab)[:, None])[1:].mean() < 1.0
        far = ~where & (np.hypot(ROWS - BRIGHT_AT[0], COLS - BRIGHT_AT[1]) > 40)
        assert made.changed[far].mean() < 0.05


def test_new_water_looks_like_that_of_the_place() -> None:
    lab, db = _place()
    wet = lab[2] < -5
    dry_lab = np.where(wet, np.array([47, -12, 21], np.float32)[:, None, None], lab)
    dry_db = np.where(wet, np.array([-11, -17], np.float32)[:, None, None], db)
    flood = np.array(table()["flood_lab"])
    own, usual = (_fit(ground_of(*each), Place(absolute=True)).water_lab for each in ((lab, db), (dry_lab, dry_db)))
    assert usual == pytest.approx(flood)
    sea = srgb_to_lab(np.array(COLOURS["sea"], np.float32)[:, None, None] / 255)[:, 0, 0]
    assert own == pytest.approx(0.5 * (flood + sea), abs=1.0)


def test_water_that_the_reference_shows_is_not_new() -> None:
    ground, where = _flooded()
    lab = np.where(where, np.array([28.0, -4.0, -10.0], np.float32)[:, None, None], ground.reference)
    made = _made(ground_of(lab.astype(np.float32), ground.db), Place(absolute=True))
    assert made.changed[_inner(where)].max() < 0.05
    assert np.abs(made.lab - lab)[:, made.memory == 1].max() < 1e-4


def test_absolute_decibels_must_agree_that_it_is_water() -> None:
    lab, db = _place()
    where = _bright()
    bright = db + 12.0
    bright[:, where] = np.array([-9.5, -16.0])[:, None] + np.random.default_rng(0).normal(0, 0.6, (2, where.sum()))
    ground = ground_of(lab, bright.astype(np.float32))
    water = {}
    for absolute in (True, False):
        memory = _fit(ground, Place(absolute=absolute))
        made = remembered(memory, ground, _painted(), WHOLE)
        off = np.abs(made.lab - np.array(memory.water_lab, np.float32)[:, None, None])[1:].sum(0)
        water[absolute] = (off < 1.0)[_inner(where)].mean()
    assert water[False] > 0.9
    assert water[True] < 0.01


def test_what_the_picture_leads_one_to_expect_is_no_news() -> None:
    ground, where = _flooded()
    lab = ground.reference.copy()
    dark_soil = np.array([22.0, 9.0, 12.0], np.float32)  # a colour that is dark in the radar all over the place
    everywhere = where | (np.hypot(ROWS - 190, COLS - 60) < 30) | (np.hypot(ROWS - 60, COLS - 190) < 30)
    lab[:, everywhere] = dark_soil[:, None]
    db = ground.db.copy()
    db[:, everywhere] = np.array([-19.0, -25.0])[:, None] + np.random.default_rng(1).normal(
        0, 0.6, (2, everywhere.sum())
    )
    made = _made(ground_of(lab, db), Place(absolute=True))
    assert made.changed[_inner(everywhere)].mean() < 0.1


def test_where_the_radar_contradicts_the_reference_the_painted_is_shown() -> None:
    lab, db = _place()
    where = _bright()
    ground = ground_of(lab, np.where(where, db + 25.0, db).astype(np.float32))  # a new town
    painted = _painted()
    made = _made(ground)
    assert made.changed[_inner(where)].mean() > 0.95
    assert np.abs(made.lab - painted)[:, _inner(where)].mean() < 1.0
    assert made.error[_inner(where)].mean() == pytest.approx(1.5 * ERRORS["copy"][0], rel=0.05)


def test_the_radar_of_the_references_date_says_what_is_no_news() -> None:
    lab, db = _place()
    where = _bright()
    now = np.where(where, db + 25.0, db).astype(np.float32)
    noise = np.random.default_rng(4).normal(0, 0.4, db.shape).astype(np.float32)
    old, new = (_made(ground_of(lab, now, before=each + noise)) for each in (now, db))
    assert old.changed[_inner(where)].max() < 0.05
    assert new.changed[_inner(where)].mean() > 0.95
    half = now + noise
    half[:, :70] = np.nan  # known for the south alone
    part = _made(ground_of(lab, now, before=half))
    assert part.changed[_inner(where) & (ROWS < 60)].mean() > 0.95
    assert part.changed[_inner(where) & (ROWS > 80)].max() < 0.05


def test_a_reference_out_of_place_is_moved_back() -> None:
    moved, lab, db = misplaced(4, -6)
    right, memory = (fit_memory([ground_of(each, db)], BANDS, "both", Place(absolute=True)) for each in (lab, moved))
    assert memory.move == (-4, 6)
    assert memory.note.startswith(
        "The reference lies 4 pixels too far down and 6 pixels too far left; it is moved back. The months of scene and "
    )
    assert memory.halo_px == right.halo_px + 6
    assert memory.facts == pytest.approx(right.facts, abs=0.01)
    assert memory.flood == pytest.approx(right.flood, abs=0.05)
    painted = np.full_like(lab, 60.0)
    made = remembered(memory, ground_of(moved, db), painted, (100, 100, 300, 300))
    inside = (slice(100, 400), slice(100, 400))
    assert (made.memory == 1).mean() > 0.95
    assert np.abs(made.lab - lab[:, *inside])[:, made.memory == 1].max() < 1e-4


def test_another_place_falls_back_with_one_sentence() -> None:
    ground = ground_of(place_of(1)[0], place_of(0)[1])
    memory, painted = _fit(ground), place_of(2)[0]
    assert memory.note.startswith("The reference does not explain this radar (agreement ")
    assert memory.note.endswith("it is not remembered.")
    made = remembered(memory, ground, painted, (0, 0, 512, 512))
    assert np.array_equal(made.lab, painted)
    assert not made.memory.any()
    assert not made.changed.any()


def test_a_false_colour_picture_falls_back_with_one_sentence() -> None:
    lab, db = _place()
    random = np.random.default_rng(0)
    for red_green_blue in ((200, 40, 60), (150, 60, 190)):  # near infrared as red; decibels of VV, VH and VV as colours
        codes = np.array(red_green_blue)[:, None, None] * random.uniform(0.6, 1.0, (1, SIZE, SIZE))
        memory = _fit(ground_of(srgb_to_lab((codes / 255).astype(np.float32)), db))
        assert memory.note.startswith("The reference is not in natural colours (")
        assert memory.note.endswith("give one with red, green and blue.")
        assert memory.trust == 0.0
    assert "natural" not in _fit(ground_of(lab, db)).note


def test_where_nothing_is_shown_together_nothing_is_remembered() -> None:
    lab, db = _place()
    west = np.broadcast_to(COLS < 100, (SIZE, SIZE))
    for given in ([], [ground_of(lab, db, seen=west, valid=~west)]):
        memory = fit_memory(given, BANDS, "both", NOWHERE)
        assert memory.trust == 0.0
        assert memory.note == "The reference shows no ground of the scene."


def test_the_structures_differ_in_what_is_new_and_in_lightness() -> None:
    ground, where = _flooded()
    both, radar, reference = (_made(ground, Place(absolute=True), structure) for structure in STRUCTURES)
    kept, inner = both.memory == 1, _inner(where)
    for other in (radar, reference):
        assert np.array_equal(other.memory, both.memory)
    assert np.array_equal(both.lab[:, kept], reference.lab[:, kept])
    assert np.array_equal(both.lab[1:, kept], radar.lab[1:, kept])
    assert reference.lab[0][inner].std() < 0.2  # flat
    assert both.lab[0][inner].std() > 0.2  # ripples of today
    light = np.corrcoef(radar.lab[0][kept], ground.db[0][kept])[0, 1]
    assert light > 0.97 > 0.8 > np.corrcoef(both.lab[0][kept], ground.db[0][kept])[0, 1]


def test_the_reference_gives_way_to_what_it_does_not_show() -> None:
    lab, db = _place()
    seen = np.ones((SIZE, SIZE), bool)
    seen[100:150, 90:170] = False
    ground = ground_of(np.where(seen, lab, 0), db, seen=seen)
    made, painted = _made(ground), _painted()
    trust = made.memory + made.changed
    assert np.array_equal(made.lab[:, ~seen], painted[:, ~seen])
    assert not trust[~seen].any()
    for axis in (0, 1):
        assert np.abs(np.diff(trust, axis=axis)).max() < 0.07  # no step, at its corners either
    away = np.maximum(np.maximum(100 - ROWS, ROWS - 149), np.maximum(90 - COLS, COLS - 169))
    assert trust[away > FADE_PX + 3].min() > 1 - 1e-6
    assert made.error[~seen] == pytest.approx(2 * ERRORS["copy"][0])


def test_the_expected_error_is_that_of_the_part_that_is_shown() -> None:
    lab, db = _place()
    seen = np.broadcast_to(COLS < 128, (SIZE, SIZE))
    ground = ground_of(np.where(seen, lab, 0), db, seen=seen)
    memory, halo = _fit(ground), _fit(ground).halo_px
    core = (slice(halo, -halo), slice(halo, -halo))
    painted, known = _painted()[:, *core], np.full((SIZE, SIZE), 7.5, np.float32)[core]
    made = memory.picture(painted, known, ground, core)
    trust = made.memory + made.changed
    assert made.error[trust == 0] == pytest.approx(7.5)
    assert made.error[made.memory == 1] == pytest.approx(ERRORS["copy"][0])
    between = (trust > 0.3) & (trust < 0.7) & (made.changed == 0)
    assert made.error[between] == pytest.approx(trust[between] * 5.0 + (1 - trust[between]) * 7.5, abs=1e-3)


def test_after_a_flood_without_dates_land_is_drawn_as_after_a_flood() -> None:
    ground, _ = _flooded(wider_px=16)
    flooded, dry = _fit(ground, Place(absolute=True)), _fit(ground_of(*_place()), Place(absolute=True))
    assert (flooded.flood, dry.flood) == (1.0, 0.0)
    assert 0.0 < _fit(_flooded()[0], Place(absolute=True)).flood < 1.0  # less water
    assert _fit(ground, Place((5, 5), BELGIUM, True)).flood == 0.0
    made = remembered(flooded, ground, _painted(), WHOLE)
    land = (made.memory == 1) & (ground.reference[2] > 15)  # green and yellow
    change = (made.lab - ground.reference)[:, land].mean(1)
    assert change[2] < -3.0
    assert change[0] < 1.0


def test_one_band_is_enough() -> None:
    lab, db = _place()
    for band, name in ((0, "VV"), (1, "VH"), (0, "HH")):
        memory = fit_memory([ground_of(lab, db[band : band + 1])], (name,), "both", Place((2, 7), BELGIUM, True))
        made = remembered(memory, ground_of(lab, db[band : band + 1]), _painted(), WHOLE)
        assert (made.memory > 0.9).mean() > 0.9


def test_a_memory_travels_to_a_worker() -> None:
    ground, place = _with_everything()
    memory: Any = _fit(ground, place)
    copied = pickle.loads(pickle.dumps(memory))  # noqa: S301  # made here
    window = (90, 60, 40, 40)
    assert np.array_equal(
        remembered(copied, ground, _painted(), window).lab, remembered(memory, ground, _painted(), window).lab
    )


def test_a_picture_of_unknown_rendering_changes_by_its_season_and_is_not_drawn_to_the_usual_brightness() -> None:
    lab, db = _place()
    bright = lab + np.array([25, 0, 0], np.float32)[:, None, None]
    changes = {}
    for is_picture in (False, True):
        memory = _fit(ground_of(bright, db), Place((3, 8), BELGIUM, True, is_picture))
        assert memory.season is not None
        made = remembered(memory, ground_of(bright, db), _painted(), WHOLE)
        changes[is_picture] = float((made.lab[0] - bright[0])[made.memory > 0.9].mean())
    assert changes[False] < -10.0
    assert abs(changes[True]) < 0.4 * abs(changes[False])


def test_the_note_says_what_season_is_shown() -> None:
    ground = ground_of(*_place())
    assert "months of scene and reference are not both known" in _fit(ground, Place((None, 7), BELGIUM)).note
    assert "has no position" in _fit(ground, Place((3, 7))).note
    assert _fit(ground, Place((3, 7), BELGIUM, True)).note == ""
    assert "is new water, so land is drawn as after a flood" in _fit(_flooded()[0], Place(absolute=True)).note
