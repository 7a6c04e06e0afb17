import shutil
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
from made import killed_with_blocks
from pyogrio.errors import FeatureError
from rasterio.transform import from_origin

from sar_colorize.errors import Cancelled, DataError, OutputError, SettingError
from sar_colorize.pairs import build
from sar_colorize.pairs.build import build_pairs
from sar_colorize.pairs.build_settings import BuildSettings
from sar_colorize.pairs.find import find_pairs
from sar_colorize.pairs.read import read_pair, readable

SETTINGS = BuildSettings(patch_px=32, block_patches=2, terrain="agri")
UTM = "EPSG:32632"


def write(path, values, *, left=500_000.0, top=5_000_000.0, pixel_m=10.0, crs=UTM, **more):
    transform = from_origin(left, top, pixel_m, pixel_m)
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=count, dtype=values.dtype, crs=crs,
        transform=transform, **more,
    ) as file:  # fmt: skip
        file.write(values)
        if count == 2:
            file.descriptions = ("VV", "VH")
    return path


@pytest.fixture
def rasters(tmp_path):
    """192 x 256 px of radar at -10 dB with a bright half, and 8-bit colour on the same grid."""
    random = np.random.default_rng(0)
    db = np.full((2, 192, 256), -10.0, np.float32)
    db[:, :, 128:] = -5.0
    db += random.normal(0, 0.5, db.shape).astype(np.float32)
    rgb = random.integers(60, 120, (3, 192, 256)).astype(np.uint8)
    return write(tmp_path / "s1.tif", db), write(tmp_path / "s2.tif", rgb)


def test_pairs_are_found_again_with_their_pixels(rasters, tmp_path):
    result = build_pairs(*rasters, tmp_path / "pairs", SETTINGS)
    found = find_pairs(tmp_path / "pairs", strict=True)
    assert len(found.pairs) == sum(result.splits.values()) == 48
    pair = next(pair for pair in found.pairs if pair.key == "r00032_c00160")
    code, rgb = read_pair(pair)
    with rasterio.open(rasters[0]) as s1, rasterio.open(rasters[1]) as s2:
        window = rasterio.windows.Window(160, 32, 32, 32)
        np.testing.assert_array_equal(code, np.rint((s1.read(1, window=window) + 25) * 10.2))
        np.testing.assert_array_equal(rgb, s2.read(window=window))


@pytest.mark.parametrize("name", ["scene_s1", "scene_S1", "s1", "a_s2_s1_b"])
def test_pairs_of_a_raster_whose_name_holds_a_side_are_found_again(rasters, tmp_path, name):
    result = build_pairs(rasters[0].rename(tmp_path / f"{name}.tif"), rasters[1], tmp_path / "pairs", SETTINGS)
    found = find_pairs(tmp_path / "pairs", strict=True)
    assert {split: len(found.of(split)) for split in result.splits} == result.splits
    assert {pair.terrain for pair in found.pairs} == {"agri"}  # the manifest's line was found
    assert len(readable(found.pairs, strict=True).pairs) == 48
    sites = {pair.site for pair in found.pairs}
    assert all("_s1_" not in site.lower() and "_s2_" not in site.lower() for site in sites)


def test_catalogue_says_where_each_patch_lies(rasters, tmp_path):
    result = build_pairs(*rasters, tmp_path / "pairs", SETTINGS)
    frame = geopandas.read_file(result.catalogue)
    assert frame.crs == UTM
    assert {"key", "site", "split", "terrain", "cloud", "flat", "shift_px"} <= set(frame.columns)
    assert set(frame.terrain) == {"agri"}
    row = frame[frame.key == "r00032_c00160"].iloc[0]
    assert row.geometry.bounds == (501_600.0, 4_999_360.0, 501_920.0, 4_999_680.0)
    assert frame.geometry.union_all().area == pytest.approx(192 * 256 * 100)


def test_each_spatial_block_is_in_one_split_and_all_splits_are_there(rasters, tmp_path):
    result = build_pairs(*rasters, tmp_path / "pairs", SETTINGS)
    assert all(count > 0 for count in result.splits.values())
    frame = geopandas.read_file(result.catalogue)
    assert (frame.groupby("site").split.nunique() == 1).all()
    assert (frame.groupby("site").size() == 4).all()
    again = build_pairs(*rasters, tmp_path / "again", SETTINGS)
    assert again.splits == result.splits


def test_colour_on_another_grid_is_warped_to_the_radar(rasters, tmp_path):
    ramp = np.broadcast_to(np.linspace(50, 178, 128).astype(np.uint8), (3, 96, 128)).copy()
    coarse = write(tmp_path / "coarse.tif", ramp, pixel_m=20.0)
    build_pairs(rasters[0], coarse, tmp_path / "pairs", SETTINGS)
    pair = next(pair for pair in find_pairs(tmp_path / "pairs").pairs if pair.key == "r00064_c00128")
    colour = read_pair(pair)[1]
    assert colour[0, 16, 16] == pytest.approx(50 + (128 + 16) / 2, abs=2)


