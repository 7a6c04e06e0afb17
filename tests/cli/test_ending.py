"""Every end of the program: signals at any moment, errors that nobody foresaw, a standard output that takes nothing."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made import command, speckled
from sar_colorize_cli import demo, info, interrupt
from sar_colorize_cli.last_resort import PREFIX

from sar_colorize import api
from sar_colorize.colorizer import Colorizer

CANARY = "C4nary"
MakeTif = Callable[..., Path]
Program = Callable[..., Any]


def _program(before: str, *arguments: Any, **settings: Any) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, after some lines of Python."""
    code = f"import os, signal, sys\n{before}\nfrom sar_colorize_cli.main import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False, **settings,
    )  # fmt: skip


AT_IMPORT = """
class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{sent})
sys.meta_path.insert(0, AtImport())
"""
SWALLOWED = """
import weakref
class Thing:
    pass
def lost(_reference):
    os.kill(os.getpid(), signal.{sent})
    for _ in range(1000):
        pass
class AtImport:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            thing = Thing()
            self.kept = weakref.ref(thing, lost)
sys.meta_path.insert(0, AtImport())
"""


@pytest.fixture
def scene(make_tif: MakeTif) -> Path:
    return make_tif(speckled(300, 300), names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})


def _check_cancelled(done: subprocess.CompletedProcess[str], out: Path) -> None:
    assert done.returncode == 130, done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("cancelled")
    assert "Traceback" not in done.stderr
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("module", "sent"),
    [
        ("sar_colorize_cli.ending", "SIGINT"), ("click", "SIGINT"), ("click", "SIGTERM"),
        ("sar_colorize_cli.colorize", "SIGTERM"), ("sar_colorize.api", "SIGINT"), ("numpy", "SIGINT"),
        ("rasterio", "SIGTERM"), ("sar_colorize.run.local", "SIGINT"), ("sar_colorize.cog.writer", "SIGHUP"),
    ],
)  # fmt: skip
def test_a_signal_during_imports_cancels_without_a_traceback(
    scene: Path, tmp_path: Path, module: str, sent: str
) -> None:
    (tmp_path / "out").mkdir()
    hook = AT_IMPORT.format(module=module, sent=sent)
    done = _program(hook, "colorize", scene, tmp_path / "out" / "c.tif", "--model", "composite")
    _check_cancelled(done, tmp_path / "out")


@pytest.mark.parametrize("sent", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["rasterio", "sar_colorize.run.to_file"])
def test_an_interrupt_that_an_import_swallows_still_cancels(
    scene: Path, tmp_path: Path, module: str, sent: str
) -> None:
    (tmp_path / "out").mkdir()
    hook = SWALLOWED.format(module=module, sent=sent)
    done = _program(hook, "colorize", scene, tmp_path / "out" / "c.tif", "--model", "composite")
    _check_cancelled(done, tmp_path / "out")


def test_an_interrupt_that_is_swallowed_where_nothing_is_left_to_cancel_is_told(scene: Path) -> None:
    done = _program(SWALLOWED.format(module="rasterio", sent="SIGINT"), "info", scene)
    assert done.returncode == 130
    assert done.stdout.startswith("source ")
    assert done.stderr == "cancelled when all was done\n"


