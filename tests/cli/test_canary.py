"""A canary as the password and the key in the value of every option of every command: nothing prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from made import speckled
from sar_colorize_cli.group import NAMES, cli

CANARY = "C4nary"
URL = f"http://user:{CANARY}@127.0.0.1:1/none.tif?X-Amz-Signature={CANARY}&sig={CANARY}"
TEXTS = (URL, f"/vsicurl?userpwd=user:{CANARY}&header.Authorization=Bearer {CANARY}&url={URL}")


def _commands(group: click.Group, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in names:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from (((name, *inner), found) for inner, found in _commands(command, tuple(command.commands)))
        else:
            yield (name,), command


COMMANDS = dict(_commands(cli, NAMES))
PLACES = [
    (words, param.name, param.opts[0] if isinstance(param, click.Option) else "")
    for words, command in COMMANDS.items()
    for param in command.params
    if not getattr(param, "is_flag", False)
]


@pytest.mark.filterwarnings("ignore:Unsupported option:RuntimeWarning")  # of GDAL, in this test's own name of a source
@pytest.mark.parametrize(("words", "name", "flag"), PLACES)
def test_a_canary_in_any_option_of_any_command_is_never_printed(
    words: tuple[str, ...],
    name: str,
    flag: str,
    program: Callable[..., Any],
    make_tif: Callable[..., Path],
    tmp_path: Path,
    own_signals: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    scene = make_tif(speckled(70, 70), names=("VV",), nodata=np.nan, tags={"UNITS": "dB"})
    places = {"output": tmp_path / "c.tif", "out": tmp_path / "o", "report": tmp_path / "r", "shell": "bash"}
    places |= {"data": tmp_path / "empty", "folder": tmp_path / "f", "sources": scene, "name": "composite"}
    for text in TEXTS:
        arguments: list[object] = list(words)
        for param in COMMANDS[words].params:
            if isinstance(param, click.Argument):
                arguments.append(text if param.name == name else places.get(str(param.name), scene))
            elif param.required and param.name != name:
                arguments += [param.opts[0], places.get(str(param.name), "composite")]
        if flag:
            arguments += [flag, f"LEVEL={text}" if name == "creation_options" else text]
            arguments += ["7"] * (next(p for p in COMMANDS[words].params if p.name == name).nargs - 1)
        done = program("-v", *arguments)
        assert CANARY not in done.out + done.err
        for path in [*tmp_path.rglob("*"), *own_signals.rglob("*")]:
            assert CANARY not in str(path)
            assert not path.is_file() or CANARY.encode() not in path.read_bytes()
        assert "nobody foresaw" not in done.err, next(own_signals.glob("*.txt")).read_text()


def test_every_option_that_takes_a_value_is_tried() -> None:
    assert len(PLACES) > 100
    assert {name for _, name, _ in PLACES} >= {"source", "palette", "aoi", "model", "scheduler", "creation_options"}
