"""`sar-colorize info`."""

from __future__ import annotations

import json
from typing import Any

import click

from sar_colorize import api

from .command import command
from .signature import options


@command()
@options(api.info, arguments={"source": "INPUT"})
def info(source: str, as_json: bool, **settings: Any) -> None:
    """What INPUT is, why we think so, and what will be done to it; a product on a server too, by name or address.

    Of a picture that colorize wrote: how it was made, and what its colours stand for.

    \b
    sar-colorize info scene.tif
    sar-colorize info scene.tif --unit amplitude --json
    sar-colorize info colour.tif
    """
    facts = api.info(source, **settings)
    if as_json:
        click.echo(json.dumps(facts))
        return
    if "legend" in facts:
        _picture(facts)
        return
    blocks = " x ".join(map(str, facts["block_shape"]))
    scale = "absolute" if facts["absolute_scale"] else "relative, so one offset in dB will be fitted to the whole scene"
    transform = facts["transform"]
    lines = [
        ("source", facts["source"]),
        ("size", f"{facts['width']} x {facts['height']} px, stored in blocks of {blocks}"),
        ("bands", f"{', '.join(facts['bands'])} ({facts['bands_reason']})"),
        ("unit", f"{facts['unit']} ({facts['unit_reason']})"),
        ("scale", f"{scale} ({facts['scale_reason']})"),
        ("crs", facts["crs"] or "none"),
        ("transform", " ".join(f"{value:.10g}" for value in transform) if transform else "none"),
        ("invalid", f"where {facts['invalid_where']}"),
        ("valid", f"{100 * facts['sampled_valid_fraction']:.1f} % of a sample"),
    ]
    for band, level in facts["sampled_levels"].items():
        lines.append((band, f"1 % {level['p1']:.4g}, median {level['median']:.4g}, 99 % {level['p99']:.4g}"))
    lines += [(name.replace("_", " "), text) for name, text in facts["about"].items()]
    lines += [("note", note) for note in facts["notes"]]
    for name, text in lines:
        click.echo(f"{name:<11} {text}")


def _picture(facts: dict[str, Any]) -> None:
    """A picture that `colorize` wrote."""
    lines = [("source", facts["source"]), ("size", f"{facts['width']} x {facts['height']} px")]
    lines += [("crs", facts["crs"] or "none"), ("notice", facts["notice"])]
    lines += [(name.lower(), text) for name, text in facts["facts"].items()]
    lines += [("legend", f"{each['colour']}  {each['kind']}, {each['share']}") for each in facts["legend"]]
    for name, text in lines:
        click.echo(f"{name:<14} {text}")
