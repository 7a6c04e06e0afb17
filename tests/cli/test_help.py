"""Help: every command has examples, every option a text, under the rubrics of the Python call that it makes."""

from __future__ import annotations

import inspect
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner
from sar_colorize_cli.group import COMMANDS, NAMES, cli

from sar_colorize import api

VERBS: dict[str, tuple[Callable[..., Any], set[str]]] = {
    "colorize": (api.colorize, {"source", "output"}),
    "demo": (api.demo, set()),
    "despeckle": (api.despeckle, set()),
    "despeckle-stack": (api.despeckle_stack, set()),
    "info": (api.info, set()),
    "find": (api.find, set()),
    "train": (api.train, set()),
    "adapt": (api.adapt, set()),
    "pairs build": (api.build_pairs, set()),
    "evaluate": (api.evaluate, set()),
}
"""The Python call behind each command, and its keywords that the command has no option for."""
ONLY_HERE = {"colorize": ("inputs", "out_dir", "skip_existing")}
"""Of `colorize_many`."""


def _commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command with its words, also those of groups."""
    if path:
        yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _commands(inner, (*path, name))


ALL = dict(_commands(cli))


def _help(*words: str) -> str:
    shown = CliRunner().invoke(cli, [*words, "--help"], prog_name="sar-colorize", terminal_width=110)
    assert shown.exit_code == 0
    return shown.output


def _examples(text: str) -> list[str]:
    """The lines of a help text that begin with the program."""
    return re.findall(r"^ +(sar-colorize .*)$", text, re.M)


@pytest.mark.parametrize("name", ALL)
def test_the_help_of_every_command_has_an_example_that_the_command_understands(name: str) -> None:
    examples = _examples(_help(*name.split()))
    assert any(example.startswith(f"sar-colorize {name}") for example in examples)
    for example in examples:
        words = shlex.split(example.split(">")[0])[1:]
        command, context = cli, click.Context(cli)
        while isinstance(command, click.Group) and words:
            found = command.get_command(context, words.pop(0))
            assert found is not None, example
            command, context = found, click.Context(found, parent=context)
        if not isinstance(command, click.Group):
            command.make_context("x", words, parent=context, resilient_parsing=False)


def test_an_example_that_is_wrong_would_be_noticed() -> None:
    found = ALL["despeckle"]
    with pytest.raises(click.NoSuchOption):
        found.make_context("x", ["a.tif", "b.tif", "--filtre", "lee"])


def test_the_help_of_no_command_loads_anything_heavy() -> None:
    code = f"""
import sys
from sar_colorize_cli.group import cli
for name in {list(ALL)!r}:
    cli([*name.split(), "--help"], prog_name="sar-colorize", standalone_mode=False)
print("LOADED", [name for name in ("torch", "dask", "rasterio", "geopandas", "xarray") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize("name", ALL)
def test_every_option_has_a_text(name: str) -> None:
    options = [param for param in ALL[name].params if isinstance(param, click.Option)]
    assert [param.opts for param in options if len(param.help or "") < 10] == []


@pytest.mark.parametrize("name", VERBS)
def test_options_of_a_verb_and_keywords_of_its_function_are_the_same(name: str) -> None:
    function, without = VERBS[name]
    keywords = set(inspect.signature(function).parameters) - {"on_progress"}
    options = {param.name for param in ALL[name].params} - {"progress", "as_json", "verbose", *ONLY_HERE.get(name, ())}
    assert options == keywords - without


@pytest.mark.parametrize("name", VERBS)
def test_defaults_of_options_are_those_of_the_function(name: str) -> None:
    keywords = inspect.signature(VERBS[name][0]).parameters
    for param in ALL[name].params:
        if param.name in keywords and isinstance(param, click.Option) and not param.multiple and not param.required:
            default = keywords[param.name].default
            assert default is inspect.Parameter.empty or param.get_default(click.Context(ALL[name])) == default


@pytest.mark.parametrize("name", VERBS)
def test_help_speaks_of_options_not_of_python(name: str) -> None:
    text = _help(*name.split())
    assert not re.search(r"\bNone\b|`|on_progress|numpy", text)


def test_options_stand_under_the_rubrics_of_the_docstring() -> None:
    text = _help("colorize")
    rubrics = re.findall(r"^(\w+):$", text, re.M)
    assert rubrics == ["Input", "Map", "Picture", "Area", "Output", "Run"]
    assert rubrics == re.findall(r"^(\w+):$", inspect.getdoc(api.colorize) or "", re.M)[:6]
    parts = dict(zip(rubrics, re.split(r"^\w+:$", text, flags=re.M)[1:], strict=True))
    assert "--filter" in parts["Picture"]
    assert "--uncertainty" in parts["Output"]
    assert "--progress" in parts["Run"]
    assert "--help" in parts["Run"]


def test_commands_stand_in_groups() -> None:
    text = _help()
    headings = [text.index(f"\n{group}:\n") for group in COMMANDS]
    assert headings == sorted(headings)
    assert list(COMMANDS) == ["Make pictures", "Radar", "Models", "Help"]
    assert sorted(NAMES) == sorted(cli.list_commands(click.Context(cli)))
    for name in NAMES:
        assert re.search(rf"^  {name} ", text, re.M)


@pytest.mark.parametrize(
    ("command", "old", "new"),
    [
        ("colorize", "--despeckle", "--filter"),
        ("colorize", "--confidence", "--uncertainty"),
        ("train", "--despeckle", "--filter"),
    ],
)
def test_old_names_are_named_in_the_text_of_the_new_ones_alone(command: str, old: str, new: str) -> None:
    text = " ".join(_help(command).split())
    assert f" {new} " in text
    assert f"{old} is its old name" in text
    assert not re.search(rf"^  {old}|, {old}", _help(command), re.M)