def test_ground_that_only_one_shows_is_left_out_with_a_count(rasters, tmp_path):
    half = write(tmp_path / "half.tif", np.full((3, 192, 128), 90, np.uint8))
    result = build_pairs(rasters[0], half, tmp_path / "pairs", SETTINGS)
    assert sum(result.splits.values()) == 24
    assert result.skipped == {"not in both rasters": 24}


def test_clouded_patches_are_left_out_with_a_count(rasters, tmp_path):
    with rasterio.open(rasters[1], "r+") as file:
        rgb = file.read()
        rgb[:, :32, :64] = 250
        file.write(rgb)
    assert build_pairs(*rasters, tmp_path / "pairs", SETTINGS).skipped == {"cloud": 2}


def test_shift_of_the_colour_is_measured(rasters, tmp_path):
    random = np.random.default_rng(1)
    checks = np.kron(random.random((24, 32)) > 0.5, np.ones((8, 8)))
    s1 = write(tmp_path / "a.tif", np.stack([np.where(checks, -5.0, -15.0)] * 2).astype(np.float32))
    for shift in (0, 5):
        rgb = np.stack([np.roll(checks, shift, 1) * 100 + 60] * 3).astype(np.uint8)
        s2 = write(tmp_path / f"b{shift}.tif", rgb)
        result = build_pairs(s1, s2, tmp_path / f"pairs{shift}", BuildSettings(patch_px=64, block_patches=1))
        assert geopandas.read_file(result.catalogue).shift_px.median() == pytest.approx(shift, abs=1)


def test_reflectance_is_rendered_as_natural_colour(rasters, tmp_path):
    bands = np.zeros((12, 192, 256), np.uint16)
    bands[3], bands[2], bands[1] = 2600, 1300, 0  # B4, B3, B2
    s2 = write(tmp_path / "l2a.tif", bands)
    build_pairs(rasters[0], s2, tmp_path / "pairs", SETTINGS)
    colour = read_pair(find_pairs(tmp_path / "pairs").pairs[0])[1]
    # 255 (1/2) ** (1 / 1.15) = 139.6
    assert colour[:, 5, 5].tolist() == [255, 140, 0]


def test_the_offset_of_sentinel_2_is_taken_out_and_said(rasters, tmp_path):
    """Digital numbers since baseline 04.00 are 1000 higher; read as they are they are 0.1 too bright."""
    random = np.random.default_rng(0)
    reflectance = random.integers(60, 2600, (192, 256)).astype(np.uint16)
    bands = np.broadcast_to(reflectance + 1000, (12, 192, 256)).copy()
    name = tmp_path / "S2A_MSIL2A_20230601T103031_N0509_R108_T32ULB_20230601T170000.tif"
    result = build_pairs(rasters[0], write(name, bands), tmp_path / "pairs", SETTINGS)
    assert "-1000" in result.colour
    pair = next(pair for pair in find_pairs(tmp_path / "pairs").pairs if pair.key == "r00000_c00000")
    expected = 255 * np.clip(reflectance[:32, :32] / 2600, 0, 1) ** (1 / 1.15)
    np.testing.assert_allclose(read_pair(pair)[1][0], expected, atol=0.51)


