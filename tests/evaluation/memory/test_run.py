"""Pictures with memory measured from files: those that `colorize` makes, beside what they must beat; and the report."""

import csv
import json

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from PIL import Image
from sar_colorize_cli.group import cli

import sar_colorize as sc
from sar_colorize import api
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import DataError, OutputError, SettingError
from sar_colorize.evaluation.color import baselines
from sar_colorize.evaluation.color.settings import EvaluateSettings
from sar_colorize.evaluation.memory.examples import find_examples
from sar_colorize.evaluation.memory.paint import look, open_radar
from sar_colorize.evaluation.memory.run import _baselines

CONTESTANTS = [
    "memory", "copy", "reference's mean", "fit", "no reference", "VV/VH composite", "mean colour", "look-up table",
    "LR4ColSAR", "NoColSAR", "grey (oracle)",
]  # fmt: skip


@pytest.fixture(scope="module")
def evaluated(series, placed_weights, tmp_path_factory):
    """A series measured once: the figures, and the report's folder."""
    report = tmp_path_factory.mktemp("evaluated") / "report"
    done = CliRunner().invoke(
        cli,
        ["evaluate", "--model", str(placed_weights), "--data", str(series), "--report", str(report), "--reference",
         "other-dates", "--limit", "2", "--progress", "none", "--json"],
        catch_exceptions=False,
    )  # fmt: skip
    return json.loads(done.stdout), report


def test_the_picture_measured_is_the_one_that_colorize_writes(series, placed_weights, evaluated, tmp_path):
    made, report = evaluated
    example = next(x for x in find_examples(series, EvaluateSettings(reference="other-dates")).examples)
    sc.colorize(
        example.pair.s1, tmp_path / "out.tif", model=str(placed_weights), reference=example.reference,
        date=example.date, reference_date=example.reference_date, precision="fp32",
    )  # fmt: skip
    with rasterio.open(tmp_path / "out.tif") as dataset:
        lab = srgb_to_lab(dataset.read([1, 2, 3]).astype(np.float32) / np.float32(255.0))
    sight = look(example, open_radar(example.pair))
    error = np.abs(lab[1:] - sight.truth[1:])[:, sight.valid].mean()
    with (report / "examples.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["key"] == example.pair.key and row["ground"] == "all"]
    figures = {row["method"]: float(row["ab_error"]) for row in rows}
    assert figures["memory"] == pytest.approx(error, rel=1e-5)
    copied = np.abs(sight.reference[1:] - sight.truth[1:])[:, sight.valid].mean()
    assert figures["copy"] == pytest.approx(copied, rel=1e-5)
    assert list(figures) == CONTESTANTS
    assert made["settings"]["reference"] == "other-dates"


def test_the_report_has_figures_by_group_place_and_ground_and_a_gallery(evaluated):
    made, report = evaluated
    assert made["pairs"] == {"coast_a": 2, "hills_b": 2}
    assert set(made["overall"]) == {"all dates", "neighbouring dates"}
    assert list(made["overall"]["all dates"]) == CONTESTANTS
    assert made["overall"]["all dates"]["grey (oracle)"]["all"]["l_error"] == 0.0
    assert list(made["pictures"]["all dates"]) == CONTESTANTS
    assert made["pictures"]["all dates"]["grey (oracle)"]["a_correlation"] == 0.0
    assert made["sites"]["hills_b"]["all dates"]["copy"]["all"]["ab_error"] > 2.0  # its cereal turns brown
    assert json.loads((report / "metrics.json").read_text()) == {k: v for k, v in made.items() if k != "files"}
    assert sorted(path.name for path in report.iterdir()) == ["examples.csv", "gallery", "index.html", "metrics.json"]
    with Image.open(report / "gallery" / "coast_a.png") as picture:
        assert picture.size == (5 * 262 + 6, 2 * 282 + 6)
    page = (report / "index.html").read_text()
    assert page.count("data:image/png") == 2
    assert "http" not in page.replace("http-equiv", "")


def test_an_earlier_report_is_replaced_only_if_asked(evaluated, floods, placed_weights, tmp_path):
    asked = {"reference": "other-dates", "split": "val"}
    report = tmp_path / "report"
    api.evaluate(str(placed_weights), floods, report, **asked)
    with pytest.raises(OutputError, match=r"report must not exist yet"):
        api.evaluate(str(placed_weights), floods, report, **asked)
    made = api.evaluate(str(placed_weights), floods, report, overwrite=True, **asked)
    assert made["pairs"] == {"delta": 1}
    assert made["floods"]["delta"]["copy"]["water"] is not None
    assert [note for note in made["notes"] if "KID" not in note] == ["references are pictures before, of scenes after"]
    assert set(made["overall"]) == {"all dates"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_people_get_tables(floods, placed_weights, tmp_path):
    arguments = ["evaluate", "--data", floods, "--report", tmp_path / "r", "--split", "val", "--model", placed_weights]
    done = CliRunner().invoke(
        cli, [*map(str, arguments), "--reference", "other-dates", "--reference-radar", "--structure", "radar"],
        catch_exceptions=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0].endswith("index.html: 1 examples of 1 places")
    assert lines[2] == "all dates, mean over places: error of a and b, of L, SSIM of L"
    assert lines[5].split()[0] == "memory"
    assert any(line.startswith("delta: 1 examples, ") for line in lines)
    assert lines[-1].split()[0] == "truth"


def test_baselines_learn_from_the_places_that_a_place_does_not_overlap(series):
    settings = EvaluateSettings(reference="other-dates")
    found = find_examples(series, settings)
    broken = []
    learned = _baselines(found, None, settings, "lee", broken)("coast_a")
    others = [pair for pair in found.pairs if pair.site == "hills_b"]
    expected = baselines.learn(baselines.samples(others, "sar", "lee"))
    assert np.array_equal(learned.table_ab, expected.table_ab)
    assert broken == []


def test_without_another_place_the_baselines_are_left_out_and_a_note_says_so(series, placed_weights, tmp_path):
    made = api.evaluate(
        str(placed_weights), series, tmp_path / "r", reference="other-dates", exclude="coast_a", limit=1
    )  # fmt: skip
    assert list(made["methods"]) == [*CONTESTANTS[:6], "grey (oracle)"]
    assert [note for note in made["notes"] if "KID" not in note] == [
        "no other place to learn from, so the look-up table and its like are left out"
    ]


def test_an_example_that_cannot_be_measured_is_named_or_refused(floods, placed_weights, tmp_path):
    (floods / "val" / "delta" / "s2" / "delta_s2_b0007.png").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"data must hold an example that can be measured, got none, last: delta a0007"):
        api.evaluate(str(placed_weights), floods, tmp_path / "r", reference="other-dates", split="val")
    with pytest.raises(SettingError, match=r"reference must be .*delta_s2_b0007.png"):
        api.evaluate(str(placed_weights), floods, tmp_path / "r", reference="other-dates", split="val", strict=True)


@pytest.mark.parametrize(
    ("models", "message"),
    [
        ("composite", r"reference must be left out for composite, whose colours are a code; by-place takes one"),
        (("a", "b"), r"models must name one where a reference is given, got 2; name one"),
    ],
)
def test_models_that_take_no_reference_are_one_sentence(series, tmp_path, models, message):
    with pytest.raises(SettingError, match=message):
        api.evaluate(models, series, tmp_path / "r", reference="other-dates")