def test_a_thread_of_a_library_that_fails_prints_no_traceback(scene: Path) -> None:
    fails = "thread = threading.Thread(target=int, args='x'); thread.start(); thread.join()"
    at_import = AT_IMPORT.replace("os.kill(os.getpid(), signal.{sent})", fails)
    done = _program("import threading\n" + at_import.format(module="rasterio"), "info", scene)
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize("pause", [0.0, 0.3])
def test_a_second_signal_does_not_disturb_the_undoing(scene: Path, tmp_path: Path, pause: float) -> None:
    out = tmp_path / "out"
    out.mkdir()
    process = subprocess.Popen(
        command("colorize", scene, out / "c.tif", "--model", "composite", "--block-px", 64, "--progress", "json"),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["done"] >= 3:
            break
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        os.kill(process.pid, number)
        if pause:
            try:
                process.wait(pause)
                break
            except subprocess.TimeoutExpired:
                continue
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert list(out.iterdir()) == []


def test_a_signal_at_exit_changes_neither_the_result_nor_the_code(scene: Path, tmp_path: Path) -> None:
    hook = "import atexit\natexit.register(lambda: os.kill(os.getpid(), signal.{}))"
    for sent in ("SIGINT", "SIGTERM"):
        output = tmp_path / f"{sent}.tif"
        done = _program(hook.format(sent), "colorize", scene, output, "--model", "composite", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["output"] == str(output)
        assert output.exists()


def test_a_process_whose_undoing_hangs_ends_after_a_second_signal(tmp_path: Path) -> None:
    """And the hidden folders of its outputs are removed."""
    before = f"""
from pathlib import Path
from sar_colorize_cli import interrupt
from sar_colorize.hidden_folder import HiddenFolder
interrupt._PATIENCE_S = 0.2
def hang(*_args, **_settings):
    import time
    hidden = HiddenFolder(Path({str(tmp_path / "c.tif")!r}))
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    finally:
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            time.sleep(0.01)
from sar_colorize import api
from sar_colorize_cli import info
api.info = hang
"""
    done = _program(before, "info", "scene.tif")
    assert done.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_the_caller_ignores_stays_ignored(scene: Path) -> None:
    hook = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + AT_IMPORT.format(module="numpy", sent="SIGHUP")
    assert _program(hook, "info", scene).returncode == 0


def test_an_error_that_nobody_foresaw_is_a_sentence_and_a_file(
    program: Program, own_signals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_settings: Any) -> Any:
        raise ZeroDivisionError(f"of https://u:{CANARY}@h/x?sig={CANARY}\nin two lines")

    assert demo
    assert info
    monkeypatch.setattr(api, "info", fail)
    done = program("info", f"https://u:{CANARY}@h/scene.tif?sig={CANARY}")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(
        "error: sar-colorize must end in a result or in a reason, got an error that nobody foresaw (ZeroDivisionError: "
    )
    assert done.err.count("\n") == 1
    (kept,) = own_signals.iterdir()
    assert kept.name.startswith(PREFIX)
    assert str(kept) in done.err
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    text = kept.read_text()
    for part in (
        "command: sar-colorize info https://h/scene.tif\n",
        "Traceback",
        "ZeroDivisionError",
        "torch: ",
        "gdal: ",
    ):
        assert part in text
    assert CANARY not in text.replace("{CANARY}", "") + done.err


def test_an_error_that_nobody_foresaw_undoes_the_outputs(
    program: Program, scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any) -> Any:
        raise RuntimeError("made to fail")

    out = tmp_path / "out"
    out.mkdir()
    (out / "c.tif").write_bytes(b"older")
    monkeypatch.setattr(Colorizer, "paint", fail)
    done = program("colorize", scene, out / "c.tif", "--model", "composite", "--overwrite")
    assert done.code == 1
    assert "(RuntimeError: made to fail)" in done.err
    assert [path.read_bytes() for path in out.iterdir()] == [b"older"]


def test_an_error_that_nobody_foresaw_is_one_event_for_a_program(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_settings: Any) -> Any:
        raise RuntimeError("made to fail")

    monkeypatch.setattr(api, "demo", fail)
    event = json.loads(program("demo", "--progress", "json").err)
    assert event["event"] == "error"
    assert event["hint"].startswith("please attach ")


def test_an_error_after_an_interrupt_is_the_interrupts(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that was interrupted half-way fails in its own words."""

    def fail(*_args: Any, **_settings: Any) -> Any:
        interrupt._received.append(signal.SIGINT)
        raise SystemError("returned NULL without setting an exception")

    monkeypatch.setattr(api, "info", fail)
    done = program("info", "scene.tif")
    assert (done.code, done.err) == (130, "cancelled\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_standard_output_is_one_sentence_and_the_file_is_whole(scene: Path, tmp_path: Path) -> None:
    output = tmp_path / "c.tif"
    for more in ((), ("--json",)):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                command("colorize", scene, output, "--model", "composite", "--overwrite", *more),
                stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr == (
            "error: standard output must take what is printed, got No space left on device; send it elsewhere\n"
        )
        assert output.exists()


@pytest.mark.parametrize("arguments", [["--help"], ["choices"], ["info", "SCENE"]])
def test_a_reader_that_has_gone_is_no_traceback(scene: Path, arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command(*(scene if word == "SCENE" else word for word in arguments)),
            stdout=writing, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_standard_error_changes_no_exit_code(scene: Path, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("Linux has a device that is always full")
    with Path("/dev/full").open("w") as full:
        for arguments, code in (
            (["info", tmp_path / "none.tif"], 1),
            (["-v", "colorize", scene, tmp_path / "c.tif", "--model", "composite"], 0),
            (["info", scene, "--nonsense"], 2),
        ):
            done = subprocess.run(command(*arguments), stderr=full, stdout=subprocess.DEVNULL, check=False)
            assert done.returncode == code


def test_a_program_that_cannot_load_itself_says_so_in_one_line() -> None:
    """As at a very low limit of open files."""
    before = """
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "sar_colorize_cli.ending":
            raise OSError(24, "Too many open files")
sys.meta_path.insert(0, Broken())
"""
    done = _program(before, "models", "list")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "error: sar-colorize must be able to load its modules, got [Errno 24] Too many open files; allow the process "
        "more open files, for example with `ulimit -n 1024`"
    ]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_too_few_open_files_are_one_sentence_with_the_way_out(
    program: Program, own_signals: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail(*_args: Any, **_settings: Any) -> Any:
        try:
            raise OSError(number, os.strerror(number))
        except OSError as error:
            raise ImportError("libsomething.so cannot be loaded") from error

    monkeypatch.setattr(api, "info", fail)
    done = program("info", "scene.tif")
    assert (done.code, done.err) == (
        1,
        "error: the system must let sar-colorize open more files, got ImportError: libsomething.so cannot be loaded; "
        "allow the process more open files, for example with `ulimit -n 1024`\n",
    )
    assert list(own_signals.iterdir()) == []
