import csv
import json
import os

import geopandas
import numpy as np
import pytest
import rasterio
from made import write_weights
from PIL import Image
from rasterio.transform import from_origin

from sar_colorize import api
from sar_colorize.color import lab_to_srgb, srgb_to_lab
from sar_colorize.errors import DataError, OutputError, SettingError
from sar_colorize.evaluation.color import metrics
from sar_colorize.infer import paint_picture
from sar_colorize.models import registry
from sar_colorize.pairs.build import BuildSettings, build_pairs
from sar_colorize.pairs.find import find_pairs
from sar_colorize.pairs.lightness import radar_lightness
from sar_colorize.pairs.read import ground_of, read_pair

BASELINES = ["mean colour", "look-up table", "LR4ColSAR", "NoColSAR", "grey (oracle)"]


@pytest.fixture
def made(evaluated):
    return evaluated[0]


def test_models_stand_beside_every_baseline(made, evaluated, weights):
    names = ["random", "random-picture", "composite", *BASELINES]
    assert list(made["overall"]) == names
    assert made["pairs"] == {"coast": 4, "town": 3}
    assert made["models"][0]["sha256"] == registry.checksum(weights[0])
    saved = json.loads((evaluated[1] / "metrics.json").read_text())
    assert saved == {key: value for key, value in made.items() if key != "files"}
    assert sorted(made["files"]) == ["index.html", "metrics.json", "patches.csv"]


def learned_by_hand(pairs):
    """The mean (a, b) of these pairs, and that under each of 256 levels of L; every pair counts alike."""
    means, sums, counts = [], np.zeros((2, 256)), np.zeros(256)
    for pair in pairs:
        code, rgb = read_pair(pair)
        ab = srgb_to_lab(rgb.astype(np.float32) / 255)[1:]
        means.append(ab.mean((1, 2)))
        level = np.rint(radar_lightness(code, pair.polarization, "lee") * 2.55).astype(int)
        for value in np.unique(level):
            sums[:, value] += ab[:, level == value].sum(1) / level.size
            counts[value] += (level == value).sum() / level.size
    mean = np.mean(means, 0)
    return mean, np.where(counts > 0, sums / np.maximum(counts, 1e-9), mean[:, None])


def test_figures_are_means_over_pixels_of_a_site_and_over_sites_as_in_the_weight_cards(made, shared_pairs, weights):
    pairs = find_pairs(shared_pairs)
    mean, table = learned_by_hand(pairs.of("train"))
    random = registry.load_painter(weights[0], ("VV",))

    def flat(lightness):
        return np.stack([lightness, *(np.full_like(lightness, value) for value in mean)])

    def looked_up(lightness):
        return np.stack([lightness, *table[:, np.rint(lightness * 2.55).astype(int)]])

    def network(lightness):
        return paint_picture(random, lightness[None], device="cpu", precision="fp32")[0]

    for name, paint in {"mean colour": flat, "look-up table": looked_up, "random": network}.items():
        sites = {}
        for pair in pairs.of("test"):
            code, rgb = read_pair(pair)
            true = rgb.astype(np.float32) / 255
            lab, valid = paint(radar_lightness(code, pair.polarization, "lee")), ground_of(rgb)
            found = {
                "ab_error": metrics.ab_error(lab, srgb_to_lab(true), valid),
                "chroma_ratio": metrics.chroma_ratio(lab, srgb_to_lab(true), valid),
                "ciede2000": metrics.ciede2000(lab, srgb_to_lab(true), valid),
                "ssim": metrics.ssim(lab_to_srgb(lab), true, valid),
            }
            sites.setdefault(pair.site, []).append((valid.sum(), found))
        for key in ("ab_error", "chroma_ratio", "ciede2000", "ssim"):
            site_means = {
                site: sum(pixels * found[key] for pixels, found in rows) / sum(pixels for pixels, _ in rows)
                for site, rows in sites.items()
            }
            overall = np.mean(list(site_means.values()))
            assert made["overall"][name][key]["mean"] == pytest.approx(overall, abs=0.002), (name, key)
            assert made["sites"]["town"][name][key]["mean"] == pytest.approx(site_means["town"], abs=0.002), (name, key)


def test_the_oracle_has_the_right_structure_and_no_colour(made):
    oracle, uncoloured = made["overall"]["grey (oracle)"], made["overall"]["NoColSAR"]
    assert oracle["gradient_correlation"]["mean"] == pytest.approx(1.0)
    assert oracle["chroma_ratio"]["mean"] == 0
    assert uncoloured["chroma_ratio"]["mean"] == pytest.approx(0, abs=1e-3)
    assert oracle["ab_error"]["mean"] == pytest.approx(uncoloured["ab_error"]["mean"], abs=0.01)
    assert made["methods"]["grey (oracle)"] == "oracle"


