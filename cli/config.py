"""`sar-colorize config`: what is said once and for all."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import options
from .command import Choice, Group


@click.group(cls=Group)
def config() -> None:
    """What you say once: whether a run without a reference may fetch one.

    \b
    sar-colorize config network on
    sar-colorize config show
    """


@config.command()
@click.argument("allowed", metavar="on|off", type=Choice(("on", "off")))
@options.as_json
def network(allowed: str, as_json: bool) -> None:
    """Allow or forbid that colorize fetches a reference from an open mosaic where none is given.

    SAR_COLORIZE_NETWORK=1 or 0 in the environment counts before it, and --offline before both. A source that is named
    with --reference needs no such permission.

    \b
    sar-colorize config network on
    """
    _show(api.allow_network(allowed == "on"), as_json)


@config.command()
@options.as_json
def show(as_json: bool) -> None:
    """What holds, who said so, and where sources and cache are.

    \b
    sar-colorize config show
    """
    _show(api.describe_config(), as_json)


def _show(facts: dict[str, Any], as_json: bool) -> None:
    """Prints what holds."""
    if as_json:
        click.echo(json.dumps(facts))
        return
    click.echo(f"{'network':<11} {'on' if facts['network'] else 'off'} ({facts['network_by']})")
    click.echo(f"{'config':<11} {facts['config']}")
    click.echo(f"{'cache':<11} {facts['cache']}, at most {facts['cache_mb']} MB")
    for name, address in facts["sources"].items():
        click.echo(f"{name:<11} {address}")
