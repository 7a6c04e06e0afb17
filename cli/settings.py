"""Options made of a verb's settings: name, type, default and help come from the library's own records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from sar_colorize import api

F = TypeVar("F", bound=Callable[..., Any])
OLD_NAMES = {"filter": "--despeckle", "filter_share": "--despeckle-share"}
"""What options were called before; both names are understood."""


def settings_options(settings: Sequence[api.Setting]) -> Callable[[F], F]:
    """One option for each setting; one that is not given is None, and left to the library."""

    def decorate(command: F) -> F:
        for setting in reversed(settings):
            names = [f"--{setting.name.replace('_', '-')}", *filter(None, [OLD_NAMES.get(setting.name)])]
            kind = click.Choice(setting.choices) if setting.choices else setting.kind
            command = click.option(*names, setting.name, type=kind, help=_help(setting))(command)
        return command

    return decorate


def _help(setting: api.Setting) -> str:
    """The text under the field, the systems that have it, and its default."""
    of = f"{', '.join(setting.systems)}: " if setting.systems else ""
    text = setting.help.rstrip(".")
    text = text[:1].lower() + text[1:] if of and not text[:2].isupper() else text
    default = "" if setting.default in (None, "") else str(setting.default)
    default = default or ", ".join(f"{value} {system}" for system, value in setting.recipes.items())
    return f"{of}{text}.{f'  [default: {default}]' if default else ''}"
