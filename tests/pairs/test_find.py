import numpy as np
import pytest
from PIL import Image

from sar_colorize.errors import DataError
from sar_colorize.pairs.find import find_pairs, split_by_site


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path)


def test_pairs_layout_gives_split_site_and_key(pairs_folder):
    found = find_pairs(pairs_folder)
    assert len(found.pairs) == 16
    assert found.skipped == ()
    first = found.of("val")[0]
    assert (first.split, first.site, first.key, first.polarization) == ("val", "coast", "0000", "VV")
    assert (first.s1.name, first.s2.name) == ("coast_s1_0000.png", "coast_s2_0000.png")


def test_manifest_gives_the_polarization(pairs_folder):
    (pairs_folder / "manifest.csv").write_text(
        "split,site,key,s1_code\nval,coast,0000,VH amplitude -> dB\nval,coast,0001,8-bit\n"
    )
    found = find_pairs(pairs_folder).of("val")
    assert [pair.polarization for pair in found] == ["VH", "VV", "VV", "VV"]


def test_terrain_layout_of_sen12_gives_terrain_and_scene(tmp_path):
    for terrain, scene in (("agri", "ROIs1868_summer_{}_59_p30"), ("urban", "ROIs1970_fall_{}_11_p537")):
        for side in ("s1", "s2"):
            touch(tmp_path / "v_2" / terrain / side / f"{scene.format(side)}.png")
    found = find_pairs(tmp_path / "v_2").pairs
    assert [(p.terrain, p.site, p.key) for p in found] == [
        ("agri", "ROIs1868_summer_59", "p30"),
        ("urban", "ROIs1970_fall_11", "p537"),
    ]
    assert find_pairs(tmp_path).pairs == found


def test_sen12ms_layout_pairs_numbered_folders(tmp_path):
    for side in ("s1", "s2"):
        touch(tmp_path / "ROIs1158_spring" / f"{side}_1" / f"ROIs1158_spring_{side}_1_p30.tif")
    pair = find_pairs(tmp_path).pairs[0]
    assert (pair.site, pair.key, pair.terrain) == ("ROIs1158_spring_1", "p30", "")


def test_file_without_partner_is_named_and_left_out_or_refused(pairs_folder):
    gone = pairs_folder / "val" / "coast" / "s2" / "coast_s2_0002.png"
    gone.unlink()
    found = find_pairs(pairs_folder)
    assert len(found.pairs) == 15
    assert len(found.skipped) == 1
    assert "coast_s1_0002.png: no partner" in found.skipped[0]
    with pytest.raises(DataError, match=r"got 1 without, first .*coast_s1_0002\.png"):
        find_pairs(pairs_folder, strict=True)


def test_sites_can_be_excluded(pairs_folder):
    assert {pair.site for pair in find_pairs(pairs_folder, exclude=["hills"]).pairs} == {"plain", "coast", "town"}


@pytest.mark.parametrize("folder", ["missing", ".", "a" * 5000, "a\0b"])
def test_folder_without_pairs_is_refused(tmp_path, folder):
    with pytest.raises(DataError, match="must"):
        find_pairs(tmp_path / folder)


def test_split_by_site_keeps_each_site_together_and_does_not_depend_on_the_others(tmp_path):
    for number in range(60):
        for key in (1, 2):
            for side in ("s1", "s2"):
                touch(tmp_path / "agri" / side / f"ROIs1868_summer_{side}_{number}_p{key}.png")
    pairs = find_pairs(tmp_path).pairs
    split = split_by_site(pairs)
    by_site = {}
    for pair in split:
        by_site.setdefault(pair.site, set()).add(pair.split)
    assert all(len(splits) == 1 for splits in by_site.values())
    assert {next(iter(splits)) for splits in by_site.values()} == {"train", "val", "test"}
    assert split_by_site(pairs[:10]) == split[:10]


@pytest.mark.parametrize("site", ["scene_s1_b0_0", "scene_s1", "a_s2_b_s1_c", "ROIs1158_spring_s1_1_p30_b0_0"])
def test_a_site_whose_name_holds_a_side_keeps_its_pairs(tmp_path, site):
    for key in ("r00000_c00000", "r00000_c00032"):
        for side in ("s1", "s2"):
            touch(tmp_path / "train" / site / side / f"{site}_{side}_{key}.png")
    found = find_pairs(tmp_path, strict=True)
    assert [(pair.site, pair.key) for pair in found.pairs] == [(site, "r00000_c00000"), (site, "r00000_c00032")]
    assert all(pair.s2.name == pair.s1.name.replace("_s1_r", "_s2_r") for pair in found.pairs)


def test_partners_are_found_by_the_last_side_where_the_folder_is_named_otherwise(tmp_path):
    for side in ("s1", "s2"):
        touch(tmp_path / "anything" / side / f"town_s1_old_{side}_7.png")
    found = find_pairs(tmp_path, strict=True)
    assert [pair.s2.name for pair in found.pairs] == ["town_s1_old_s2_7.png"]


def test_files_named_alike_on_both_sides_are_partners(tmp_path):
    for side in ("s1", "s2"):
        touch(tmp_path / "train" / "town" / side / "0007.png")
    assert [(pair.site, pair.key) for pair in find_pairs(tmp_path, strict=True).pairs] == [("town", "0007")]
