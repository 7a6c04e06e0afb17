"""`sar-colorize find`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .signature import Fact, options


@command()
@options(
    api.find,
    facts={
        "date": Fact(metavar="DATE[/DATE]"),
        "kind": Fact(choices=api.KINDS_OF_SCENES),
        "catalog": Fact(metavar="URL[#COLLECTION]"),
    },
)
def find(as_json: bool, **settings: Any) -> None:
    """Sentinel-1 scenes of a place and a time; colorize, despeckle and info take their names as INPUT.

    Earth Search is asked, an open catalogue of data on AWS, and Planetary Computer where it does not answer or has
    nothing. Only the catalogue is asked, no pixels are fetched.

    \b
    sar-colorize find --bbox 11.2 46.1 11.6 46.4 --date 2026-08
    sar-colorize find --bbox 11.2 46.1 11.6 46.4 --date 2026-07-15/2026-08-02 --kind rtc --json
    """
    found = api.find(**settings)
    if as_json:
        click.echo(json.dumps({"scenes": [each.to_dict() for each in found]}))
        return
    if not found:
        click.echo("no scene of this place in these days; widen them with --date")
        return
    width = max(len(each.name) for each in found)
    click.echo(f"{'name':<{width}}  {'time (UTC)':<19}  {'direction':<10}  {'bands':<5}  covers")
    for each in found:
        time, bands = each.time.rstrip("Z").replace("T", " "), "+".join(each.polarizations)
        click.echo(f"{each.name:<{width}}  {time:<19}  {each.direction:<10}  {bands:<5}  {each.share:>6.1%}")
