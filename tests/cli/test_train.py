import json

import numpy as np
import rasterio
from click.testing import CliRunner
from PIL import Image
from rasterio.transform import from_origin
from sar_colorize_cli.main import cli
from sar_colorize_cli.train import _HELP

from sar_colorize import api


def write_terrain(folder, sites=12):
    """Pairs in the layout of SEN1-2 by terrain."""
    random = np.random.default_rng(0)
    for number in range(sites):
        for side, shape in (("s1", (32, 32)), ("s2", (32, 32, 3))):
            path = folder / "agri" / side / f"ROIs1868_summer_{side}_{number}_p1.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random.integers(40, 160, shape).astype(np.uint8)).save(path)


def test_train_splits_by_place_trains_and_says_what_it_left_out(tmp_path):
    write_terrain(tmp_path / "data")
    (tmp_path / "data" / "agri" / "s1" / "ROIs1868_summer_s1_99_p1.png").write_bytes(b"")
    arguments = ["train", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "run"), "--name", "mine"]
    arguments += [
        "--epochs",
        "1",
        "--batch",
        "2",
        "--patch-px",
        "32",
        "--width",
        "4",
        "--device",
        "cpu",
        "--json",
        "--progress",
        "json",
    ]
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    made = json.loads(done.stdout)
    assert made["epochs"] == 1
    assert "ROIs1868_summer_s1_99_p1.png: no partner" in made["skipped"][0]
    assert api.load_card(made["weights"]).name == "mine"
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert events[-2]["unit"] == "steps"
    assert events[-2]["done"] == events[-2]["total"]
    assert "left out" in events[-1]["message"]


def test_every_setting_is_an_option_with_help():
    names = [name for name, _, _ in api.train_options()]
    assert set(names) == set(_HELP)
    shown = CliRunner().invoke(cli, ["train", "--help"]).output
    assert [name for name in names if f"--{name.replace('_', '-')} " not in shown] == []


def test_pairs_build_says_how_many_of_each_split(tmp_path):
    random = np.random.default_rng(0)
    grid = {"driver": "GTiff", "height": 96, "width": 96, "crs": "EPSG:32632"}
    grid["transform"] = from_origin(5e5, 5e6, 10, 10)
    with rasterio.open(tmp_path / "s1.tif", "w", count=1, dtype="float32", **grid) as file:
        file.write(random.normal(-10, 1, (1, 96, 96)).astype(np.float32))
        file.descriptions = ("VV",)
    with rasterio.open(tmp_path / "s2.tif", "w", count=3, dtype="uint8", **grid) as file:
        file.write(random.integers(40, 160, (3, 96, 96)).astype(np.uint8))
    arguments = ["pairs", "build", str(tmp_path / "s1.tif"), str(tmp_path / "s2.tif"), str(tmp_path / "pairs")]
    done = CliRunner().invoke(cli, [*arguments, "--patch-px", "32", "--block-patches", "1"], catch_exceptions=False)
    assert done.stdout.endswith("catalogue.gpkg: 7 train, 1 val, 1 test\n")
