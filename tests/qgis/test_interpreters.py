"""Which Python an environment is made with, on each system, and what is said where none will do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from sar_colorize_qgis import interpreters
from sar_colorize_qgis.backend import BackendError
from sar_colorize_qgis.interpreters import Interpreter


def _fake(path: Path, answer: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    path.chmod(0o755)
    return path


def _answer(program: str = "/x/python", version: str = "[3, 12, 1]", bits: int = 64, lacks: str = "[]") -> str:
    return f'{{"program": "{program}", "version": {version}, "bits": {bits}, "lacks": {lacks}}}'


def test_a_real_python_says_what_it_is() -> None:
    found = interpreters.examine(("/usr/bin/python3",))
    assert found is not None
    assert found.version == tuple(sys.version_info[:3])
    assert (found.bits, found.lacks) == (64, ())
    assert found.problem() == ""


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (_answer(version="[3, 9, 18]"), "it is Python 3.9.18, older than 3.11"),
        (_answer(bits=32), "it is a 32-bit Python"),
        (_answer(lacks='["ensurepip"]'), "on Debian and Ubuntu: sudo apt install python3.12-venv"),
        (_answer(lacks='["_ssl"]'), "it lacks the module ssl"),
        ("Python was not found; run without arguments to install from the Store", "does not answer as Python does"),
    ],
)
def test_a_python_that_will_not_do_is_refused_by_name(tmp_path: Path, answer: str, sentence: str) -> None:
    program = _fake(tmp_path / "python3", answer)
    with pytest.raises(BackendError, match=rf"must be a 64-bit 3\.11 or newer .*, got {program}: .*{sentence}"):
        interpreters.choose(str(program))


def test_the_first_that_will_do_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _fake(tmp_path / "python3", _answer(version="[3, 9, 18]"))
    _fake(tmp_path / "python3.12", _answer("/good/python3.12"))
    monkeypatch.setattr(interpreters.QStandardPaths, "findExecutable", lambda name: _found(tmp_path / name))
    assert interpreters.choose() == Interpreter("/good/python3.12", (3, 12, 1), 64, ())


def test_where_none_will_do_each_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("python3", "python"):
        _fake(tmp_path / name, _answer("/old/python3", "[3, 9, 18]"))
    monkeypatch.setattr(interpreters, "_of_qgis", lambda: iter([(str(tmp_path / "nothing"),)]))
    monkeypatch.setattr(interpreters.QStandardPaths, "findExecutable", lambda name: _found(tmp_path / name))
    with pytest.raises(BackendError, match=r"got /old/python3: it is Python 3\.9\.18, older than 3\.11; install one"):
        interpreters.choose()
    monkeypatch.setattr(interpreters.QStandardPaths, "findExecutable", lambda name: "")
    with pytest.raises(BackendError, match="got none on PATH or in the usual folders; install one"):
        interpreters.choose()


def _found(path: Path) -> str:
    return str(path) if path.exists() else ""


def test_on_windows_the_launcher_comes_first_and_qgis_itself_is_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, qgis = tmp_path / "AppData" / "Local", tmp_path / "QGIS"
    installed = _fake(local / "Programs" / "Python" / "Python312" / "python.exe", "")
    own = _fake(qgis / "apps" / "Python39" / "python.exe", "")
    beside = _fake(qgis / "bin" / "python3.exe", "")
    monkeypatch.setattr(interpreters.sys, "platform", "win32")
    monkeypatch.setattr(interpreters.sys, "executable", str(_fake(qgis / "bin" / "qgis-bin.exe", "")))
    monkeypatch.setattr(interpreters.sys, "prefix", str(own.parent))
    monkeypatch.setattr(interpreters.sys, "base_prefix", str(own.parent))
    monkeypatch.setenv("LOCALAPPDATA", str(local))
    monkeypatch.delenv("PROGRAMFILES", raising=False)
    launcher = {"py": "C:/Windows/py.exe", "python": "C:/WindowsApps/python.exe"}
    monkeypatch.setattr(interpreters.QStandardPaths, "findExecutable", lambda name: launcher.get(name, ""))
    assert list(dict.fromkeys(interpreters.candidates())) == [
        *(("C:/Windows/py.exe", f"-3.{minor}") for minor in (14, 13, 12, 11)),
        (str(installed),), ("C:/WindowsApps/python.exe",), (str(own),), (str(beside),),
    ]  # fmt: skip


def test_on_a_mac_the_tools_of_apple_and_qgis_itself_are_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = tmp_path / "QGIS.app" / "Contents" / "MacOS"
    own = _fake(inside / "bin" / "python3", "")
    monkeypatch.setattr(interpreters.sys, "platform", "darwin")
    monkeypatch.setattr(interpreters.sys, "executable", str(_fake(inside / "QGIS", "")))
    monkeypatch.setattr(interpreters.sys, "prefix", str(tmp_path / "Resources"))
    monkeypatch.setattr(interpreters.sys, "base_prefix", str(tmp_path / "Resources"))
    shell = {"python3": "/usr/bin/python3", "python3.12": "/opt/mine/bin/python3.12"}
    monkeypatch.setattr(interpreters.QStandardPaths, "findExecutable", lambda name: shell.get(name, ""))
    assert list(interpreters.candidates())[-2:] == [("/opt/mine/bin/python3.12",), (str(own),)]
    assert ("/usr/bin/python3",) not in list(interpreters.candidates())
