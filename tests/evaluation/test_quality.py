import numpy as np
import pytest
from PIL import Image

from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import DataError
from sar_colorize.evaluation.quality import baselines, measure
from sar_colorize.training.pairs import Pair

GREEN, RED = (60, 120, 40), (150, 70, 60)


@pytest.fixture
def pairs(tmp_path):
    """Dark radar over green ground and bright radar over red ground, half and half."""
    found = []
    for split, site in (("train", "a"), ("val", "b"), ("val", "c")):
        code = np.full((32, 32), 40, np.uint8)
        code[:, 16:] = 200
        rgb = np.empty((32, 32, 3), np.uint8)
        rgb[:, :16], rgb[:, 16:] = GREEN, RED
        paths = tmp_path / f"{site}_s1.png", tmp_path / f"{site}_s2.png"
        Image.fromarray(code).save(paths[0])
        Image.fromarray(rgb).save(paths[1])
        found.append(Pair(site, site, split, *paths))
    return found


def test_baselines_learn_nothing_the_mean_and_the_table(pairs):
    found = baselines(pairs[:1], despeckle="none", lightness="sar-l")
    lightness = np.array([[40, 200, 90]], np.float32) * np.float32(100 / 255)
    green, red = (srgb_to_lab(np.array(c, np.float32).reshape(3, 1, 1) / 255)[1:, 0, 0] for c in (GREEN, RED))
    assert not found["grey"](lightness)[1:].any()
    np.testing.assert_allclose(found["mean colour"](lightness)[1:, 0, 0], (green + red) / 2, atol=1e-3)
    table = found["look-up table"](lightness)
    np.testing.assert_allclose(table[1:, 0].T, [green, red, (green + red) / 2], atol=1e-3)
    np.testing.assert_array_equal(table[0], lightness)


def test_the_table_is_perfect_where_colour_follows_radar(pairs):
    table = measure(
        baselines(pairs[:1], despeckle="none", lightness="sar-l"), pairs[1:], despeckle="none", lightness="sar-l"
    )
    assert set(table) == {"val"}
    assert set(table["val"]) == {"b", "c", "all"}
    best = table["val"]["all"]["look-up table"]
    assert best["ab_error"] == pytest.approx(0, abs=1e-3)
    assert best["chroma_ratio"] == pytest.approx(1, abs=1e-3)
    assert table["val"]["b"]["grey"]["chroma_ratio"] == 0
    assert table["val"]["b"]["mean colour"]["ab_error"] > 10


def test_no_ground_to_learn_from_is_refused(pairs):
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(pairs[0].s2)
    with pytest.raises(DataError, match="must show ground somewhere"):
        baselines(pairs[:1], despeckle="none", lightness="sar-l")
