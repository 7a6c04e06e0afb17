"""`sar-colorize page`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .progress import Progress
from .signature import options


@command()
@options(api.page, arguments={"sources": "COLOUR.tif [OTHER.tif]...", "output": "OUT.html"})
def page(sources: tuple[str, ...], output: str, progress: str, as_json: bool, **settings: Any) -> None:
    """One HTML file to look at and to send: COLOUR.tif beside its radar, and whatever OTHER.tif are given.

    OTHER.tif are radar (a raster or a Sentinel-1 product), other dates, the reference or any optical raster, and files
    of --uncertainty, --memory and --classes; each is told apart by its bands and tags. The file asks no server
    for anything.

    \b
    sar-colorize page colour.tif scene.tif page.html
    sar-colorize page colour.tif scene.tif earlier_picture.tif error.tif memory.tif page.html
    """
    made = api.page(sources, output, on_progress=Progress(progress, unit="sources"), **settings)
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo(
        f"{made['output']}: {made['width']} x {made['height']} px, {made['megabytes']:g} MB, open it in a browser"
    )
    for layer in made["layers"]:
        click.echo(f"  {layer}")
