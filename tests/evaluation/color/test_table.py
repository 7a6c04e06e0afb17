import numpy as np
import pytest

from sar_colorize.evaluation.color.metrics import METRICS
from sar_colorize.evaluation.color.table import Cell, best, tables


def values(*patches):
    """(patches, 1, metrics), every metric alike."""
    return np.repeat(np.array(patches, float)[:, None, None], len(METRICS), 2)


def test_a_site_is_weighted_by_pixels_and_sites_count_alike():
    made = tables(values(1, 4, 10), np.array([3.0, 1.0, 1.0]), ["a", "a", "b"], ["", "", ""], ["m"])
    assert made.sites["a"]["m"]["psnr"].mean == pytest.approx((3 * 1 + 1 * 4) / 4)
    assert made.overall["m"]["psnr"].mean == pytest.approx((1.75 + 10) / 2)
    assert made.terrains == {}


def test_terrains_are_means_of_their_patches():
    made = tables(values(1, 4, 10), np.ones(3), ["a", "a", "b"], ["agri", "", "agri"], ["m"])
    assert set(made.terrains) == {"agri"}
    assert made.terrains["agri"]["m"]["ssim"].mean == 5.5


def test_metrics_of_sets_are_of_all_patches_of_a_group_and_have_no_interval():
    def of_sets(index):
        return np.array([[float(len(index))]])

    made = tables(values(1, 4, 10), np.ones(3), ["a", "a", "b"], ["agri", "", ""], ["m"], of_sets=of_sets)
    assert made.overall["m"]["kid"].to_dict() == {"mean": 3.0, "low": None, "high": None}
    assert made.sites["a"]["m"]["kid"].mean == 2
    assert made.terrains["agri"]["m"]["kid"].mean == 1


def test_what_is_undefined_counts_for_nothing():
    made = tables(values(1, np.nan, np.inf, np.nan), np.ones(4), ["a", "a", "a", "b"], [""] * 4, ["m"])
    assert made.overall["m"]["psnr"].mean == 1
    assert np.isnan(made.sites["b"]["m"]["psnr"].mean)
    assert made.sites["b"]["m"]["psnr"].to_dict() == {"mean": None, "low": None, "high": None}


def test_the_interval_is_that_of_the_mean_and_the_same_for_the_same_seed():
    patches = np.random.default_rng(1).normal(5, 2, 400)
    first, again, other = (
        tables(values(*patches), np.ones(400), ["a"] * 400, [""] * 400, ["m"], seed=seed).overall["m"]["psnr"]
        for seed in (0, 0, 1)
    )
    assert first == again != other
    # 1.96 standard errors of a mean of 400 with deviation 2.
    assert first.high - first.mean == pytest.approx(0.196, rel=0.2)
    assert first.mean - first.low == pytest.approx(0.196, rel=0.2)


@pytest.mark.parametrize(("key", "expected"), [("psnr", "far"), ("ab_error", "zero"), ("chroma_ratio", "near"),
                                                ("colourfulness", "far")])  # fmt: skip
def test_best_is_by_the_metrics_own_aim(key, expected):
    metric = next(item for item in METRICS if item.key == key)
    rows = {name: {key: Cell(mean, 0, 0)} for name, mean in (("zero", 0.0), ("near", 0.9), ("far", 5.0))}
    rows["none"] = {key: Cell(float("nan"), 0, 0)}
    assert best(rows, metric, 6.0, list(rows)) == expected
    assert best(rows, metric, 6.0, ["none"]) is None
