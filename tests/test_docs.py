"""The documentation: its links lead somewhere, its files exist, its commands and options are real."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from sar_colorize_cli.group import cli

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
FOLDERS = "sar_colorize|cli|qgis_plugin|tests|tools|benchmarks|docs"


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _anchors(text: str) -> set[str]:
    """Headings as the anchors that Markdown viewers make of them."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path, text: str) -> list[str]:
    """Relative links of a page that lead to no file, or to no heading."""
    found = []
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in _anchors(file.read_text(encoding="utf-8"))):
            found.append(target)
    return found


def missing_files(text: str) -> list[str]:
    """Files and folders of the repository that a page names and that are not there."""
    named = re.findall(rf"(?<![\w/.~-])((?:{FOLDERS})/[\w./-]+)", text)
    return [name for name in named if "NAME" not in name and not (ROOT / name.rstrip(".")).exists()]


def commands_in(text: str) -> list[str]:
    """The `sar-colorize` command lines of a page's blocks and of its text, without their comments."""
    blocks = "\n".join(re.findall(r"^```\n(.*?)^```$", text, re.M | re.S))
    blocks += "\n" + "\n".join(re.findall(r"^    (sar-colorize .*)$", text, re.M))
    lines = re.findall(r"sar-colorize(?![\w\\/\"-]) (?:[^#;\n]|#\w)*", blocks)
    return lines + re.findall(r"`(sar-colorize [^`]+)`", text)


def unknown_options(line: str) -> list[str]:
    """Words of a command line that are neither a command nor an option of that command."""
    words = shlex.split(line.replace("...", " ").split(">")[0])[1:]
    command: click.Command = cli
    found = []
    for word in words:
        options = {option for param in command.params for option in (*param.opts, *param.secondary_opts)}
        if re.match(r"-+[a-z]", word) and word.split("=")[0] not in options | {"--help"}:
            found.append(word)
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            inner = command.get_command(click.Context(command), word)
            if inner is None:
                return [*found, word]
            command = inner
    return found


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    assert missing_files(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=_name)
def test_commands_and_options_are_real(page: Path) -> None:
    lines = commands_in(page.read_text(encoding="utf-8"))
    assert {line: unknown for line in lines if (unknown := unknown_options(line))} == {}


def _commands_of(recipe: object) -> list[list[str]]:
    """The command lines in a recipe, as words."""
    if isinstance(recipe, list):
        return [found for each in recipe for found in _commands_of(each)]
    if not isinstance(recipe, dict):
        return []
    command = recipe.get("command")
    here = []
    if command:
        here = [shlex.split(command) if isinstance(command, str) else [*command, *recipe.get("args", [])]]
    return here + [found for key, each in recipe.items() if key != "command" for found in _commands_of(each)]


def test_recipes_of_clusters_are_read_and_their_commands_are_real() -> None:
    import yaml
    from distributed.cli.dask_scheduler import main as scheduler
    from distributed.cli.dask_worker import main as worker

    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    recipes = [
        each for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S) for each in yaml.safe_load_all(block)
    ]
    assert [each.get("kind", "Compose") for each in recipes] == [
        "Compose",
        "Job",
        "Service",
        "Deployment",
        "Deployment",
    ]
    commands = [words for each in recipes for words in _commands_of(each)]
    assert sorted(words[0] for words in commands) == ["dask"] * 4 + ["sar-colorize", "sh"]
    for words in commands:
        if words[0] == "dask":
            known = {option for param in {"scheduler": scheduler, "worker": worker}[words[1]].params
                     for option in (*param.opts, *param.secondary_opts)}  # fmt: skip
            assert {word for word in words if word.startswith("--")} <= known
        elif words[0] == "sar-colorize":
            assert unknown_options(shlex.join(words)) == []
        else:
            assert unknown_options(words[-1][words[-1].index("sar-colorize") :]) == []


def test_settings_of_dask_for_workers_are_real() -> None:
    import distributed.config  # noqa: F401  # its defaults
    from dask import config

    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    named = re.findall(r"(DASK_\w+)=(\S+)", text)
    assert len(named) == 4
    for name, value in named:
        key, found = next(iter(_flat(config.collect_env({name: value})).items()))
        usual = config.get(key, config.get(key.replace("_", "-"), None))
        assert usual is not None, name
        assert type(found) is type(usual), name
        assert found != usual, name


def _flat(tree: dict[str, Any], before: str = "") -> dict[str, Any]:
    """The leaves of nested dictionaries, by dotted names."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return found


def test_every_command_has_a_section_with_an_example() -> None:
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    sections = {
        title.split()[0]: body for title, body in re.findall(r"^## sar-colorize (.+)\n((?:(?!^## ).*\n)*)", text, re.M)
    }
    assert set(sections) == set(cli.list_commands(click.Context(cli)))
    for name, body in sections.items():
        assert re.search(
            rf"^sar-colorize {name}\b", "\n".join(re.findall(r"^```\n(.*?)^```$", body, re.M | re.S)), re.M
        ), name


def test_the_checks_of_the_documentation_can_fail() -> None:
    page = ROOT / "docs" / "cli.md"
    assert broken_links(page, "[a](nothing.md) [b](cli.md#no-such-heading)") == ["nothing.md", "cli.md#no-such-heading"]
    assert missing_files("as in `benchmarks/blue_marble.py` and docs/cli.md") == ["benchmarks/blue_marble.py"]
    assert unknown_options("sar-colorize colorize a.tif b.tif --no-such 3 --model x") == ["--no-such"]
    assert unknown_options("sar-colorize colour a.tif") == ["colour"]
    assert commands_in("```\nfor f in x; do sar-colorize info $f; done  # loop\n```\n`sar-colorize doctor`") == [
        "sar-colorize info $f", "sar-colorize doctor",
    ]  # fmt: skip
