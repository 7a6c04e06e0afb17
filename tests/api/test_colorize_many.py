"""Many scenes in one call: what is a scene, what each output is called, and that one that fails stops no other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import speckled

import sar_colorize as sc
from sar_colorize.api import colorize_many as verb
from sar_colorize.api.many import is_many, output_beside, scene_name, scenes_of
from sar_colorize.errors import Cancelled, OutputError, SettingError

Run = Callable[..., subprocess.CompletedProcess[str]]
FAST: dict[str, Any] = {"model": "composite", "reference": "none"}


@pytest.fixture
def scenes(make_tif: Callable[..., Path], tmp_path: Path) -> Path:
    """A folder of two scenes, one that is none, and what is no scene."""
    for seed, name in enumerate(("march", "may")):
        make_tif(speckled(80, 90, seed=seed), f"scenes/{name}.tif", names=("VV",), tags={"UNITS": "dB"})
    (tmp_path / "scenes" / "broken.tif").write_bytes(b"II*\0 no raster")
    (tmp_path / "scenes" / "notes.txt").write_text("x")
    (tmp_path / "scenes" / ".hidden.tif").write_text("x")
    return tmp_path / "scenes"


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_scene_that_fails_is_reported_and_the_others_are_made(scenes: Path, tmp_path: Path) -> None:
    ended: list[object] = []
    made = sc.colorize_many([scenes], tmp_path / "a" / "colour", on_scene=ended.append, **FAST)
    assert _names(tmp_path / "a" / "colour") == ["march_colour.tif", "may_colour.tif"]
    assert [Path(each.output or "").name for each in made.results] == ["march_colour.tif", "may_colour.tif"]
    assert [(Path(each.source).name, "broken.tif" in each.error) for each in made.failed] == [("broken.tif", True)]
    assert ended == [made.failed[0], *made.results]
    json.dumps(made.to_dict())


def test_each_picture_is_that_of_a_call_of_its_own(scenes: Path, tmp_path: Path) -> None:
    sc.colorize_many([scenes / "may.tif"], tmp_path / "colour", reference="none", palette="none")
    sc.colorize(scenes / "may.tif", tmp_path / "alone.tif", reference="none", palette="none")
    assert (tmp_path / "colour" / "may_colour.tif").read_bytes() == (tmp_path / "alone.tif").read_bytes()


def test_the_network_is_read_once(scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sar_colorize import weights
    from sar_colorize.models import registry

    registry._network_to_paint.cache_clear()
    read, count = weights.read_arrays, []
    monkeypatch.setattr(weights, "read_arrays", lambda path: count.append(path) or read(path))
    sc.colorize_many([scenes], tmp_path / "colour", reference="none")
    assert len(count) == 1


def test_weights_that_are_written_anew_are_read_anew(tmp_path: Path) -> None:
    import torch
    from made import write_weights

    from sar_colorize.models import registry

    path = write_weights(tmp_path / "w.safetensors")
    before = registry.load_painter(path, ("VV",)).network
    assert registry.load_painter(path, ("VV",)).network is before
    network = registry.load_network(path)
    assert network is not before  # whoever trains it has its own
    with torch.no_grad():
        next(network.parameters()).add_(1.0)
    registry.save_weights(path, network, registry.load_card(path))
    after = registry.load_painter(path, ("VV",)).network
    assert before is not None
    assert after is not None
    assert not torch.equal(next(before.module().parameters()), next(after.module().parameters()))


def test_what_is_there_is_left_out_or_refused_and_outputs_are_no_scenes(scenes: Path) -> None:
    (scenes / "broken.tif").unlink()
    sc.colorize_many([scenes / "march.tif"], **FAST)
    older = (scenes / "march_colour.tif").read_bytes()
    made = sc.colorize_many([str(scenes / "m*.tif")], skip_existing=True, **FAST)
    assert [Path(name).name for name in made.skipped] == ["march_colour.tif"]
    assert [Path(each.source).name for each in made.results] == ["may.tif"]
    assert (scenes / "march_colour.tif").read_bytes() == older
    made = sc.colorize_many([scenes], **FAST)
    assert [each.error.split(",")[0] for each in made.failed] == ["output must not exist"] * 2


def test_further_files_are_named_by_the_scene(scenes: Path, tmp_path: Path) -> None:
    (scenes / "broken.tif").unlink()
    sc.colorize_many([scenes], tmp_path / "out", quicklook="{name}.png", **FAST)
    assert _names(tmp_path / "out") == ["march.png", "march_colour.tif", "may.png", "may_colour.tif"]
    with pytest.raises(SettingError, match=r"quicklook must hold \{name\} for several scenes, got a\.png; for example"):
        sc.colorize_many([scenes], tmp_path / "out", quicklook="a.png", **FAST)


def test_what_can_be_refused_before_any_work_is(scenes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(SettingError, match="got 'colour'; leave it out"):
        sc.colorize_many([scenes], out, colour=3)
    with pytest.raises(SettingError, match="which holds none; check the path"):
        sc.colorize_many([str(tmp_path / "*.png")], out)
    with pytest.raises(SettingError, match="at least one scene, got none"):
        sc.colorize_many([], out)
    with pytest.raises(SettingError, match=r"names of their own, got a/may\.tif and b/may\.tif, both may_colour\.tif"):
        sc.colorize_many(["a/may.tif", "b/may.tif"], out)
    with pytest.raises(OutputError, match="must be one that can be made"):
        sc.colorize_many([scenes / "may.tif"], scenes / "notes.txt" / "out")
    assert not out.exists()


def test_a_folder_that_stays_empty_is_not_left(scenes: Path, tmp_path: Path) -> None:
    assert len(sc.colorize_many([scenes / "broken.tif"], tmp_path / "out", **FAST).failed) == 1
    made = sc.colorize_many([scenes / "may.tif"], tmp_path / "out", dry_run=True, **FAST)
    assert made.results[0].plan is not None
    assert not (tmp_path / "out").exists()


def test_an_interrupt_says_how_many_were_done(scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colorize = sc.colorize

    @wraps(sc.colorize)
    def stop(source: Any, *more: Any, **given: Any) -> Any:
        if Path(source).stem == "may":
            raise KeyboardInterrupt
        return colorize(source, *more, **given)

    monkeypatch.setitem(verb.__globals__, "colorize", stop)
    with pytest.raises(Cancelled, match="cancelled; 1 of 3 scenes were done"):
        verb([scenes], tmp_path / "out", **FAST)
    assert _names(tmp_path / "out") == ["march_colour.tif"]


def test_an_error_that_nobody_foresaw_stops_no_other_scene(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @wraps(sc.colorize)
    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("made\nto fail")

    monkeypatch.setitem(verb.__globals__, "colorize", fail)
    made = verb([scenes], tmp_path / "out", **FAST)
    assert [each.error for each in made.failed] == ["ZeroDivisionError: made to fail"] * 3


def test_progress_is_that_of_all_and_never_goes_back(scenes: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    sc.colorize_many([scenes], tmp_path / "out", on_progress=lambda done, total: seen.append((done, total)), **FAST)
    assert {total for _, total in seen} == {3000}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (3000, 3000)


def test_names_of_scenes_and_outputs() -> None:
    names = {
        "a/S1A_IW.SAFE.zip": "S1A_IW", "S1A_IW.SAFE": "S1A_IW", "may.2026.tif": "may.2026", "x/": "x", ".tif": ".tif",
        "https://user:secret@server/s.tif?key=1": "s",
    }  # fmt: skip
    assert {name: scene_name(name) for name in names} == names
    assert output_beside("a/may.tif") == Path("a/may_colour.tif")
    with pytest.raises(SettingError, match=r"no local file, got https://server/may\.tif alone; name one"):
        output_beside("https://server/may.tif")


def test_a_folder_that_is_one_scene_is_one(scenes: Path, make_tif: Callable[..., Path], tmp_path: Path) -> None:
    for band in ("VV", "VH"):
        make_tif(speckled(64, 64), f"package/S1_{band}.tif")
    (tmp_path / "S1A.SAFE").mkdir()
    assert [is_many(str(tmp_path / name)) for name in ("package", "S1A.SAFE", "scenes")] == [False, False, True]
    assert scenes_of([tmp_path / "package"]) == [str(tmp_path / "package")]
    make_tif(np.zeros((64, 64), np.float32), "odd[1].tif")
    assert not is_many(str(tmp_path / "odd[1].tif"))
    assert is_many(str(tmp_path / "odd[12].tif"))


def test_the_command_takes_one_name_two_and_many(scenes: Path, tmp_path: Path, run_cli: Run) -> None:
    fast = ("--model", "composite", "--reference", "none")
    done = run_cli("colorize", scenes / "may.tif", *fast)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{scenes / 'may_colour.tif'}: 90 x 80 px")
    done = run_cli("colorize", scenes, "--out-dir", tmp_path / "out", *fast)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "3 scenes: 2 colorized, 1 failed"
    assert f"error: {scenes / 'broken.tif'}: input must" in done.stderr
    done = run_cli("colorize", scenes / "may.tif", "--out-dir", tmp_path / "out", "--skip-existing", "--json", *fast)
    assert (done.returncode, json.loads(done.stdout)["skipped"]) == (0, [str(tmp_path / "out" / "may_colour.tif")])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.tif", "b.tif", "c.tif"], "several scenes need --out-dir DIR"),
        (["a.tif", "b.tif", "--skip-existing"], "--skip-existing is for many scenes"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_said(arguments: list[str], said: str) -> None:
    from click.testing import CliRunner
    from sar_colorize_cli.group import cli

    done = CliRunner().invoke(cli, ["colorize", *arguments], prog_name="sar-colorize")
    assert done.exit_code == 2
    assert said in done.output
