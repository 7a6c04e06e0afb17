"""The attack on the package, a hundredth of it, by another seed each day; and that it can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT)) if str(ROOT) not in sys.path else None

import sar_colorize as sc  # noqa: E402
from tools.attack import pool, worker  # noqa: E402
from tools.attack.canary import plant, shape_of, unchanged  # noqa: E402 tools is no installed package
from tools.attack.case import BrokenPromiseError, Case  # noqa: E402
from tools.attack.ground import make_ground  # noqa: E402
from tools.attack.judge import attempt, picture_holds, sentence  # noqa: E402
from tools.attack.verbs import states  # noqa: E402

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks, signals and limits of POSIX")
SEED = int(os.environ.get("ATTACK_SEED") or datetime.now(UTC).strftime("%Y%m%d"))
COUNTS = {"rasters": 20, "products": 10, "options": 50, "kills": 5, "disks": 2, "clusters": 0, "servers": 2}


def attack(out: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tools.attack", "--jobs", "1", "--out", str(out), *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip


def test_a_hundredth_of_the_attack_holds(tmp_path: Path) -> None:
    """Repeat a failure with ATTACK_SEED set to the seed that it prints."""
    counts = [word for kind, count in COUNTS.items() for word in (f"--{kind}", count)]
    done = attack(tmp_path / "attack", "--seed", SEED, "--seconds", 45, *counts)
    kinds = json.loads((tmp_path / "attack" / "attack.json").read_text())["kinds"]
    for failure in (failure for kind in kinds.values() for failure in kind["failures"]):
        case = failure.split()[0]  # tried once more, alone: on a loaded machine what is slow looks like a hang
        again = attack(tmp_path / case.replace(":", "-"), "--seed", SEED, "--only", case)
        assert again.returncode == 0, f"ATTACK_SEED={SEED}\n{done.stdout}\n{done.stderr}\n{again.stdout}"
    assert done.returncode in (0, 1), done.stderr
    assert all(kinds[kind]["tried"] > 0 for kind in ("rasters", "products", "options"))


def test_the_attack_counts_a_hang_a_crash_a_traceback_and_too_much_memory(tmp_path: Path) -> None:
    done = attack(tmp_path, "--seed", 7, "--only", "checks", "--limit", 8)
    assert done.returncode == 1
    for words in (
        "checks:1 hang of more than 8 s", "checks:2 crash, exit code -11", "checks:3 KeyError", "checks:4 MemoryError",
        "checks:5 a promise did not hold",
    ):  # fmt: skip
        assert f"FAILED {words}" in done.stdout
    tally = json.loads((tmp_path / "attack.json").read_text())["kinds"]["checks"]
    assert (tally["tried"], tally["held"]) == (6, 1)
    assert (tmp_path / "checks-7-5" / "evidence.txt").read_text() == "what was attacked"
    assert "python -m tools.attack --seed 7 --only checks:5" in (tmp_path / "checks-7-5" / "failure.txt").read_text()


def test_a_case_that_takes_too_much_memory_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a case goes to a folder of its own
    monkeypatch.setattr(worker, "MOST_MB", 100_000)  # this process has run other tests
    (tmp_path / "little").mkdir()
    little = worker._judged(Case("checks", 7, 0), tmp_path / "little")
    assert (little.held, little.what) == (True, "done")
    assert 30 < little.peak_mb < 1e5
    monkeypatch.setattr(worker, "MOST_MB", 10)
    (tmp_path / "much").mkdir()
    much = worker._judged(Case("checks", 7, 0), tmp_path / "much")
    assert (much.held, much.detail) == (False, "done")
    assert much.what.endswith("MB of memory, more than 10")


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux can count memory anew")
def test_the_memory_of_a_case_is_not_that_of_an_earlier_one() -> None:
    """In a process without children, whose most memory counts too."""
    code = """
from tools.attack import worker
taken = b"x" * (200 << 20)
worker._forget_peak()
before = worker._peak_mb()
del taken
worker._forget_peak()
print(before - worker._peak_mb())
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) > 150


def test_a_worker_is_started_anew_after_many_cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CASES", 2)
    one, ids = pool.Worker(tmp_path), []
    try:
        for number in range(3):
            (tmp_path / str(number)).mkdir()
            assert one.run(Case("checks", 7, 0), tmp_path / str(number)).held
            assert one._process is not None
            ids.append(one._process.pid)
    finally:
        one.close()
    assert ids[0] == ids[1] != ids[2]


def test_a_case_is_the_same_whenever_it_is_drawn() -> None:
    first, again, other = Case("rasters", 3, 7), Case("rasters", 3, 7), Case("products", 3, 7)
    assert first.random().integers(0, 2**62) == again.random().integers(0, 2**62)
    assert first.random().integers(0, 2**62) != other.random().integers(0, 2**62)


