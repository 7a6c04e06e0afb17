import json
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from sar_colorize_cli.main import cli


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
    assert events[:2] == [{"event": "progress", "done": i, "total": 2, "unit": "pairs"} for i in (1, 2)]
    assert "1 left out, first: " in events[2]["message"]
    assert "coast_s1_9.png: no partner" in events[2]["message"]


def test_people_get_a_table(folder):
    lines = run(folder, "--input", "optical", "--limit", "1", "--despeckle", "none").stdout.splitlines()
    assert lines[0].endswith("index.html: 1 pairs of 1 sites")
    assert [line.split("  ")[1] for line in lines[2:]] == [
        "composite", "mean colour", "look-up table", "LR4ColSAR", "NoColSAR", "grey (oracle)",
    ]  # fmt: skip


def test_a_model_is_asked_for(folder):
    done = CliRunner().invoke(cli, ["evaluate", "--data", str(folder), "--report", "r"])
    assert done.exit_code == 2
    assert "Missing option '--model'" in done.stderr


def test_help_loads_nothing_heavy():
    code = "import sys\nfrom sar_colorize_cli.main import cli\ncli(['evaluate', '--help'], standalone_mode=False)\n"
    code += "print('LOADED', {'torch', 'rasterio', 'geopandas', 'skimage', 'dask'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED set()"
