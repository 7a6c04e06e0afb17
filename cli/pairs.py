"""`sar-colorize pairs`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import MODES, Progress


@click.group()
def pairs() -> None:
    """Radar and colour patches of the same ground, to train on."""


@pairs.command()
@click.argument("s1")
@click.argument("s2")
@click.argument("folder", metavar="DIR")
@click.option("--patch-px", type=int, default=256, show_default=True, help="Side of a patch.")
@click.option("--block-patches", type=int, default=4, show_default=True, help="Side of a spatial block, in patches.")
@click.option("--val-share", type=float, default=0.15, show_default=True, help="Share of the blocks for val.")
@click.option("--test-share", type=float, default=0.15, show_default=True, help="Share of the blocks for test.")
@click.option("--least-valid", type=float, default=0.98, show_default=True, help="Share of a patch both must show.")
@click.option("--most-cloud", type=float, default=0.3, show_default=True, help="Share of a patch that may be cloud.")
@click.option("--terrain", default="", help="A word for the whole place, kept in the catalogue.")
@click.option("--polarization", type=click.Choice(api.POLARIZATIONS, case_sensitive=False), help="The radar band.")
@click.option("--progress", type=click.Choice(MODES), default="auto", show_default=True)
@options.as_json
def build(s1: str, s2: str, folder: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Cut two overlapping rasters, radar S1 and colour S2, into pairs in DIR with a GeoPackage of their footprints.

    The colour is warped to the radar's grid. Patches are split by spatial block, never at random.

    \b
    sar-colorize pairs build s1.tif s2.tif pairs
    """
    made = api.build_pairs(s1, s2, folder, on_progress=Progress(progress, unit="patches"), **settings)
    if as_json:
        click.echo(json.dumps(made))
        return
    counts = ", ".join(f"{count} {name}" for name, count in made["splits"].items())
    click.echo(f"{made['catalogue']}: {counts}")
    for reason, count in made["skipped"].items():
        click.echo(f"  left out   {count} {reason}")
