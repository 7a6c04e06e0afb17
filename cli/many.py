"""Many scenes in one call of `colorize`: its arguments, and what is shown of each scene and of all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, TypeVar

import click

from sar_colorize import api

from .command import Option, flags_of, with_flags
from .options import add
from .progress import Progress, report_error

F = TypeVar("F", bound=Callable[..., Any])


def inputs_and_folder(command: F) -> F:
    """Adds INPUT... [OUTPUT], `--out-dir` and `--skip-existing`."""
    return add(
        command,
        click.Argument(["inputs"], metavar="INPUT... [OUTPUT]", nargs=-1, required=True),
        Option(
            ["--out-dir"],
            rubric="Output",
            metavar="DIR",
            help="Write scene_colour.tif of each INPUT into this folder, which is made where it is not there. Then "
            "every name is an INPUT, and the files of --uncertainty, --memory, --classes and --quicklook must hold "
            "{name}, which stands for the scene's.",
        ),
        Option(
            ["--skip-existing"],
            rubric="Output",
            is_flag=True,
            help="Leave out scenes whose output is there: to go on where an earlier call was stopped.",
        ),
    )


def run_many(
    inputs: tuple[str, ...],
    out_dir: str | None,
    skip_existing: bool,
    progress: str,
    as_json: bool,
    settings: dict[str, Any],
) -> None:
    """Colorizes many scenes, shows what was made, and exits with 1 where one failed.

    Raises:
        UsageError: an OUTPUT for several scenes.
    """
    if out_dir is None and len(inputs) > 1:
        if len(inputs) > 2:
            raise click.UsageError("several scenes need --out-dir DIR, which takes the place of OUTPUT")
        raise click.UsageError("--skip-existing is for many scenes; leave OUTPUT out, or give --out-dir DIR")
    reporter = Progress(progress, unit="thousandths", label="scenes")
    flags = flags_of(click.get_current_context().command)
    notes: Counter[str] = Counter()

    def said(made: api.Result | api.Failure) -> None:
        if isinstance(made, api.Failure):
            return
        notes.update(made.notes)
        if not as_json:
            click.echo(f"{made.output or f'{made.source}, nothing written'}: {made.width} x {made.height} px, "
                       f"{'+'.join(made.bands)}, {made.model}, {made.seconds:g} s")  # fmt: skip

    made = api.colorize_many(
        inputs, out_dir, skip_existing=skip_existing, on_progress=reporter, on_scene=said, **settings
    )
    for note, count in notes.items():
        reporter.message(note if count == 1 else f"{note} ({count} scenes)")
    if as_json:
        click.echo(json.dumps(made.to_dict()))
    else:
        parts = [f"{len(made.results)} colorized"]
        parts += [f"{len(made.skipped)} skipped, whose output was there"] * bool(made.skipped)
        parts += [f"{len(made.failed)} failed"] * bool(made.failed)
        click.echo(f"{sum(map(len, (made.results, made.skipped, made.failed)))} scenes: {', '.join(parts)}")
    for failure in made.failed:
        report_error(f"{failure.source}: {with_flags(failure.error, flags)}")
    if made.failed:
        raise click.exceptions.Exit(1)
