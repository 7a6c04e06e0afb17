"""`sar-colorize demo`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .progress import Progress
from .signature import options


@command()
@options(api.demo, arguments={"folder": "DIR"})
def demo(folder: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Simulate a radar scene in DIR, colorize it, and put before and after into one PNG. Needs no network.

    The colours are learned from a picture of the western half of the ground, which is simulated too.

    \b
    sar-colorize demo
    sar-colorize demo trial --model composite
    """
    made = api.demo(folder, on_progress=Progress(progress), **settings)
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo(f"scene    {made['scene']}  (simulated, not measured)")
    click.echo(f"earlier  {made['earlier']}  (a colour picture of its western half, simulated too)")
    click.echo(f"colour   {made['colour']}\npicture  {made['picture']}")
