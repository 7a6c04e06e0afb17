"""`sar-colorize reference`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .progress import Progress
from .signature import Fact, options, with_facts


@command()
@options(
    api.fetch_reference,
    arguments={"source": "SCENE", "output": "OUTPUT"},
    facts={"from_source": Fact(flag="--from", metavar="SOURCE")} | with_facts("reference_resolution"),
)
def reference(source: str, output: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Fetch the picture of SCENE's place from an open mosaic into OUTPUT, to look at and to use again.

    Only the part that the scene needs is fetched. OUTPUT can be given to colorize as --reference; its tags name
    source, tiles, date, licence and credit.

    \b
    sar-colorize reference scene.tif picture.tif
    sar-colorize reference scene.tif picture.tif --from mosaic-120:7
    """
    made = api.fetch_reference(source, output, on_progress=Progress(progress, unit="tiles"), **settings)
    if as_json:
        click.echo(json.dumps(made.to_dict()))
        return
    came = "was there already" if made.from_cache else f"{made.megabytes:.1f} MB in {made.requests} requests"
    lines = [
        f"{made.path}: {made.title}, {made.period}",
        f"  items        {' '.join(made.items)}",
        f"  date         {made.date or 'none, a median of the year'}",
        f"  resolution   {made.resolution_m:g} m{', ' + made.why if made.why else ''}",
        f"  covers       {made.share:.1%} of the scene",
        f"  fetched      {came}, from {made.host}",
        f"  licence      {made.licence}, credit: {made.credit}",
    ]
    click.echo("\n".join(lines))
