"""`sar-colorize adapt`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import MODES, Progress


@click.command()
@click.argument("s1", metavar="S1")
@click.argument("s2", metavar="S2")
@click.option("--out", required=True, metavar="FILE", help="The weights to write, FILE.safetensors.")
@click.option("--model", default="by-place", show_default=True, metavar="NAME|FILE", help="What to begin with.")
@click.option("--polarization", type=click.Choice(api.POLARIZATIONS), help="The radar band.  [default: the first]")
@click.option("--minutes", type=float, default=10.0, show_default=True, help="At most so long.")
@click.option("--steps", type=int, default=300, show_default=True, help="At most so many steps.")
@click.option("--batch", type=int, default=16, show_default=True, help="Patches a step.")
@click.option("--patch-px", type=int, default=128, show_default=True, help="Side of a patch.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", type=click.Choice(api.DEVICES), default="auto", show_default=True)
@click.option("--progress", type=click.Choice(MODES), default="auto", show_default=True)
@options.as_json
def adapt(s1: str, s2: str, out: str, progress: str, as_json: bool, **given: Any) -> None:
    """Train a model further on radar S1 and colour picture S2 of one region, and keep it only where it gains.

    A quarter of the region, in blocks, is held out and never learned from: the error of a and b there, with the palette
    of the rest, is printed before and after. Without a gain nothing is written.

    \b
    sar-colorize adapt s1.tif s2.tif --out my-region.safetensors
    sar-colorize colorize other_date.tif colour.tif --model my-region.safetensors --palette s2.tif
    """
    reporter = Progress(progress, unit="steps")
    made = api.adapt(s1, s2, out, on_progress=reporter, **given)
    if as_json:
        click.echo(json.dumps(made))
        return
    gain = 100.0 * (1.0 - made["after"] / made["before"])
    click.echo(
        f"{made['weights']}: error of a and b on {made['held_out']} held-out patches {made['before']:.2f} before, "
        f"{made['after']:.2f} after, {gain:.0f} % less; {made['steps']} steps on {made['learned']} patches"
    )
