"""Options that have no keyword in Python: how progress and results are shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .command import Choice, Option
from .progress import MODES

F = TypeVar("F", bound=Callable[..., Any])


def add(command: F, *params: click.Parameter) -> F:
    """Gives a function, not yet a command, parameters behind those that it has."""
    known: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*reversed(params), *known]  # type: ignore[attr-defined]  # click reads it, last first
    return command


def as_json(command: F) -> F:
    """Adds `--json`."""
    return add(command, json_option())


def json_option() -> Option:
    """How results are shown."""
    return Option(["--json", "as_json"], rubric="Run", is_flag=True, help="Print the result as one JSON object.")


def progress_option() -> Option:
    """How progress is shown: what Python calls `on_progress`."""
    return Option(
        ["--progress"],
        rubric="Run",
        type=Choice(MODES),
        metavar="|".join(MODES),
        default="auto",
        show_default=True,
        help="On standard error: a bar (without a terminal a line with percent and time left, every 5 seconds), "
        "JSON events or nothing; auto is a bar, or a line every 30 seconds.",
    )