def test_rasters_that_do_not_meet_are_refused_and_nothing_is_left(rasters, tmp_path):
    far = write(tmp_path / "far.tif", np.full((3, 64, 64), 90, np.uint8), left=900_000.0)
    with pytest.raises(DataError, match=r"share at least one patch of 32 px, got none \(48 not in both rasters\)"):
        build_pairs(rasters[0], far, tmp_path / "pairs", SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["far.tif", "s1.tif", "s2.tif"]


def test_cancelled_nothing_is_left(rasters, tmp_path):
    def cancel(done, _total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match=r"^cancelled; nothing was written$"):
        build_pairs(*rasters, tmp_path / "pairs", SETTINGS, progress=cancel)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s1.tif", "s2.tif"]


def test_what_a_killed_run_left_is_removed_by_the_next(rasters, tmp_path):
    orphan = killed_with_blocks(tmp_path / "pairs", '(hidden.path / "whole" / "train").mkdir(parents=True)')
    assert (orphan / "whole" / "train").is_dir()
    build_pairs(*rasters, tmp_path / "pairs", SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs", "s1.tif", "s2.tif"]


def test_folder_in_use_is_refused(rasters, tmp_path):
    with pytest.raises(OutputError, match="new or empty"):
        build_pairs(*rasters, tmp_path, SETTINGS)


def test_radar_without_a_place_is_refused(rasters, tmp_path):
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        lost = write(
            tmp_path / "lost.tif", np.full((2, 64, 64), -10.0, np.float32), crs=None, left=0.0, top=0.0, pixel_m=1.0
        )
    with pytest.raises(DataError, match="must have a CRS and a transform"):
        build_pairs(lost, rasters[1], tmp_path / "pairs", SETTINGS)


def test_colour_with_unknown_bands_is_refused(rasters, tmp_path):
    odd = write(tmp_path / "odd.tif", np.zeros((5, 64, 64), np.uint8))
    with pytest.raises(
        SettingError, match="the colour raster must have bands named red, green and blue, or 3, 4, 10, 12, 13 of"
    ):
        build_pairs(rasters[0], odd, tmp_path / "pairs", SETTINGS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patch_px": 8}, "patch_px must be a whole number of at least 16"),
        ({"terrain": "\ud800"}, "terrain must be valid UTF-8"),
        ({"most_cloud": 2}, r"within 0\.\.1, got 2"),
        ({"val_share": 0.5, "test_share": 0.5}, "leave something to train on"),
    ],
)
def test_setting_out_of_range_is_refused(change, words):
    with pytest.raises(SettingError, match=words):
        BuildSettings(**change)


def test_geotiff_pairs_of_sen12ms_are_read_and_radar_holes_are_not_learned_from(tmp_path):
    db = np.full((2, 64, 64), -10.0, np.float32)
    db[:, :8] = np.nan
    folder = tmp_path / "ROIs1158_spring"
    (folder / "s1_1").mkdir(parents=True)
    (folder / "s2_1").mkdir()
    write(folder / "s1_1" / "ROIs1158_spring_s1_1_p30.tif", db, nodata=np.nan)
    write(folder / "s2_1" / "ROIs1158_spring_s2_1_p30.tif", np.full((13, 64, 64), 1300, np.uint16))
    code, rgb = read_pair(find_pairs(tmp_path).pairs[0])
    assert code[20, 20] == 153
    assert rgb[:, 20, 20].tolist() == [140, 140, 140]
    assert not code[:8].any()
    assert not rgb[:, :8].any()


def test_a_disk_that_fills_up_while_pairs_are_written_is_one_sentence(rasters, tmp_path, monkeypatch):
    def full(*_arguments, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sar_colorize.pairs.build.write_catalogue", full)
    with pytest.raises(OutputError, match=r"the folder of pairs must be where it can be written, .*No space left"):
        build_pairs(*rasters, tmp_path / "pairs", SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s1.tif", "s2.tif"]


def test_a_catalogue_that_the_disk_has_no_room_for_is_one_sentence(rasters, tmp_path, monkeypatch):
    def full(*_arguments, **_more):
        raise FeatureError("Could not add feature to layer at index 0: database or disk is full")

    monkeypatch.setattr(geopandas.GeoDataFrame, "to_file", full)
    with pytest.raises(
        OutputError, match=r"where it can be written, .*catalogue\.gpkg cannot be written: .*disk is full"
    ):
        build_pairs(*rasters, tmp_path / "pairs", SETTINGS)


def test_a_folder_that_vanishes_while_pairs_are_written_is_one_sentence(rasters, tmp_path):
    place = tmp_path / "place"
    place.mkdir()

    def vanish(done, _total):
        if done == 3:
            place.rename(tmp_path / "away")

    with pytest.raises(OutputError, match="the folder of pairs must be where it can be written"):
        build_pairs(*rasters, place / "pairs", SETTINGS, progress=vanish)


@pytest.mark.parametrize("when", ["while it is written", "while it is renamed"])
@pytest.mark.parametrize("what", ["a site", "the manifest"])
def test_files_that_vanish_from_the_folder_of_pairs_are_never_a_success(rasters, tmp_path, monkeypatch, what, when):
    """What `rm -r` leaves of the folder while pairs are written into it."""
    write_catalogue, replace = build.write_catalogue, Path.replace

    def remove(folder):
        if what == "a site":
            shutil.rmtree(next(folder.rglob("s1")).parent)
        else:
            (folder / "manifest.csv").unlink()

    def early(folder, *arguments):
        write_catalogue(folder, *arguments)
        remove(folder)

    def late(self, target):
        replace(self, target)
        remove(target)

    if when == "while it is written":
        monkeypatch.setattr(build, "write_catalogue", early)
    else:
        monkeypatch.setattr(Path, "replace", late)
    with pytest.raises(OutputError, match=r"got .*made .*A file was removed while others were written"):
        build_pairs(*rasters, tmp_path / "made", BuildSettings(patch_px=32, block_patches=1))
    assert not (tmp_path / "made").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_whose_name_is_too_long_is_one_sentence(rasters, tmp_path):
    with pytest.raises(
        OutputError, match=r"the folder of pairs must be a name that a file can have, got .*File name too long"
    ):
        build_pairs(*rasters, tmp_path / ("n" * 300), SETTINGS)


def test_a_folder_whose_name_no_catalogue_can_hold_is_one_sentence(rasters, tmp_path):
    with pytest.raises(
        OutputError, match=r"the folder of pairs must be a name that a file can have, got .*choose another"
    ):
        build_pairs(*rasters, tmp_path / "pairs\udcff", SETTINGS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s1.tif", "s2.tif"]
