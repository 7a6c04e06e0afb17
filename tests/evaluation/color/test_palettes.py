"""Models that take a palette get one of other pairs, and their expected error is compared with the real one."""

import numpy as np
import pytest
from made import write_weights

from sar_colorize import api
from sar_colorize.errors import SettingError
from sar_colorize.evaluation.color import contestants, patch
from sar_colorize.evaluation.color.palettes import first_half_of, palettes_for, second_half, with_ground
from sar_colorize.evaluation.color.reliability import TOP, Reliability
from sar_colorize.models.by_place import halo_px
from sar_colorize.models.by_place_picture import STRIDE_PX
from sar_colorize.pairs.find import find_pairs
from sar_colorize.pairs.palette import moments_of
from sar_colorize.pairs.read import read_pair
from sar_colorize.palette.palette import UNKNOWN_PALETTE


@pytest.fixture
def placed(tmp_path):
    halo = halo_px()
    return str(
        write_weights(
            tmp_path / "placed.safetensors", name="placed", architecture="by-place", output="maps", channels=2,
            settings={"width": 8}, halo_px=halo, stride_px=STRIDE_PX, tile_px=64 + 2 * halo, overlap_px=2 * halo,
        )
    )  # fmt: skip


def test_the_second_half_is_measured_with_the_palette_of_the_first(pairs_folder):
    pairs = find_pairs(pairs_folder).of("test")
    town = [pair for pair in pairs if pair.site == "town"]
    assert [pair for pair in second_half(pairs) if pair.site == "town"] == town[1:]
    palette = palettes_for(pairs, "site", "second")(town[2])
    first = [moments_of(pair) for pair in town[:1]]
    assert palette.mean == pytest.approx(sum(m.first for m in first) / sum(m.count for m in first), abs=1e-3)


def test_without_halves_a_palette_is_of_all_pairs_of_the_site_but_the_one(pairs_folder):
    pairs = find_pairs(pairs_folder).of("test")
    palette = palettes_for(pairs, "site", "all")(pairs[1])
    others = [moments_of(pair) for i, pair in enumerate(pairs) if i != 1 and pair.site == pairs[1].site]
    assert palette.mean == pytest.approx(sum(m.first for m in others) / sum(m.count for m in others), abs=1e-3)


def test_pictures_without_a_place_have_no_palette_from_the_map(pairs_folder):
    pairs = find_pairs(pairs_folder).of("test")
    assert palettes_for(pairs, "auto", "all")(pairs[0]).mean == UNKNOWN_PALETTE.mean
    assert palettes_for(pairs, "none", "all")(pairs[0]) == UNKNOWN_PALETTE


def test_pictures_without_a_place_have_the_ground_of_land_anywhere_as_scenes_have(pairs_folder):
    pair = find_pairs(pairs_folder).of("test")[0]
    auto, none = (palettes_for([pair], name, "all")(pair) for name in ("auto", "none"))
    told = with_ground(patch.read_patch(pair, "sar", auto), "lee")
    assert told.ground is not None
    assert told.ground.own_lightness
    for given in (patch.read_patch(pair, "sar", none), patch.read_patch(pair, "optical", auto)):
        assert with_ground(given, "lee").ground is None


def test_a_model_with_a_palette_stands_beside_itself_without_and_beside_the_palette_alone(
    placed, pairs_folder, tmp_path
):
    made = api.evaluate([placed], pairs_folder, tmp_path / "report", half="second", device="cpu")
    names = list(made["overall"])
    assert names[:4] == ["placed", "placed, fitted", "placed, no palette", "palette's mean colour"]
    assert made["pairs"] == {"coast": 2, "town": 2}
    error = {name: row["ab_error"]["mean"] for name, row in made["overall"].items()}
    assert error["placed"] != error["placed, no palette"]
    # The palette is of the site itself; the mean colour of train is of two others that look alike.
    assert error["palette's mean colour"] == pytest.approx(error["mean colour"], abs=2)
    sure = made["reliability"]
    assert list(sure) == ["placed", "placed, fitted"]
    assert sum(sure["placed"]["share"]) == pytest.approx(1, abs=1e-3)
    assert "Expected and real error" in (tmp_path / "report" / "index.html").read_text()


def test_a_fit_is_made_of_the_first_half_alone_and_once_for_each_place(placed, pairs_folder, monkeypatch):
    pairs = find_pairs(pairs_folder).of("test")
    read = []
    monkeypatch.setattr(patch, "read_pair", lambda pair: read.append(pair.key) or read_pair(pair))
    plain = contestants.load_models([placed], filter="auto", device="cpu", precision="fp32")
    (fitted,) = contestants.with_fit(plain, first_half_of(pairs))
    palettes, town = palettes_for(pairs, "site", "second"), [pair for pair in pairs if pair.site == "town"]
    for pair in town[1:]:
        made = patch.read_patch(pair, "sar", palettes(pair))
        for method in (plain[0], fitted):
            lab, expected = method.paint(made)
            assert lab.shape == (3, *made.valid.shape)
            assert expected.shape == made.valid.shape
    assert read == [town[1].key, town[0].key, *(pair.key for pair in town[2:])]


def test_what_is_no_palette_is_refused(placed, pairs_folder, tmp_path):
    with pytest.raises(SettingError, match=r"palette must be one of site, auto, none, got 'mine'"):
        api.evaluate([placed], pairs_folder, tmp_path / "report", palette="mine")


def test_reliability_counts_expected_and_real_errors_in_bins_of_one_unit():
    said = Reliability()
    true = np.zeros((3, 4, 4), np.float32)
    for expected, error in ((2.5, 3.0), (7.2, 5.0), (30.0, 9.0), (1.0, 2.0)):
        lab = true + np.array([0, error, -error], np.float32).reshape(3, 1, 1)
        said.add(np.full((4, 4), expected, np.float32), lab, true, np.ones((4, 4), bool))
    figures = said.to_dict()
    assert figures["expected"] == [1.0, 2.5, 7.2, 30.0]
    assert figures["real"] == [2.0, 3.0, 5.0, 9.0]
    assert figures["share"] == [0.25] * 4
    assert said.counts[TOP] == 16
    assert figures["spearman_over_pairs"] == 1.0
    said.add(np.full((4, 4), 40.0, np.float32), true, true, np.ones((4, 4), bool))
    assert said.spearman() < 0.1
