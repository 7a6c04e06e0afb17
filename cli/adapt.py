"""`sar-colorize adapt`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .progress import Progress
from .signature import Fact, options


@command()
@options(api.adapt, arguments={"s1": "S1", "s2": "S2"}, facts={"out": Fact(metavar="FILE")})
def adapt(s1: str, s2: str, out: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Train a model further on radar S1 and colour picture S2 of one region, and keep it only where it gains.

    A quarter of the region, in blocks, is held out and never learned from: the error of a and b there, with the palette
    of the rest, is printed before and after. Without a gain nothing is written.

    \b
    sar-colorize adapt s1.tif s2.tif --out my-region.safetensors
    sar-colorize colorize other_date.tif colour.tif --model my-region.safetensors --palette s2.tif
    """
    reporter = Progress(progress, unit="steps")
    made = api.adapt(s1, s2, out, on_progress=reporter, **settings)
    if as_json:
        click.echo(json.dumps(made))
        return
    gain = 100.0 * (1.0 - made["after"] / made["before"])
    click.echo(
        f"{made['weights']}: error of a and b on {made['held_out']} held-out patches {made['before']:.2f} before, "
        f"{made['after']:.2f} after, {gain:.0f} % less; {made['steps']} steps on {made['learned']} patches"
    )
