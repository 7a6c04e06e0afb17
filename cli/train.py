"""`sar-colorize train`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import MODES, Progress
from .settings import settings_options


@click.command()
@click.option("--data", required=True, metavar="DIR", help="A folder of pairs.")
@click.option("--out", required=True, metavar="DIR", help="A folder for weights, checkpoint, log and samples.")
@click.option(
    "--model",
    type=click.Choice(api.train_models()),
    default="colorsar",
    show_default=True,
    help="The system: by-place, of radar and the palette of the place; colorsar, regression of a and b; pix2pix, "
    "adversarial.",
)
@click.option("--exclude", multiple=True, metavar="SITE", help="A site not to learn from; may be repeated.")
@click.option("--strict", is_flag=True, help="Refuse files that are broken or without a partner.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, to the identical loss.")
@settings_options(api.train_settings())
@click.option("--progress", type=click.Choice(MODES), default="auto", show_default=True)
@options.as_json
def train(data: str, out: str, progress: str, as_json: bool, **given: Any) -> None:
    """Train a network on pairs of radar and colour patches.

    Known folders: SPLIT/SITE/{s1,s2}, SEN1-2 by terrain, SEN12MS. Data without splits are split by place. Options not
    given are the system's own recipe.

    \b
    sar-colorize train --model colorsar --data pairs --out run --name mine
    sar-colorize train --model pix2pix --input optical-l --data pairs --out run2 --resume
    """
    settings = {name: value for name, value in given.items() if value is not None}
    reporter = Progress(progress, unit="steps")
    made = api.train(data, out, on_progress=reporter, **settings)
    for reason in made["skipped"][:5]:
        reporter.message(f"left out: {reason}")
    if as_json:
        click.echo(json.dumps(made))
        return
    val = ", ".join(f"{name} {value:.3g}" for name, value in made["val"].items())
    click.echo(f"{made['weights']}: {made['epochs']} epochs; on val {val}; {len(made['skipped'])} files left out")
