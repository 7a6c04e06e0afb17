"""What is measured: which references which scenes get, in each layout."""

import shutil

import pytest

from sar_colorize.errors import DataError, SettingError
from sar_colorize.evaluation.color.settings import EvaluateSettings
from sar_colorize.evaluation.memory.examples import find_examples


def settings(reference="other-dates", **more):
    return EvaluateSettings(reference=str(reference), **more)


def test_every_ordered_pair_of_dates_of_a_place_is_an_example(series):
    found = find_examples(series, settings())
    assert [(x.place, x.date, x.reference_date, x.are_neighbours) for x in found.examples] == [
        ("coast_a", "2020-03-15", "2020-06-01", True),
        ("coast_a", "2020-03-15", "2020-09-01", False),
        ("coast_a", "2020-06-01", "2020-03-15", True),
        ("coast_a", "2020-06-01", "2020-09-01", True),
        ("coast_a", "2020-09-01", "2020-03-15", False),
        ("coast_a", "2020-09-01", "2020-06-01", True),
        ("hills_b", "2020-03", "2020-06", True),
        ("hills_b", "2020-06", "2020-03", True),
    ]
    first = found.examples[0]
    assert [path.name for path in (first.pair.s1, first.pair.s2, first.reference, first.before.s1)] == [
        "coast_a_20200315_s1.tif", "coast_a_20200315_s2.tif", "coast_a_20200601_s2.tif", "coast_a_20200601_s1.tif",
    ]  # fmt: skip


def test_a_place_without_dates_or_with_one_is_left_out_and_named(series, tmp_path):
    folder = shutil.copytree(series, tmp_path / "series")
    for name, source in (("lake_139", "coast_a_20200315"), ("moor_20209901", "coast_a_20200315"), ("fen_202004", None)):
        for side in ("s1", "s2"):
            shutil.copy(folder / f"{source or 'hills_b_202003'}_{side}.tif", folder / f"{name}_{side}.tif")
    found = find_examples(folder, settings())
    assert {x.place for x in found.examples} == {"coast_a", "hills_b"}
    assert found.skipped == (
        "fen: only one date", "lake_139: no date in its name", "moor_20209901: no date in its name",
    )  # fmt: skip


def test_limit_and_exclude_choose_among_places(series):
    found = find_examples(series, settings(limit=1, exclude=("hills_b",)))
    assert [x.place for x in found.examples] == ["coast_a"]
    assert {pair.site for pair in found.pairs} == {"coast_a"}


def test_the_picture_before_is_the_reference_of_the_radar_after_across_splits(floods):
    found = find_examples(floods, settings(split="val"))
    assert [(x.place, x.pair.key, x.reference.name) for x in found.examples] == [
        ("delta", "a0007", "delta_s2_b0007.png")
    ]
    assert found.examples[0].flood == floods / "val_after/delta/flood/delta_flood_a0007.png"
    assert found.examples[0].date is None
    (train,) = find_examples(floods, settings(split="train")).examples
    assert (train.pair.s1.name, train.reference.name, train.flood) == ("plain_s1_a0001.png", "plain_s2_b0001.png", None)


def test_a_folder_holds_references_by_the_names_of_the_real_pictures(series, floods, tmp_path):
    pictures = tmp_path / "pictures"
    (pictures / "deep").mkdir(parents=True)
    shutil.copy(series / "hills_b_202006_s2.tif", pictures / "deep" / "hills_b_202003_s2.tif")
    found = find_examples(series, settings(pictures))
    assert [(x.pair.s2.name, x.reference, x.date, x.before) for x in found.examples] == [
        ("hills_b_202003_s2.tif", pictures / "deep" / "hills_b_202003_s2.tif", "2020-03", None)
    ]
    assert found.skipped[0] == "coast_a_20200315_s2.tif: no reference of that name"
    shutil.copy(series / "hills_b_202006_s2.tif", pictures / "hills_b_202003_s2.tif")
    with pytest.raises(DataError, match=r"reference must hold one picture of a name, got .*; remove one of them"):
        find_examples(series, settings(pictures))
    (from_pairs,) = find_examples(
        floods, settings(floods / "val_after" / "delta" / "s2", split="val", limit=1)
    ).examples
    assert from_pairs.pair.key == "a0007"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": "val"}, r"split must be left out for a series of dates, which has none, got 'val'"),
        ({"reference": "nowhere"}, r"reference must be other-dates or a folder of pictures, got nowhere"),
    ],
)
def test_settings_that_a_series_does_not_have_are_one_sentence(series, change, message):
    with pytest.raises(SettingError, match=message):
        find_examples(series, settings(**change))


def test_a_folder_without_examples_is_one_sentence(floods, tmp_path):
    with pytest.raises(DataError, match=r"data must hold two dates of a place.*got none in .* in the split new;"):
        find_examples(floods, settings(split="new"))
    with pytest.raises(DataError, match=r"data must be a folder of pairs or of a series, got .*nothing"):
        find_examples(tmp_path / "nothing", settings())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"reference_radar": True}, r"reference_radar must come with a reference, got True"),
        ({"structure": "radar"}, r"structure must come with a reference, got 'radar'"),
        ({"reference": "other-dates", "input": "optical"}, r"input must be left out with a reference, got 'optical'"),
        ({"reference": "other-dates", "half": "second"}, r"half must be left out with a reference"),
        ({"reference": "other-dates", "structure": "blue"}, r"structure must be one of both, radar, reference"),
        (
            {"reference": "folder", "reference_radar": True},
            r"reference_radar must come with the references other-dates",
        ),
    ],
)
def test_settings_that_do_not_go_together_are_one_sentence(given, message):
    with pytest.raises(SettingError, match=message):
        EvaluateSettings(**given)
