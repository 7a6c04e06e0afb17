"""`sar-colorize train`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import MODES, Progress

_HELP = {
    "model": "The system: ours with the palette of the place, regression of colour, or adversarial.",
    "input": "What L is: radar, or the lightness of the colour picture.",
    "name": "Of the network, in its card.",
    "width": "Channels of the first level; pix2pix is published with 64.",
    "epochs": "Passes over the training pairs.",
    "keep": "Whose weights are kept: the epoch best on val, or the last.",
    "patience": "Epochs without a better val before it stops; 0 never stops.",
    "batch": "Patches a step.",
    "patch_px": "Side of a patch.",
    "crops": "At most so many patches from one pair in an epoch.",
    "learning_rate": "Of Adam.",
    "beta1": "Of Adam.",
    "schedule": "Of the learning rate.",
    "ema_decay": "Of the running mean of weights that is kept; 0 for none.",
    "rebalance": "0..1, how far rare colours weigh more.",
    "head": "colorsar: regress (a, b), or choose among colour classes.",
    "spacing": "Of the colour classes, in Lab units.",
    "huber": "Error of (a, b) above which the loss is linear.",
    "l1_weight": "pix2pix: weight of L1.",
    "feature_weight": "pix2pix: weight of feature matching.",
    "structure_weight": "pix2pix, by-place: weight of unlike structure of the brightness.",
    "none_share": "by-place: how often a patch comes without a palette.",
    "guess_share": "by-place: how often a palette is a guess.",
    "recolour_share": "by-place: how often a patch is moved to other colours with its palette.",
    "despeckle": "Filter before L.",
    "despeckle_share": "How often a patch is filtered.",
    "level_db": "Spread of the shift in dB, for each patch.",
    "contrast": "Spread of the logarithm of the stretch, for each patch.",
    "speckle_share": "How often a patch gets simulated speckle.",
    "hole_share": "How often a patch gets an invalid part.",
    "fill_lightness": "L of invalid pixels.",
    "seed": "The same seed and data give the same network.",
    "device": "auto takes a GPU where there is one.",
    "precision": "auto takes bf16 where the device computes in it.",
    "workers": "Processes that read ahead.",
    "devices": "GPUs.",
}


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """One option for each field of TrainSettings; None leaves it to the system's own recipe."""
    for name, kind, choices in reversed(api.train_options()):
        option = click.option(
            f"--{name.replace('_', '-')}", name, type=click.Choice(choices) if choices else kind, help=_HELP[name]
        )
        command = option(command)
    return command


@click.command()
@click.option("--data", required=True, metavar="DIR", help="A folder of pairs.")
@click.option("--out", required=True, metavar="DIR", help="A folder for weights, checkpoint, log and samples.")
@click.option("--exclude", multiple=True, metavar="SITE", help="A site not to learn from; may be repeated.")
@click.option("--strict", is_flag=True, help="Refuse files that are broken or without a partner.")
@click.option("--resume", is_flag=True, help="Go on with the run in --out, to the identical loss.")
@_settings
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
