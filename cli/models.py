"""`sar-colorize models`: list, show, verify."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from . import options
from .command import Group


@click.group(cls=Group)
def models() -> None:
    """Names, cards and checksums of the models.

    \b
    sar-colorize models list
    sar-colorize models show by-place
    sar-colorize models verify
    """


@models.command("list")
@options.as_json
def list_models(as_json: bool) -> None:
    """The models that are installed, the default first.

    \b
    sar-colorize models list
    sar-colorize models list --json
    """
    cards = [api.load_card(name) for name in api.model_names()]
    if as_json:
        click.echo(json.dumps([{"name": card.name, "summary": card.summary} for card in cards]))
        return
    for card in cards:
        mark = " (default)" if card.name == api.DEFAULT_MODEL else ""
        click.echo(f"{card.name}{mark}\n    {card.summary}")


@models.command()
@click.argument("model", metavar="NAME|FILE")
@options.as_json
def show(model: str, as_json: bool) -> None:
    """The card of a model, or of the speckle filter `learned`: what it takes, how it was made, how good it is.

    \b
    sar-colorize models show by-place
    sar-colorize models show my-region.safetensors --json
    """
    card = json.loads(api.describe_model(model))
    if as_json:
        click.echo(json.dumps(card))
        return
    for line in _lines(card, 0):
        click.echo(line)


@models.command()
@options.as_json
def verify(as_json: bool) -> None:
    """Check every installed weights file against its checksum.

    \b
    sar-colorize models verify
    """
    rows = api.verify_models()
    if as_json:
        click.echo(json.dumps([{"name": name, "ok": ok, "detail": detail} for name, ok, detail in rows]))
    else:
        for name, ok, detail in rows:
            click.echo(f"{'ok ' if ok else 'BAD'} {name}  {detail}")
    if not all(ok for _, ok, _ in rows):
        raise click.exceptions.Exit(1)


def _lines(value: Any, depth: int) -> list[str]:
    """Nested values as indented lines."""
    out = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            out.append(f"{'  ' * depth}{key}:")
            out.extend(_lines(item, depth + 1))
        else:
            out.append(f"{'  ' * depth}{key}: {item}")
    return out
