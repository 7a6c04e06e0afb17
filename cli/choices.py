"""`sar-colorize choices`."""

from __future__ import annotations

import json
from typing import Any

import click

import sar_colorize
from sar_colorize import api

from . import options
from .command import command


@command()
@options.as_json
def choices(as_json: bool) -> None:
    """The version, and the names that options take: for programs that put them into a menu.

    \b
    sar-colorize choices
    sar-colorize choices --json
    """
    cards = [api.load_card(name) for name in api.model_names()]
    found: dict[str, list[Any]] = {
        "models": [{"name": card.name, "summary": card.summary} for card in cards],
        "filters": list(api.FILTER_NAMES),
        "polarizations": list(api.POLARIZATIONS),
        "units": [str(unit) for unit in api.Unit],
        "profiles": list(api.PROFILES),
        "devices": list(api.DEVICES),
        "engines": list(api.ENGINES),
        "structures": list(api.STRUCTURES),
    }
    if as_json:
        click.echo(json.dumps({"version": sar_colorize.__version__, **found}))
        return
    click.echo(f"{'version':<14} {sar_colorize.__version__}")
    for name, values in found.items():
        click.echo(f"{name:<14} {' '.join(item['name'] if isinstance(item, dict) else item for item in values)}")
