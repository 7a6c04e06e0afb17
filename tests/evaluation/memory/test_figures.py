"""Figures of pictures with memory, worked by hand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sar_colorize.errors import DataError
from sar_colorize.evaluation.memory.examples import Example
from sar_colorize.evaluation.memory.figures import ALL, NEIGHBOURS, TRUTH, Tables, measure
from sar_colorize.evaluation.memory.paint import Sight
from sar_colorize.pairs.find import Pair

NOTHING = np.zeros((8, 8), np.float32)


def example(place="here", key="1", **more):
    return Example(Pair(key, place, "", Path("a"), Path("b")), Path("c"), **more)


def lab(light, a, b, side=8):
    return np.stack([np.full((side, side), value, np.float32) for value in (light, a, b)])


def sight(truth, reference):
    everywhere = np.ones(truth.shape[1:], bool)
    return Sight(truth, everywhere, reference, everywhere)


def test_ground_has_changed_beyond_6_in_colour_or_12_in_lightness():
    truth, reference = lab(50, 0, 0), lab(50, 0, 0)
    reference[1:, 0] = np.array([4.0, 4.4])[:, None]  # 5.95 together
    reference[1:, 1] = np.array([4.0, 4.6])[:, None]  # 6.10
    reference[0, 2], reference[0, 3] = 62.0, 62.5
    shown = sight(truth, reference)
    assert shown.changed.any(1).tolist() == [False, True, False, True, False, False, False, False]
    assert np.array_equal(shown.unchanged, ~shown.changed)
    shown.seen[1], shown.valid[3] = False, False
    assert not shown.changed.any()
    assert shown.unchanged.sum() == 6 * 8


def test_errors_are_measured_on_all_changed_and_unchanged_ground():
    truth, reference = lab(50, 0, 0), lab(50, 0, 0)
    reference[:, :2] = np.array([60.0, 8.0, 4.0])[:, None, None]
    made = measure(example(), sight(truth, reference), {"copy": reference, "grey": truth}, NOTHING + 0.5)
    assert made.pixels.tolist() == [64, 16, 48]
    assert made.values[0, :, :2].tolist() == [[1.5, 2.5], [6.0, 10.0], [0.0, 0.0]]
    assert made.values[0, 1, 2] < made.values[0, 0, 2] < made.values[0, 2, 2] < 1.0
    assert made.values[1].tolist() == [[0, 0, 1]] * 3
    assert made.kept == 0.5
    calm = measure(example(), sight(truth, truth), {"copy": truth}, NOTHING)
    assert np.isnan(calm.values[0, 1]).all()


def test_whole_pictures_have_spread_correlation_and_legibility_and_the_mean_over_places():
    truth = lab(30, -8, -12, side=64)
    truth[:, :, 32:] = np.array([65.0, 10.0, 28.0])[:, None, None]
    tint, nothing = lab(50, 1, 8, side=64), np.zeros((64, 64), np.float32)
    found = [
        measure(example(place), sight(truth, truth), {"copy": picture, "tint": tint}, nothing)
        for place, picture in (("a", truth), ("b", tint))
    ]
    rows = Tables(("copy", "tint"), tuple(found[:1])).whole(ALL)
    expected = {"legibility": 1.0, "water_iou": 1.0, "a_spread": 1.0, "b_correlation": 1.0, "feature_distance": None}
    assert {key: rows["copy"][key] for key in expected} == pytest.approx(expected)
    assert (rows["tint"]["a_spread"], rows["tint"]["a_correlation"]) == pytest.approx((0.0, 0.0))
    assert rows["tint"]["legibility"] < 0.75
    both = Tables(("copy", "tint"), tuple(found)).whole(ALL)
    assert both["copy"]["a_spread"] == pytest.approx(0.5)


def test_places_count_alike_and_pixels_within_a_place():
    truth = lab(50, 0, 0)

    def made(place, error, pixels, *, near=False):
        shown = sight(truth, truth)
        shown.valid[:] = np.arange(64).reshape(8, 8) < pixels
        return measure(example(place, are_neighbours=near), shown, {"ours": lab(50, error, error)}, NOTHING)

    tables = Tables(("ours",), (made("a", 1, 48), made("a", 5, 16, near=True), made("b", 6, 64)))
    assert tables.places == ("a", "b")
    assert tables.groups == (ALL, NEIGHBOURS)
    assert tables.site(ALL, "a")["ours"]["all"] == {"ab_error": 2.0, "l_error": 0.0, "ssim": 1.0}
    assert tables.overall(ALL)["ours"]["all"]["ab_error"] == 4.0
    assert tables.overall(NEIGHBOURS)["ours"]["all"]["ab_error"] == 5.0
    assert tables.overall(ALL)["ours"]["changed"]["ab_error"] is None
    assert tables.changed_share(ALL, "a") == 0.0


def test_water_counts_inside_the_flood_and_outside_what_the_truth_shows_as_water(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "sar_colorize.evaluation.memory.figures.looks_like_water", lambda lab, middle: (lab[0] < middle[0] - 10) * 1.0
    )
    flood = np.zeros((8, 8), np.uint8)
    flood[:2] = 255
    Image.fromarray(flood).convert("1").save(tmp_path / "flood.png")
    truth, ours = lab(50, 0, 0), lab(60, 0, 0)
    truth[0, 1:4] = 30.0  # half of the flood, and two rows of old water
    ours[0, 0], ours[0, 2], ours[0, 7] = 30.0, 30.0, 30.0
    floods = Tables(
        ("ours",),
        (measure(example(flood=tmp_path / "flood.png"), sight(truth, truth), {"ours": ours}, NOTHING),
         measure(example("dry"), sight(truth, truth), {"ours": ours}, NOTHING)),
    ).floods()  # fmt: skip
    assert floods["here"] == {
        "ours": {"water": 0.5, "false_water": 0.25},
        TRUTH: {"water": 0.5, "false_water": None},
    }
    assert floods["mean"] == floods["here"]
    assert set(floods) == {"here", "mean"}


def test_a_flood_of_another_size_is_one_sentence(tmp_path):
    Image.new("1", (9, 8)).save(tmp_path / "flood.png")
    with pytest.raises(DataError, match=r"a flood must have the size of its scene \(8, 8\), got \(8, 9\) in .*png"):
        measure(
            example(flood=tmp_path / "flood.png"), sight(lab(50, 0, 0), lab(50, 0, 0)), {"x": lab(1, 0, 0)}, NOTHING
        )
