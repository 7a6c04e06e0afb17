import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio
from PIL import Image

from sar_colorize.errors import OutputError, SettingError
from sar_colorize.simulate import LOOKS, MEAN_DB, side_by_side, simulate_scene, speckle, write_scene


@pytest.fixture(scope="module")
def scene():
    return simulate_scene(640, 960, seed=3)


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def test_speckle_has_mean_one_and_4_4_looks():
    homogeneous = speckle(800, 800, np.random.default_rng(1))
    assert homogeneous.dtype == np.float32
    assert homogeneous.min() > 0
    assert homogeneous.mean() == pytest.approx(1.0, abs=0.01)
    assert homogeneous.mean() ** 2 / homogeneous.var() == pytest.approx(LOOKS, rel=0.03)


def test_speckle_is_gamma_distributed():
    from scipy import stats

    apart = speckle(800, 800, np.random.default_rng(2))[::4, ::4].ravel()  # independent: four pixels apart
    assert stats.kstest(apart, stats.gamma(LOOKS, scale=1 / LOOKS).cdf).statistic < 0.012


def test_speckle_of_neighbours_correlates_as_the_point_spread_says():
    # Field: 2 a / (1 + 2 a^2) = 0.606 and a^2 / (1 + 2 a^2) = 0.121 for a = 0.4; intensity: their squares.
    values = speckle(800, 800, np.random.default_rng(3))
    assert correlation(values[:, 1:], values[:, :-1]) == pytest.approx(0.367, abs=0.01)
    assert correlation(values[1:], values[:-1]) == pytest.approx(0.367, abs=0.01)
    assert correlation(values[:, 2:], values[:, :-2]) == pytest.approx(0.015, abs=0.01)
    assert correlation(values[:, 4:], values[:, :-4]) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("cover", ["sea", "grass", "cereal", "maize", "bare", "forest", "town"])
def test_mean_backscatter_of_each_cover_is_as_declared(scene, cover):
    here = (scene.cover == list(MEAN_DB).index(cover)) & scene.raster.valid
    assert here.mean() > 0.005
    got = 10 * np.log10(np.mean(10 ** (scene.raster.values[:, here] / 10), axis=1))
    np.testing.assert_allclose(got, MEAN_DB[cover], atol=1.0)


def test_river_is_darker_than_land_in_both_bands(scene):
    here = (scene.cover == list(MEAN_DB).index("water")) & scene.raster.valid
    assert here.mean() > 0.004
    assert np.median(scene.raster.values[0, here]) < -18
    assert np.median(scene.raster.values[1, here]) < -25


def test_fields_differ_within_a_crop(scene):
    cereal = (scene.cover == list(MEAN_DB).index("cereal")) & scene.raster.valid
    blocks = np.where(cereal, 10 ** (scene.raster.values[0] / 10), np.nan)[:640, :960].reshape(80, 8, 120, 8)
    full = ~np.isnan(blocks).any(axis=(1, 3))
    means_db = 10 * np.log10(blocks.mean(axis=(1, 3))[full])
    # Speckle alone leaves 4.34 / sqrt(4.4 * 64 / 2.9) = 0.44 dB, 2.9 pixels making one independent sample.
    assert means_db.std() > 0.8


def test_swath_edge_is_invalid_and_nan_in_both_bands(scene):
    valid = scene.raster.valid
    assert 0.005 < (~valid).mean() < 0.05
    np.testing.assert_array_equal(np.isnan(scene.raster.values), np.broadcast_to(~valid, (2, *valid.shape)))
    per_row = (~valid).sum(axis=1)
    assert (np.diff(per_row) <= 0).all()
    assert per_row[0] > per_row[-1]