def test_the_table_is_nearly_right_where_colour_follows_radar(made):
    green, brown = (
        srgb_to_lab(np.array(c, np.float32).reshape(3, 1, 1) / 255)[1:] for c in ((50, 110, 40), (150, 110, 60))
    )
    apart = np.abs(green - brown).mean() / 2
    assert made["overall"]["mean colour"]["ab_error"]["mean"] > 0.9 * apart
    assert made["overall"]["look-up table"]["ab_error"]["mean"] < made["overall"]["mean colour"]["ab_error"]["mean"] - 5


def test_a_line_for_each_pair_and_method_averages_to_the_table(made, evaluated):
    with (evaluated[1] / "patches.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 7 * 8
    town = [row for row in rows if row["site"] == "town" and row["method"] == "LR4ColSAR"]
    mean = np.average([float(r["psnr"]) for r in town], weights=[float(r["pixels"]) for r in town])
    assert made["sites"]["town"]["LR4ColSAR"]["psnr"]["mean"] == pytest.approx(mean, abs=1e-4)


def test_shares_of_a_histogram_add_up_to_one(made):
    for shares in made["ab_error_histogram"]["shares"].values():
        assert sum(shares) == pytest.approx(1, abs=1e-4)


def test_optical_input_gives_models_the_real_lightness(pairs_folder, tmp_path):
    made = api.evaluate(["composite"], pairs_folder, tmp_path / "report", input="optical", device="cpu", limit=1)
    assert made["overall"]["mean colour"]["gradient_correlation"]["mean"] == pytest.approx(1.0)
    assert made["overall"]["NoColSAR"]["gradient_correlation"]["mean"] < 0.9
    assert made["pairs"] == {"coast": 1, "town": 1}


def test_sites_are_excluded_and_broken_pairs_named_or_refused(pairs_folder, tmp_path):
    (pairs_folder / "test" / "coast" / "s2" / "coast_s2_0001.png").write_bytes(b"no picture")
    black = pairs_folder / "test" / "coast" / "s2" / "coast_s2_0002.png"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(black)
    (pairs_folder / "train" / "hills" / "s1" / "hills_s1_0001.png").write_bytes(b"no picture")
    made = api.evaluate(["composite"], pairs_folder, tmp_path / "report", exclude=["town"])
    assert made["pairs"] == {"coast": 2}
    assert [("left out of train" in note, "hills_s1_0001" in note) for note in made["notes"] if "KID" not in note] == [
        (True, True)
    ]
    assert [("coast_s2_0001" in text, "only black" in text) for text in made["skipped"]] == [
        (True, False),
        (False, True),
    ]
    with pytest.raises(DataError, match=r"must be a whole picture, got .*hills_s1_0001"):
        api.evaluate(["composite"], pairs_folder, tmp_path / "other", strict=True)
    assert not (tmp_path / "other").exists()


def test_baselines_learn_from_another_folder(pairs_folder, tmp_path):
    lonely = tmp_path / "lonely"
    lonely.mkdir()
    (pairs_folder / "test").rename(lonely / "test")
    with pytest.raises(DataError, match="must have a split train to learn from, got none"):
        api.evaluate(["composite"], lonely, tmp_path / "report", exclude=[])
    made = api.evaluate(["composite"], lonely, tmp_path / "report", train=pairs_folder)
    assert made["pairs"] == {"coast": 4, "town": 3}


def test_terrains_of_sen12_have_tables(tmp_path):
    random = np.random.default_rng(0)
    for terrain in ("agri", "urban"):
        for number in range(8):
            for side, shape in (("s1", (32, 32)), ("s2", (32, 32, 3))):
                path = tmp_path / "data" / terrain / side / f"ROIs1868_summer_{side}_{number}_p1.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(random.integers(40, 160, shape).astype(np.uint8)).save(path)
    made = api.evaluate(["composite"], tmp_path / "data", tmp_path / "report")
    assert set(made["terrains"]) == {"agri", "urban"}
    assert "Terrain by terrain" in (tmp_path / "report" / "index.html").read_text()


def test_errors_lie_on_the_map_where_a_catalogue_says_so(tmp_path):
    random = np.random.default_rng(0)
    grid = {"driver": "GTiff", "height": 128, "width": 128, "crs": "EPSG:32632"}
    grid["transform"] = from_origin(5e5, 5e6, 10, 10)
    with rasterio.open(tmp_path / "s1.tif", "w", count=1, dtype="float32", **grid) as file:
        file.write(random.normal(-10, 1, (1, 128, 128)).astype(np.float32))
        file.descriptions = ("VV",)
    with rasterio.open(tmp_path / "s2.tif", "w", count=3, dtype="uint8", **grid) as file:
        file.write(random.integers(40, 160, (3, 128, 128)).astype(np.uint8))
    build_pairs(
        tmp_path / "s1.tif", tmp_path / "s2.tif", tmp_path / "pairs", BuildSettings(patch_px=32, block_patches=1)
    )
    made = api.evaluate(["composite"], tmp_path / "pairs", tmp_path / "report")
    frame = geopandas.read_file(made["files"]["patches.gpkg"])
    catalogue = geopandas.read_file(tmp_path / "pairs" / "catalogue.gpkg")
    assert frame.crs == "EPSG:32632"
    merged = frame.merge(catalogue, on=["site", "key"])
    assert len(merged) == len(frame) == sum(made["pairs"].values())
    assert (merged.geometry_x == merged.geometry_y).all()
    assert frame["composite__ab_error"].between(5, 60).all()


def test_geotiff_pairs_in_two_zones_share_degrees(tmp_path):
    random = np.random.default_rng(0)
    for number, epsg in enumerate([32632, 32633, 32632, 32633, 32632, 32633, 32632, 32633]):
        for side, count in (("s1", 2), ("s2", 3)):
            path = tmp_path / "data" / ("test" if number < 2 else "train") / f"site{number}" / side
            path.mkdir(parents=True)
            values = random.normal(-12, 1, (2, 32, 32)) if side == "s1" else random.integers(40, 160, (3, 32, 32))
            kind = "float32" if side == "s1" else "uint8"
            options = {"crs": f"EPSG:{epsg}", "transform": from_origin(5e5, 5e6, 10, 10), "dtype": kind}
            with rasterio.open(
                path / f"site{number}_{side}_p1.tif", "w", driver="GTiff", count=count, height=32, width=32, **options
            ) as file:
                file.write(values.astype(kind))
                if side == "s1":
                    file.descriptions = ("VV", "VH")
    made = api.evaluate(["composite"], tmp_path / "data", tmp_path / "report")
    frame = geopandas.read_file(made["files"]["patches.gpkg"])
    assert frame.crs == "EPSG:4326"
    # The middle meridians of zones 32 and 33.
    np.testing.assert_allclose(sorted(frame.geometry.bounds.minx), [9, 15], atol=1e-6)


def test_a_report_is_replaced_only_when_asked_and_other_files_never(pairs_folder, tmp_path):
    report = tmp_path / "report"
    api.evaluate(["composite"], pairs_folder, report, limit=1)
    before = (report / "metrics.json").read_text()
    with pytest.raises(OutputError, match=r"must not exist yet, got .*report; allow overwriting"):
        api.evaluate(["composite"], pairs_folder, report, limit=1)
    api.evaluate(["composite"], pairs_folder, report, limit=2, overwrite=True)
    assert (report / "metrics.json").read_text() != before
    (report / "mine.txt").write_text("keep")
    with pytest.raises(OutputError, match=r"new folder or an earlier report, got mine\.txt"):
        api.evaluate(["composite"], pairs_folder, report, limit=1, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs", "report"]


def test_an_error_late_leaves_the_earlier_report_and_nothing_else(pairs_folder, tmp_path, monkeypatch):
    report = tmp_path / "report"
    api.evaluate(["composite"], pairs_folder, report, limit=1)
    before = (report / "index.html").read_bytes()

    def full(*arguments):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("sar_colorize.evaluation.report.folder.page", full)
    with pytest.raises(OutputError, match=r"must be where it can be written, .*No space left"):
        api.evaluate(["composite"], pairs_folder, report, limit=1, overwrite=True)
    assert (report / "index.html").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs", "report"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"split": "night"}, r"split must be one that .* holds \(test, train\), got 'night'"),
        ({"input": "thermal"}, "input must be one of sar, optical, got 'thermal'"),
        ({"limit": 0}, "limit must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"filter": "leee"}, "filter must be one of auto, .*, got 'leee'"),
    ],
)
def test_wrong_settings_are_refused(pairs_folder, tmp_path, settings, words):
    with pytest.raises((SettingError, DataError), match=words):
        api.evaluate(["composite"], pairs_folder, tmp_path / "report", **settings)


def test_models_must_be_named_and_differ(pairs_folder, weights, tmp_path):
    with pytest.raises(SettingError, match="models must name at least one, got none"):
        api.evaluate([], pairs_folder, tmp_path / "report")
    with pytest.raises(SettingError, match="each model must be given once"):
        api.evaluate(["composite", "composite"], pairs_folder, tmp_path / "report")
    (tmp_path / "later").mkdir()
    twin = write_weights(tmp_path / "later" / "ab.safetensors")
    made = api.evaluate([str(weights[0]), str(twin)], pairs_folder, tmp_path / "report", limit=1)
    assert [model["name"].split(" ")[0] for model in made["models"]] == ["random", "random"]
    assert "random (later/ab)" in made["overall"]


def test_sides_that_a_network_cannot_take_are_filled_up(pairs_folder, weights, tmp_path):
    for side, mode in (("s1", "L"), ("s2", "RGB")):
        folder = pairs_folder / "test" / "odd" / side
        folder.mkdir(parents=True)
        source = pairs_folder / "test" / "town" / side / f"town_{side}_0000.png"
        Image.open(source).convert(mode).crop((0, 0, 61, 53)).save(folder / f"odd_{side}_0000.png")
    made = api.evaluate([str(weights[0])], pairs_folder, tmp_path / "report", exclude=["town", "coast"])
    assert made["sites"]["odd"]["random"]["ab_error"]["mean"] > 0
