"""The lightness of a pair is that of users' scenes, bit for bit."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from sar_colorize.pairs.lightness import colour_lightness, radar_lightness
from sar_colorize.prepare import ColorizeSettings, prepare
from sar_colorize.scene import open_scene


@pytest.mark.parametrize("polarization", ["VV", "VH"])
@pytest.mark.parametrize("filter", ["none", "lee", "refined-lee", "learned"])
def test_lightness_of_a_pair_is_that_of_the_same_pixels_opened_as_a_scene(tmp_path, polarization, filter):
    code = np.random.default_rng(0).gamma(4.4, 25.0, (96, 96)).clip(0, 255).astype(np.uint8)
    path = tmp_path / f"patch_{polarization}.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="uint8", width=96, height=96, crs="EPSG:32633",
        transform=from_origin(500000, 5000000, 10, 10),
    ) as file:  # fmt: skip
        file.write(code, 1)
    scene = open_scene(path, polarization=polarization)
    ready = prepare(scene, ColorizeSettings(model="by-place", palette="none", filter=filter))
    radar, window = ready.colorizer.radar, ready.scene.grid.window
    expected, _, valid = radar.convert(radar.read(ready.scene, window), window)
    assert valid.all()
    np.testing.assert_array_equal(radar_lightness(code, polarization, filter), expected[0])


def test_without_a_filter_it_is_the_display_code_itself():
    code = np.arange(256, dtype=np.uint8).reshape(16, 16)
    for polarization in ("VV", "VH"):
        np.testing.assert_allclose(radar_lightness(code, polarization, "none"), code / 2.55, atol=1e-4)


def test_lee_smooths_flat_ground():
    random = np.random.default_rng(0)
    power = 0.06 * random.gamma(4.4, 1 / 4.4, (64, 64))
    code = np.clip((10 * np.log10(power) + 25) * 10.2, 0, 255).astype(np.uint8)
    assert radar_lightness(code, "VV").std() < 0.6 * (code / 2.55).std()


def test_lightness_of_a_colour_patch_is_that_of_an_independent_program():
    from skimage.color import rgb2lab

    rgb = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    expected = rgb2lab(np.moveaxis(rgb, 0, -1))[..., 0]
    np.testing.assert_allclose(colour_lightness(rgb), expected, atol=1e-2)
