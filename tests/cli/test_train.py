import inspect
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from click.testing import CliRunner
from made import command
from PIL import Image
from rasterio.transform import from_origin
from sar_colorize_cli.group import cli

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


@pytest.mark.parametrize(
    ("command", "verb"), [(["train"], api.train), (["adapt"], api.adapt), (["pairs", "build"], api.build_pairs)]
)
def test_every_keyword_is_an_option_or_an_argument(command, verb):
    shown = CliRunner().invoke(cli, [*command, "--help"]).output
    arguments = {"s1": "S1", "s2": "S2", "folder": "DIR", "on_progress": "--progress"}
    for name in inspect.signature(verb).parameters:
        option = arguments.get(name, f"--{name.replace('_', '-')}")
        assert f"{option} " in shown or f"{option}\n" in shown, name


def test_help_of_train_is_grouped_by_system():
    shown = CliRunner().invoke(cli, ["train", "--help"]).output
    rubrics = re.split(r"\n(?=[A-Z][^\n]*:\n)", shown)
    owners = {rubric.split(":")[0]: set(re.findall(r"\n  (--[a-z0-9-]+)", rubric)) for rubric in rubrics}
    assert owners["For pix2pix"] == {"--l1-weight", "--feature-weight"}
    assert owners["For by-place"] == {"--none-share", "--guess-share", "--recolour-share"}
    assert "48 in by-place / 32 in colorsar / 64 in pix2pix" in " ".join(shown.split())


def test_the_old_names_of_the_filter_are_understood(tmp_path, run_cli):
    done = run_cli(
        "train", "--data", tmp_path, "--out", tmp_path / "run", "--despeckle-share", "2", "--despeckle", "lee"
    )
    assert "--filter-share must be within 0..1, got 2.0" in done.stderr


def test_a_setting_of_another_system_is_refused_in_one_line_and_leaves_no_folder(tmp_path, run_cli):
    write_terrain(tmp_path / "data")
    arguments = ["train", "--data", tmp_path / "data", "--out", tmp_path / "run", "--l1-weight", "5"]
    done = run_cli(*arguments)
    assert done.returncode == 1
    assert "must be left out for colorsar, got 5.0; it is a setting of pix2pix" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


QUICK = ["--batch", "2", "--patch-px", "32", "--width", "4", "--device", "cpu"]


def test_a_failed_train_does_not_block_the_corrected_command(tmp_path, run_cli):
    write_terrain(tmp_path / "data")
    arguments = ["train", "--data", tmp_path / "data", "--out", tmp_path / "run", "--epochs", "1", *QUICK]
    done = run_cli(*arguments, "--patch-px", "64")
    assert done.returncode == 1
    assert "at least patch_px=64 wide and high" in done.stderr.replace("--patch-px", "patch_px")
    done = run_cli(*arguments)
    assert (done.returncode, done.stderr) == (0, "")


def test_pairs_built_of_a_raster_named_s1_train(tmp_path, run_cli):
    """The side in the raster's name made the names of the patches ambiguous."""
    write_rasters(tmp_path, side_px=192, s1="scene_s1.tif", s2="scene_s2.tif")
    built = run_cli(
        "pairs", "build", tmp_path / "scene_s1.tif", tmp_path / "scene_s2.tif", tmp_path / "pairs", "--patch-px", "32",
        "--block-patches", "2",
    )  # fmt: skip
    assert built.returncode == 0
    trained = run_cli(
        "train", "--data", tmp_path / "pairs", "--out", tmp_path / "run", "--epochs", "1", *QUICK, "--strict"
    )
    assert (trained.returncode, trained.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_sigterm_in_train_says_what_was_written(tmp_path):
    write_terrain(tmp_path / "data")
    arguments = ["train", "--data", tmp_path / "data", "--out", tmp_path / "run", "--epochs", "100000", *QUICK]
    with subprocess.Popen(command(*arguments, "--progress", "json"), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["done"] == 12:  # 4 steps an epoch
                process.terminate()
                break
        last = process.stderr.read()
    assert process.returncode == 130
    assert re.search(r"cancelled after \d+ epochs?; .*run holds them, resume goes on from there", last)
    assert (tmp_path / "run" / "checkpoint.safetensors").is_file()


def test_adapt_does_not_overwrite_unasked_and_nothing_runs_before(tmp_path, run_cli):
    write_rasters(tmp_path, side_px=192)
    (tmp_path / "mine.safetensors").write_bytes(b"of somebody")
    done = run_cli("adapt", tmp_path / "s1.tif", tmp_path / "s2.tif", "--out", tmp_path / "mine.safetensors")
    assert done.returncode == 1
    assert "must not exist yet" in done.stderr
    assert (tmp_path / "mine.safetensors").read_bytes() == b"of somebody"
    (tmp_path / "link.safetensors").symlink_to("nowhere")
    done = run_cli("adapt", tmp_path / "s1.tif", tmp_path / "s2.tif", "--out", tmp_path / "link.safetensors")
    assert done.returncode == 1
    assert (tmp_path / "link.safetensors").is_symlink()


def write_rasters(folder, *, side_px, s1="s1.tif", s2="s2.tif"):
    """Radar in decibels and an 8-bit picture of the same ground."""
    random = np.random.default_rng(0)
    grid = {"driver": "GTiff", "height": side_px, "width": side_px, "crs": "EPSG:32632"}
    grid["transform"] = from_origin(5e5, 5e6, 10, 10)
    with rasterio.open(folder / s1, "w", count=1, dtype="float32", **grid) as file:
        file.write(random.normal(-10, 1, (1, side_px, side_px)).astype(np.float32))
        file.descriptions = ("VV",)
    with rasterio.open(folder / s2, "w", count=3, dtype="uint8", **grid) as file:
        file.write(random.integers(40, 160, (3, side_px, side_px)).astype(np.uint8))


def test_pairs_build_says_how_many_of_each_split(tmp_path):
    write_rasters(tmp_path, side_px=96)
    arguments = ["pairs", "build", str(tmp_path / "s1.tif"), str(tmp_path / "s2.tif"), str(tmp_path / "pairs")]
    done = CliRunner().invoke(cli, [*arguments, "--patch-px", "32", "--block-patches", "1"], catch_exceptions=False)
    assert done.stdout.endswith("catalogue.gpkg: 7 train, 1 val, 1 test\n")
    assert "colour: an 8-bit picture as it is" in done.stderr
