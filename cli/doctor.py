"""`sar-colorize doctor`."""

from __future__ import annotations

import json

import click

from sar_colorize import api

from . import options
from .command import command


@command()
@options.as_json
def doctor(as_json: bool) -> None:
    """Versions, devices, models, and for everything that is missing the line that mends it.

    Exits with 1 if something that is needed is missing.

    \b
    sar-colorize doctor
    """
    report = api.examine()
    if as_json:
        click.echo(json.dumps(report.to_dict()))
    else:
        for check in report.checks:
            mark = "ok     " if check.ok else "MISSING" if check.needed else "absent "
            click.echo(
                f"{mark} {check.name:<16} {check.detail}" + (f"\n        mend with: {check.mend}" if check.mend else "")
            )
    if not report.ok:
        raise click.exceptions.Exit(1)
