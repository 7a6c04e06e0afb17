"""`rio colorize` and `rio despeckle`: the commands as plugins of rasterio's program, with the same ends."""

from __future__ import annotations

import re
from typing import Any

import click

from . import interrupt
from .colorize import colorize as _colorize
from .command import Command, Stopped
from .despeckle import despeckle as _despeckle
from .progress import begin


class Plugin(Command):
    """A command of ours under `rio`, whose own main function hears no signal but Ctrl-C."""

    def __init__(self, command: Command) -> None:
        name = str(command.name)
        text = re.sub(rf"\bsar-colorize (?={name}\b)", "rio ", command.help or "")
        params = [param for param in command.params if param.name != "verbose"]  # which every command adds
        super().__init__(name, callback=command.callback, params=params, help=text)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs it; a signal leaves nothing half-written, and ends in one line and its code."""
        begin()
        interrupt.install()
        made = super().invoke(ctx)
        if interrupt.is_cancelled():  # the interrupt was swallowed, and the command went on to its end
            raise Stopped(KeyboardInterrupt())
        return made


colorize, despeckle = Plugin(_colorize), Plugin(_despeckle)
