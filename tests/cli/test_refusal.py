"""What every verb refuses, in a run and in a dry run: one sentence, an exit code, nothing left behind or damaged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from click.testing import CliRunner, Result
from made import UTM33, speckled
from sar_colorize_cli.group import cli

MakeTif = Callable[..., Path]


VERBS: dict[str, Callable[[Path, Path], list[object]]] = {
    "colorize": lambda scene, out: ["colorize", scene, out / "c.tif", "--model", "composite"],
    "despeckle": lambda scene, out: ["despeckle", scene, out / "s.tif"],
    "despeckle-stack": lambda scene, out: ["despeckle-stack", scene, _other(scene), out / "stack"],
}
ANY_VERB: dict[str, tuple[list[object], int, str]] = {
    "block of zero pixels": (["--block-px", 0], 1, "error: --block-px must be at least 64, got 0; 1024"),
    "block of fewer than zero pixels": (["--block-px=-5"], 1, "error: --block-px must be at least 64, got -5"),
    "block in words": (["--block-px", "big"], 2, "Invalid value for '--block-px': 'big' is not a valid integer"),
    "even window": (["--size", 4], 1, "error: --size must be an odd number of pixels from 3 to 31, got 4; 5 or 7"),
    "three corners": (["--bbox", 1, 2, 3], 2, "Option '--bbox' requires 4 arguments"),
    "corners of no number": (["--bbox", "nan", 0, 1, 1], 1, "error: --bbox must be four finite numbers, got (nan"),
    "a CRS of no letters": (["--bbox", 0, 0, 1, 1, "--bbox-crs", ""], 1, "error: --bbox-crs must be a CRS such as"),
    "option without a value": (["--co", "LEVEL"], 2, "Invalid value for '--co': must be K=V, got 'LEVEL'"),
    "option of GDAL that is none": (["--co", "COLOUR=BLUE"], 1, "does not support creation option COLOUR"),
    "unknown profile": (["--profile", "tiff"], 2, "Invalid value for '--profile': 'tiff' is not one of 'deflate'"),
    "unknown unit": (["--unit", "sigma"], 2, "Invalid value for '--unit': 'sigma' is not one of 'auto', 'dn'"),
    "unknown option": (["--frobnicate"], 2, "No such option"),
}  # fmt: skip
COLORIZE: dict[str, tuple[list[object], int, str]] = {
    "unknown model": (["--model", "colorsarr"], 1, "error: --model must be one of by-place"),
    "tile in words": (["--tile-px", "x"], 2, "Invalid value for '--tile-px': 'x' is not a valid integer"),
    "tile of nothing": (
        ["--model", "by-place", "--tile-px", 0],
        1,
        "error: --tile-px must be ",
    ),
    "tile without a network": (["--tile-px", 512], 1, "error: --tile-px must be left out for composite, which has no"),
    "offset of no number": (["--offset-db", "nan"], 1, "error: --offset-db must be a finite number, got nan; 0 leaves"),
    "offset in words": (["--offset-db", "much"], 2, "must be auto, fit or a number, got 'much'"),
    "looks of no number": (["--looks", "nan"], 1, "error: --looks must be auto or a number from 0.01 to 1000000"),
    "looks in words": (["--looks", "many"], 2, "Invalid value for '--looks': must be auto or a number, got 'many'"),
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for the output."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def _good(make_tif: MakeTif) -> Path:
    return make_tif(speckled(200, 200), "good.tif", names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


def _other(scene: Path) -> Path:
    """The same scene under another name."""
    other = scene.with_name("other.tif")
    other.write_bytes(scene.read_bytes())
    return other


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
@pytest.mark.parametrize("case", ANY_VERB)
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_the_same_and_so_does_its_dry_run(
    verb: str, case: str, dry: list[object], make_tif: MakeTif, out: Path
) -> None:
    given, code, sentence = ANY_VERB[case]
    _check_refusal([*VERBS[verb](_good(make_tif), out), *dry, *given], code, sentence, out)


@pytest.mark.parametrize("case", COLORIZE)
def test_colorize_refuses_in_one_sentence(case: str, make_tif: MakeTif, out: Path) -> None:
    given, code, sentence = COLORIZE[case]
    _check_refusal([*VERBS["colorize"](_good(make_tif), out), *given], code, sentence, out)


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
@pytest.mark.parametrize("verb", ["colorize", "despeckle"])
def test_an_output_that_would_damage_an_input_is_refused_whatever_is_allowed(
    verb: str, dry: list[str], make_tif: MakeTif, tmp_path: Path, out: Path
) -> None:
    scene, palette = _good(make_tif), make_tif(np.full((3, 64, 64), 90, np.uint8), "palette.tif", photometric="RGB")
    area = tmp_path / "area.tif"
    box = shapely.box(500100, 4998900, 500900, 4999900)
    geopandas.GeoSeries([box], crs=UTM33).to_file(tmp_path / "area.gpkg")
    (tmp_path / "area.gpkg").rename(area)
    cases: list[tuple[Path, list[object], str]] = [
        (scene, [], "output must be another file than the input"),
        (area, ["--aoi", area], "output must be another file than the inputs"),
    ]
    if verb == "colorize":
        cases += [
            (palette, ["--palette", palette], "output must be another file than the inputs"),
            (out / "c.tif", ["--uncertainty", out / "c.tif"], "outputs must be different files"),
            (out / "c.tif", ["--uncertainty", out / "." / "c.tif"], "outputs must be different files"),
            (out / "c.tif", ["--uncertainty", palette, "--palette", palette], "another file than the inputs"),
            (out / "c.tif", ["--uncertainty", out / "e.png"], "output must be called .tif"),
        ]
    for output, given, sentence in cases:
        before = output.read_bytes() if output.exists() else None
        _check_refusal([verb, scene, output, *given, "--overwrite", *dry], 1, sentence, out)
        assert before is None or output.read_bytes() == before


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["run", "dry run"])
@pytest.mark.parametrize("verb", ["colorize", "despeckle"])
@pytest.mark.parametrize("name", ["x.png", "x", "x.jpg"])
def test_an_output_that_is_not_called_tif_is_refused(
    verb: str, name: str, dry: list[str], make_tif: MakeTif, out: Path
) -> None:
    arguments = [verb, _good(make_tif), out / name, *dry]
    _check_refusal(arguments, 1, f"error: output must be called .tif, got {out / name}; a Cloud Optimized", out)


@pytest.mark.parametrize("verb", VERBS)
def test_a_dry_run_refuses_an_output_that_exists_and_writes_nothing_else(
    verb: str, make_tif: MakeTif, out: Path
) -> None:
    arguments = [*VERBS[verb](_good(make_tif), out), "--dry-run"]
    done = _invoke(arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "dry run, nothing written" in done.stdout
    assert re.search(r"^  plan +about \d[\d,]* MB of memory, \d[\d,]* MB for the output, ", done.stdout, re.MULTILINE)
    assert list(out.iterdir()) == []
    earlier = out / "stack" / "good.tif" if verb == "despeckle-stack" else Path(str(arguments[2]))
    earlier.parent.mkdir(exist_ok=True)
    earlier.write_bytes(b"precious")
    done = _invoke(arguments)
    assert done.exit_code == 1
    assert f"error: output must not exist, got {earlier}; choose another name or give --overwrite" in done.stderr
    assert earlier.read_bytes() == b"precious"


def test_despeckle_stack_makes_its_folder_and_leaves_none_where_it_fails(make_tif: MakeTif, out: Path) -> None:
    scene = _good(make_tif)
    done = _invoke(["despeckle-stack", scene, _other(scene), f"{out / 'new'}/"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (out / "new").iterdir()) == ["good.tif", "other.tif"]
    done = _invoke(["despeckle-stack", scene, _other(scene), out / "more", "--bbox", 0, 0, 1, 1])
    assert done.exit_code == 1
    assert [path.name for path in out.iterdir()] == ["new"]
    done = _invoke(["despeckle-stack", scene, _other(scene), out / "a" / "b"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: folder must be one that can be made, got {out / 'a' / 'b'}")


def _invoke(arguments: list[object]) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], prog_name="sar-colorize")


def _check_refusal(arguments: list[object], code: int, sentence: str, out: Path) -> None:
    """Of a refusal: its exit code, its sentence, one line alone unless the usage stands there too, nothing left."""
    done = _invoke(arguments)
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1 or code == 2
    assert list(out.iterdir()) == []
