"""`sar-colorize despeckle-stack`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import Progress
from .result import show


@click.command("despeckle-stack")
@click.argument("sources", metavar="INPUT...", nargs=-1, required=True)
@click.argument("folder", metavar="OUTDIR")
@click.option("--size", type=int, metavar="PX", help="Window that dates are compared by, odd.  [default: 7]")
@options.what_it_is
@options.where
@options.how_to_write
@options.how_to_run
def despeckle_stack(sources: tuple[str, ...], folder: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Filter the speckle of scenes of one ground at several dates, each into OUTDIR under its own name.

    All lie on one grid. What they share is kept to the pixel, and each keeps its own brightness (Quegan and Yu 2001).

    \b
    sar-colorize despeckle-stack march.tif may.tif july.tif smooth/
    """
    reporter = Progress(progress)
    settings["bbox"] = settings["bbox"] or None
    results = api.despeckle_stack(sources, folder, on_progress=reporter, **settings)
    if as_json:
        click.echo(json.dumps({"results": [result.to_dict() for result in results]}))
        return
    for result in results:
        show(result, reporter, as_json=False)
