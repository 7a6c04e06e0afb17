"""`sar-colorize despeckle-stack`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .progress import Progress
from .result import show
from .signature import options


@command("despeckle-stack")
@options(api.despeckle_stack, arguments={"sources": "INPUT...", "folder": "OUTDIR"})
def despeckle_stack(sources: tuple[str, ...], folder: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Filter the speckle of scenes of one ground at several dates, each into OUTDIR under its own name.

    All lie on one grid. What they share is kept to the pixel, and each keeps its own brightness (Quegan and Yu 2001).
    OUTDIR is made where it does not exist; its files appear together, or none.

    \b
    sar-colorize despeckle-stack march.tif may.tif july.tif smooth/
    """
    reporter = Progress(progress)
    results = api.despeckle_stack(sources, folder, on_progress=reporter, **settings)
    if as_json:
        click.echo(json.dumps({"results": [result.to_dict() for result in results]}))
        return
    for result in results:
        show(result, reporter, as_json=False)
