"""Finding the backend: the user's word first, then the usual places; and what it is told of QGIS's environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from home import HOME
from made_here import Heard, write_fake
from qgis.core import QgsSettings
from sar_colorize_qgis import child, choices
from sar_colorize_qgis.backend import Backend, BackendError, find

SETTING = "Processing/Configuration/SAR_COLORIZE_BACKEND"


def test_the_setting_comes_before_the_variable_before_the_path_before_known_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = write_fake(HOME / "sar-colorize" / "bin" / "sar-colorize")
    try:
        found = find()
        assert (found.program, found.found_by) == (str(known), f"a known place, {HOME / 'sar-colorize'}")
        on_path = write_fake(tmp_path / "path" / "sar-colorize")
        monkeypatch.setenv("PATH", f"{on_path.parent}:/usr/bin:/bin")
        assert find() == Backend(str(on_path), (), "PATH")
        by_variable = write_fake(tmp_path / "variable" / "bin" / "sar-colorize")
        monkeypatch.setenv("SAR_COLORIZE_PYTHON", str(tmp_path / "variable"))
        assert find() == Backend(str(by_variable), (), "the environment variable SAR_COLORIZE_PYTHON")
        by_setting = write_fake(tmp_path / "setting" / "sar-colorize")
        QgsSettings().setValue(SETTING, str(by_setting))
        assert find() == Backend(str(by_setting), (), "the Processing setting")
    finally:
        known.unlink()


@pytest.mark.parametrize(
    "place",
    [
        "sar-colorize/.venv/bin/sar-colorize",
        ".venv/bin/sar-colorize",
        ".local/bin/sar-colorize",
        ".local/share/pipx/venvs/sar-colorize/bin/sar-colorize",
        ".local/share/uv/tools/sar-colorize/bin/sar-colorize",
        ".virtualenvs/radar/bin/sar-colorize",
        "miniforge3/envs/radar/bin/sar-colorize",
        "miniconda3/envs/radar/Scripts/sar-colorize.exe",
    ],
)
def test_known_environments_are_searched(place: str) -> None:
    program = write_fake(HOME / place)
    try:
        assert find().program == str(program)
    finally:
        program.unlink()


def test_an_active_environment_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_fake(tmp_path / "conda" / "bin" / "sar-colorize")
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    assert find().program == str(program)


def test_a_python_stands_for_the_program_beside_it_or_for_its_module(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3.11"
    python.parent.mkdir()
    python.write_text("")
    QgsSettings().setValue(SETTING, str(python))
    assert find() == Backend(str(python), ("-m", "sar_colorize_cli.main"), "the Processing setting")
    program = write_fake(tmp_path / "bin" / "sar-colorize")
    assert find() == Backend(str(program), (), "the Processing setting")


def test_what_the_user_names_is_never_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_fake(tmp_path / "path" / "sar-colorize")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "nothing", tmp_path / "empty"):
        QgsSettings().setValue(SETTING, str(wrong))
        with pytest.raises(
            BackendError, match=rf"the Processing setting must name the Python .*, got {wrong}; correct"
        ):
            find()
    QgsSettings().remove(SETTING)
    monkeypatch.setenv("SAR_COLORIZE_PYTHON", "/no/python")
    with pytest.raises(BackendError, match=r"SAR_COLORIZE_PYTHON must name the Python .*, got /no/python; correct"):
        find()


def test_a_tilde_is_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    program = write_fake(HOME / "my env" / "bin" / "sar-colorize")
    monkeypatch.setenv("SAR_COLORIZE_PYTHON", "~/my env")
    assert find().program == str(program)


def test_paths_with_spaces_and_letters_of_the_world_reach_the_backend(tmp_path: Path) -> None:
    program = write_fake(tmp_path / "Zoë Müller 東京" / "bin" / "sar-colorize", "print('{}')")
    finished = child.run(Backend(str(program), (), "a test"), ["colorize", "/ä ö/ß 海.tif", "/é/ñ & 'x' \"y\".tif"])
    assert (finished.code, finished.output) == (0, "{}\n")
    arguments = json.loads((program.parent / "arguments.json").read_text())
    assert arguments == ["colorize", "/ä ö/ß 海.tif", "/é/ñ & 'x' \"y\".tif"]


def test_the_backend_sees_nothing_of_what_qgis_sets_for_itself(
    fake_backend: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = {
        "PYTHONPATH": "/poison", "PYTHONHOME": "/poison", "VIRTUAL_ENV": "/poison", "PROJ_LIB": "/poison",
        "PROJ_DATA": "/poison", "GDAL_DATA": "/poison", "GDAL_DRIVER_PATH": "/poison", "LD_PRELOAD": "",
        "LD_LIBRARY_PATH": "/poison", "QGIS_PREFIX_PATH": "/poison", "DYLD_LIBRARY_PATH": "/poison",
    }  # fmt: skip
    for name, value in poison.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "kept")
    program = fake_backend("print('{}')")
    child.run(find(), ["colorize"])
    seen = json.loads((program.parent / "environment.json").read_text())
    assert {name for name in seen if name in poison} == set()
    assert seen["AWS_REGION"] == "kept"
    assert seen["PYTHONUTF8"] == "1"
    assert seen["PATH"] == os.environ["PATH"]


def test_a_backend_of_another_version_is_refused_by_name(fake_backend: Callable[..., Path]) -> None:
    program = fake_backend(version="0.2.0")
    with pytest.raises(
        BackendError, match=rf"must be version 0\.1\.\* for this plugin \(0\.1\.0\), got 0\.2\.0 at {program}; update"
    ):
        choices.ask(find())
    assert "got 0.2.0" in choices.problem()
    fake_backend(version="0.1.9")  # a patch is no other version
    assert choices.ask(find()).version == "0.1.9"
    assert choices.problem() == ""


def test_a_program_that_is_not_sar_colorize_is_refused(fake_backend: Callable[..., Path]) -> None:
    for answer in ("print('hello')", "print('[]')", 'print(\'{"version": "0.1.0"}\')', "sys.exit(2)"):
        fake_backend(answer=answer)
        with pytest.raises(BackendError, match=r"must be sar-colorize 0\.1\.\*, got something that does not answer"):
            choices.ask(find())


def test_the_last_words_of_a_broken_backend_are_passed_on(fake_backend: Callable[..., Path]) -> None:
    fake_backend(answer="import no_such_module_here")
    with pytest.raises(BackendError, match="No module named 'no_such_module_here'"):
        choices.ask(find())


def test_a_program_that_cannot_start_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "sar-colorize"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    monkeypatch.setenv("SAR_COLORIZE_PYTHON", str(program))
    with pytest.raises(BackendError, match=r"must (start, got|be sar-colorize)"):
        choices.ask(find())


def test_a_handshake_that_hangs_is_given_up(fake_backend: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "_LIMIT_S", 0.5)
    fake_backend(answer="time.sleep(60)")
    with pytest.raises(BackendError, match="must answer within 0 s, got no answer"):
        choices.ask(find())


def test_events_become_progress_and_the_rest_is_kept_as_last_words(fake_backend: Callable[..., Path]) -> None:
    fake_backend(
        """
tell("progress", done=1, total=4, unit="blocks")
print("a warning of some library", file=sys.stderr)
print(json.dumps([1]), file=sys.stderr)
tell("message", message="look")
tell("error", message="x must be y, got z", hint="do this")
print("half a line", end="", file=sys.stderr)
sys.exit(1)
"""
    )
    events: list[dict] = []
    finished = child.run(find(), ["colorize"], Heard(), events.append)
    assert [event["event"] for event in events] == ["progress", "message"]
    assert finished.error == "x must be y, got z; do this"
    assert finished.tail == ["a warning of some library", "[1]", "half a line"]
    assert (finished.code, finished.cancelled) == (1, False)


def test_much_output_on_both_channels_blocks_nothing(fake_backend: Callable[..., Path]) -> None:
    fake_backend("print('x' * 3_000_000)\nprint('y' * 3_000_000, file=sys.stderr)\nprint('z' * 10)")
    finished = child.run(find(), ["colorize"])
    assert len(finished.output) == 3_000_012
    assert finished.tail == ["y" * 3_000_000]