@pytest.mark.parametrize("how", ["changed", "removed", "added", "link moved"])
def test_a_foreign_file_that_is_touched_is_seen(tmp_path: Path, how: str) -> None:
    plant(tmp_path, ("made.tif",))
    before = shape_of(tmp_path)
    unchanged(tmp_path, before)
    if how == "changed":
        (tmp_path / "somebody" / "notes.txt").write_text("yours")
    elif how == "removed":
        (tmp_path / ".made.tif.sar-colorize-real" / "thesis.docx").unlink()
    elif how == "added":
        (tmp_path / "left.tif").touch()
    else:
        (tmp_path / "link").unlink()
        (tmp_path / "link").symlink_to("readme.txt")
    with pytest.raises(BrokenPromiseError, match=r"foreign file|left over"):
        unchanged(tmp_path, before)


@pytest.fixture
def scene(make_tif):
    values = np.full((2, 96, 96), -10, np.float32)
    values[:, :20] = np.nan
    return make_tif(values, names=("VV", "VH"), nodata=np.nan)


@pytest.mark.parametrize("lie", ["one pixel", "place", "size", "cut short"])
def test_an_output_that_lies_is_seen(scene: Path, tmp_path: Path, lie: str) -> None:
    output = tmp_path / "made.tif"
    result = sc.despeckle(scene, output, filter="boxcar")
    opened = sc.open_scene(scene).select(*result.bands)
    picture_holds(opened, output)
    with rasterio.open(output) as file:
        values, profile = file.read(), file.profile
    if lie == "one pixel":
        values[:, 5, 5] = -3
    elif lie == "place":
        profile["transform"] = profile["transform"] @ rasterio.Affine.translation(1, 0)
    elif lie == "size":
        values, profile = values[:, :90], profile | {"height": 90}
    with rasterio.open(output, "w", **{key: profile[key] for key in (
            "driver", "height", "width", "count", "dtype", "crs", "transform", "nodata")}) as file:  # fmt: skip
        file.write(values)
    if lie == "cut short":
        output.write_bytes(output.read_bytes()[:-1000])
    with pytest.raises((BrokenPromiseError, rasterio.errors.RasterioError)):
        picture_holds(opened, output)


def test_outputs_of_a_run_are_told_apart(tmp_path: Path, scene: Path) -> None:
    sc.despeckle(scene, tmp_path / "new.tif", filter="boxcar")
    whole = (tmp_path / "new.tif").read_bytes()
    (tmp_path / "older.tif").write_bytes(b"older")
    (tmp_path / "short.tif").write_bytes(whole[:-2000])
    from tools.attack.verbs import content_of

    names = ("new.tif", "older.tif", "none.tif", "short.tif")
    content = dict.fromkeys(names, content_of(tmp_path / "new.tif"))
    found = states(tmp_path, names, {"older.tif": b"older"}, content)
    assert [state.split(" ")[0] for state in found] == ["new", "older", "absent", "broken"]


@pytest.mark.parametrize(
    ("code", "stderr", "words"),
    [
        (1, "Traceback (most recent call last):\nKeyError: 1", "traceback, exit 1: KeyError: 1"),
        (1, "error: sar-colorize must end, got an error that nobody foresaw (KeyError: 1); report it", "unforeseen"),
        (1, "error: a; b\nerror: c; d", "2 sentences"),
        (1, "error: a; b\nUserWarning: c", "1 other lines: UserWarning: c"),
        (1, "", "0 sentences"),
        (-11, "", "exit code -11"),
        (130, "stopped", "without the word cancelled"),
    ],
)
def test_what_is_no_sentence_is_seen(code: int, stderr: str, words: str) -> None:
    with pytest.raises(BrokenPromiseError, match=words):
        sentence(code, stderr)


def test_what_was_raised_on_purpose_is_a_sentence_and_all_else_is_not(tmp_path: Path) -> None:
    assert sentence(1, "note: x\nerror: a must be b; do c\n") == "refused"
    assert sentence(0, "") == "done"
    assert attempt(lambda: sc.info(tmp_path / "nothing.tif"))[0] == "refused"
    with pytest.raises(BrokenPromiseError, match="ZeroDivisionError"):
        attempt(lambda: 1 // 0)


def test_the_ground_of_the_attack_works_with_every_verb(tmp_path: Path) -> None:
    from tools.attack.options import VERBS, _usual

    ground = make_ground(tmp_path)
    for number, verb in enumerate(name for name in VERBS if name not in ("demo", "evaluate", "evaluate_filters")):
        out = tmp_path / f"out{number}"
        out.mkdir()
        function, given = _usual(verb, ground, out)
        assert attempt(lambda function=function, given=given: function(**given))[0] in ("done", "refused"), verb