def test_seed_decides_the_scene():
    first, again, other = (simulate_scene(96, 128, seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.raster.values, again.raster.values)
    assert (first.cover != other.cover).any()


def test_default_scene_takes_a_few_seconds():
    began = time.process_time()
    scene = simulate_scene()
    assert scene.raster.values.shape == (2, 1024, 1536)
    assert set(np.unique(scene.cover)) == set(range(len(MEAN_DB)))
    assert time.process_time() - began < 15  # 3 s on an idle core


def test_small_scene_is_refused():
    with pytest.raises(SettingError, match="must have 64 rows and columns, got 63 x 100"):
        simulate_scene(63, 100)


def test_written_scene_says_what_and_where_it_is(tmp_path):
    scene = write_scene(tmp_path / "s.tif", 200, 300, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["s.tif"]
    with rasterio.open(tmp_path / "s.tif") as dataset:
        assert dataset.crs.to_epsg() == 32633
        assert tuple(dataset.transform)[:6] == (10, 0, 399_960, 0, -10, 5_100_000)
        assert dataset.descriptions == ("VV", "VH")
        assert dataset.units == ("dB", "dB")
        assert dataset.tags()["UNITS"] == "dB"
        assert np.isnan(dataset.nodata)
        assert dataset.profile["tiled"]
        np.testing.assert_array_equal(dataset.read(), scene.raster.values)
        np.testing.assert_array_equal(dataset.dataset_mask() > 0, scene.raster.valid)


def test_scene_is_not_written_over_a_file_or_into_no_folder(tmp_path):
    (tmp_path / "s.tif").write_bytes(b"old")
    with pytest.raises(OutputError, match=r"output must not exist, got .*s\.tif"):
        write_scene(tmp_path / "s.tif", 64, 64)
    with pytest.raises(OutputError, match="folder of the output must exist"):
        write_scene(tmp_path / "no" / "s.tif", 64, 64)
    write_scene(tmp_path / "s.tif", 64, 64, overwrite=True)
    assert (tmp_path / "s.tif").stat().st_size > 1000


def test_picture_shows_both_panels_and_paper_where_invalid(tmp_path):
    grey = np.full((200, 300), 90, np.uint8)
    colour = np.stack([np.full((200, 300), value, np.uint8) for value in (200, 30, 60)])
    valid = np.ones((200, 300), bool)
    valid[:, 250:] = False
    side_by_side(grey, colour, tmp_path / "p.png", ("before", "after"), valid=valid)
    with Image.open(tmp_path / "p.png") as image:
        picture = np.asarray(image)
    width = 2 * 300 + 3 * 16
    assert picture.shape[1] == width
    middle = picture[150]
    assert tuple(middle[16 + 100]) == (90, 90, 90)
    assert tuple(middle[2 * 16 + 300 + 100]) == (200, 30, 60)
    assert tuple(middle[16 + 280]) == tuple(middle[2 * 16 + 300 + 280]) == (255, 255, 255)
    band = picture[: picture.shape[0] - 200 - 16]
    assert (band[:, :300] < 100).any()
    assert (band[:, 332:] < 100).any()


def test_large_picture_is_reduced(tmp_path):
    side_by_side(np.zeros((100, 400), np.uint8), np.zeros((3, 100, 400), np.uint8), tmp_path / "p.png", ("a", "b"),
                 panel_px=200)  # fmt: skip
    with Image.open(tmp_path / "p.png") as image:
        assert image.size[0] == 2 * 200 + 3 * 16


@pytest.mark.parametrize(
    ("grey", "colour"),
    [
        (np.zeros((4, 4), np.float32), np.zeros((3, 4, 4), np.uint8)),
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint8)),
    ],
    ids=["float", "bands last"],
)
def test_pictures_that_are_none_are_refused(tmp_path, grey, colour):
    with pytest.raises(SettingError, match=r"pictures must be uint8, .H, W. before and .3, H, W. after, got"):
        side_by_side(grey, colour, tmp_path / "p.png", ("a", "b"))


def test_import_loads_no_rasterio_and_no_image_library():
    code = (
        "import sys, sar_colorize.simulate; sys.exit(bool({'rasterio', 'skimage', 'PIL', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0


def test_lines_and_discs_are_those_of_scikit_image() -> None:
    from skimage.draw import disk, line

    from sar_colorize.simulate.landscape import _line, _stamp

    rng = np.random.default_rng(0)
    for ends in [(0, 0, 0, 0), (3, 4, 3, 9), (5, 5, 0, 0), *rng.integers(-60, 60, (200, 4)).tolist()]:
        np.testing.assert_array_equal(_line(*ends), line(*ends))
    for _ in range(50):
        ours, theirs = np.zeros((2, 50, 70), bool)
        centre, radius = rng.uniform(-10, 80, (1, 2)), rng.uniform(0.3, 12, 1)
        _stamp(ours, centre, radius)
        theirs[disk(centre[0], radius[0], shape=theirs.shape)] = True
        np.testing.assert_array_equal(ours, theirs)
