"""`sar-colorize pairs`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import Group
from .progress import Progress
from .signature import options


@click.group(cls=Group)
def pairs() -> None:
    """Radar and colour patches of the same ground, to train on.

    \b
    sar-colorize pairs build s1.tif s2.tif pairs
    """


@pairs.command()
@options(api.build_pairs, arguments={"s1": "S1", "s2": "S2", "folder": "DIR"})
def build(s1: str, s2: str, folder: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Cut two overlapping rasters, radar S1 and colour S2, into pairs in DIR with a GeoPackage of their footprints.

    The colour is warped to the radar's grid. Patches are split by spatial block, never at random.

    \b
    sar-colorize pairs build s1.tif s2.tif pairs
    """
    reporter = Progress(progress, unit="patches")
    made = api.build_pairs(s1, s2, folder, on_progress=reporter, **settings)
    reporter.message(f"colour: {made['colour']}")
    if as_json:
        click.echo(json.dumps(made))
        return
    counts = ", ".join(f"{count} {name}" for name, count in made["splits"].items())
    click.echo(f"{made['catalogue']}: {counts}")
    for reason, count in made["skipped"].items():
        click.echo(f"  left out   {count} {reason}")
