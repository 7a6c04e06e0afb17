"""`sar-colorize demo`."""

from __future__ import annotations

import json

import click

from sar_colorize import api

from . import options
from .progress import MODES, Progress


@click.command()
@click.argument("folder", metavar="[DIR]", default="demo")
@click.option("--model", default=api.DEFAULT_MODEL, show_default=True, metavar="NAME|FILE")
@click.option("--seed", type=int, default=0, show_default=True, help="Another number is another landscape.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier demo.")
@click.option("--progress", type=click.Choice(MODES), default="auto", show_default=True)
@options.as_json
def demo(folder: str, model: str, seed: int, overwrite: bool, progress: str, as_json: bool) -> None:
    """Simulate a radar scene in DIR, colorize it, and put before and after into one PNG. Needs no network.

    The colours are learned from a picture of the western half of the ground, which is simulated too.
    """
    made = api.demo(folder, model=model, seed=seed, overwrite=overwrite, on_progress=Progress(progress))
    if as_json:
        click.echo(json.dumps(made))
        return
    click.echo(f"scene    {made['scene']}  (simulated, not measured)")
    click.echo(f"earlier  {made['earlier']}  (a colour picture of its western half, simulated too)")
    click.echo(f"colour   {made['colour']}\npicture  {made['picture']}")
