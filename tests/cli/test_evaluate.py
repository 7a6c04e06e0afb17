import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sar_colorize_cli.group import cli


@pytest.fixture
def folder(tmp_path):
    """Pairs of a site to learn from and one to measure on."""
    random = np.random.default_rng(0)
    for split, site in (("train", "hills"), ("test", "coast")):
        for key in range(2):
            for side, shape in (("s1", (32, 32)), ("s2", (32, 32, 3))):
                path = tmp_path / "pairs" / split / site / side / f"{site}_{side}_{key}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(random.integers(40, 160, shape).astype(np.uint8)).save(path)
    (tmp_path / "pairs" / "test" / "coast" / "s1" / "coast_s1_9.png").write_bytes(b"")
    return tmp_path


def run(folder, *more):
    arguments = [
        "evaluate",
        "--model",
        "composite",
        "--data",
        str(folder / "pairs"),
        "--report",
        str(folder / "report"),
    ]
    return CliRunner().invoke(cli, [*arguments, *more], catch_exceptions=False)


def test_the_result_is_one_json_object_and_progress_counts_pairs(folder):
    done = run(folder, "--json", "--progress", "json")
    made = json.loads(done.stdout)
    assert made["pairs"] == {"coast": 2}
    assert made["files"]["index.html"] == str(folder / "report" / "index.html")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    for unit in ("training pairs", "pairs"):  # baselines learn first
        found = [event for event in events if event.get("unit") == unit]
        assert found == [{"event": "progress", "done": i, "total": 2, "unit": unit} for i in (1, 2)]
    said = [event["message"] for event in events if "message" in event and "KID" not in event["message"]]
    assert "1 left out, first: " in said[0]
    assert "coast_s1_9.png: no partner" in said[0]


def test_people_get_a_table(folder):
    lines = run(folder, "--input", "optical", "--limit", "1", "--filter", "none").stdout.splitlines()
    assert lines[0].endswith("index.html: 1 pairs of 1 sites")
    assert [line.split("  ")[1] for line in lines[2:]] == [
        "composite", "mean colour", "look-up table", "LR4ColSAR", "NoColSAR", "grey (oracle)",
    ]  # fmt: skip


def test_a_model_is_asked_for(folder):
    done = CliRunner().invoke(cli, ["evaluate", "--data", str(folder), "--report", "r"])
    assert done.exit_code == 2
    assert "Missing option '--model'" in done.stderr


def test_help_loads_nothing_heavy():
    code = "import sys\nfrom sar_colorize_cli.group import cli\ncli(['evaluate', '--help'], standalone_mode=False)\n"
    code += "print('LOADED', {'torch', 'rasterio', 'geopandas', 'skimage', 'dask'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED set()"


def test_filters_are_measured_without_a_model_and_printed_as_a_table_or_as_json(tmp_path):
    (tmp_path / "stacks").mkdir()
    db = -12 + 10 * np.log10(np.random.default_rng(0).gamma(4.4, 1 / 4.4, (4, 64, 64)))
    np.savez(tmp_path / "stacks" / "field.npz", db_x100=np.round(db * 100).astype(np.int16))
    asked = ["evaluate", "--filter", "boxcar", "--data", str(tmp_path / "stacks"), "--limit", "1"]
    made = json.loads(CliRunner().invoke(cli, [*asked, "--json", "--progress", "none"]).stdout)
    assert made["settings"] == {"filters": ["boxcar"], "dates": 1, "seed": 0}
    gain = made["stacks"]["field"]["filters"]["boxcar"]["gain_db"]
    assert gain > 3
    table = CliRunner().invoke(cli, [*asked, "--progress", "none"]).stdout.splitlines()
    assert table[-3].startswith("field: ")
    assert table[-1].split()[:2] == ["boxcar", f"{gain:.2f}"]


@pytest.mark.parametrize("option", ["--filter", "--despeckle"])
def test_a_bare_filter_by_its_new_and_its_old_name_measures_all_filters(monkeypatch, option):
    asked = []
    monkeypatch.setattr("sar_colorize_cli.evaluate._evaluate_filters", lambda *given: asked.append(given))
    assert CliRunner().invoke(cli, ["evaluate", option]).exit_code == 0
    assert asked == [(None, (), None, 0, "auto", False)]


def test_a_model_is_measured_after_the_filter_of_the_old_option(folder):
    assert json.loads(run(folder, "--despeckle", "boxcar", "--json").stdout)["settings"]["filter"] == "boxcar"


@pytest.mark.parametrize("option", [["--report", "r"], ["--train", "t"], ["--strict"], ["--split", "val"]])
def test_options_of_models_are_refused_where_filters_are_measured(option):
    done = CliRunner().invoke(cli, ["evaluate", "--filter", *option])
    assert done.exit_code == 2
    assert f"{option[0]} is of models" in done.stderr


def test_all_filters_at_once_are_refused_where_models_are_measured(folder):
    done = run(folder, "--filter", "all")
    assert done.exit_code == 2
    assert "--filter needs the name of one filter, or auto" in done.stderr


def test_verbose_logs_a_line_for_each_phase(folder):
    lines = run(folder, "-v", "--json").stderr.splitlines()
    assert "pairs: 2 of 2 in test" in lines
    assert lines.index("baselines: learned from 2 pairs of train") < lines.index(f"written: {folder / 'report'}")
