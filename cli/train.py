"""`sar-colorize train`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .progress import Progress
from .signature import Fact, options

FACTS = {name: Fact(choices=choices) for name, choices in api.TRAIN_CHOICES.items()} | {
    "data": Fact(metavar="DIR", text="A folder of pairs; split by place where it has no splits."),
    "out": Fact(metavar="DIR"),
    "filter": Fact(choices=api.FILTER_NAMES, old=("--despeckle",)),
    "filter_share": Fact(old=("--despeckle-share",)),
}


@command()
@options(api.train, facts=FACTS)
def train(data: str, out: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Train a network on pairs of radar and colour patches.

    Known folders: SPLIT/SITE/{s1,s2}, SEN1-2 by terrain, SEN12MS. Data without splits are split by place. Options not
    given are the system's own recipe.

    \b
    sar-colorize train --model colorsar --data pairs --out run --name mine
    sar-colorize train --model pix2pix --input optical-l --data pairs --out run2 --resume
    """
    reporter = Progress(progress, unit="steps")
    made = api.train(data, out, on_progress=reporter, **settings)
    for reason in made["skipped"][:5]:
        reporter.message(f"left out: {reason}")
    if as_json:
        click.echo(json.dumps(made))
        return
    val = ", ".join(f"{name} {value:.3g}" for name, value in made["val"].items())
    click.echo(f"{made['weights']}: {made['epochs']} epochs; on val {val}; {len(made['skipped'])} files left out")
