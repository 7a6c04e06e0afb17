"""`sar-colorize`: the group of commands, each loaded when it is called, and the exit codes.

0 done, 1 an error raised on purpose, 2 wrong usage, 130 cancelled.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from importlib import import_module
from types import FrameType
from typing import NoReturn

import click

from sar_colorize.errors import SarColorizeError

from .progress import report_error

_GRACE_S = 10.0

COMMANDS = {
    "adapt": "Train a model further on rasters of one's own region.",
    "choices": "The version, and the names that options take.",
    "colorize": "A whole radar scene to a georeferenced colour picture.",
    "completion": "The completion script of a shell, to be sourced.",
    "demo": "Make a scene without a network, colorize it, show before and after.",
    "despeckle": "Filter the speckle of a whole scene.",
    "despeckle-stack": "Filter the speckle of scenes of one ground at several dates.",
    "doctor": "Versions, devices, what is missing and the line that mends it.",
    "evaluate": "Measure models on pairs, and write a report.",
    "info": "What a raster is: bands, unit and why, grid, nodata.",
    "models": "Names, cards and checksums of the models.",
    "pairs": "Cut radar and colour rasters into pairs to train on.",
    "train": "Train a network on pairs.",
}


class LazyGroup(click.Group):
    """Commands are modules of this package, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        return getattr(import_module(f".{name}", __package__), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sar-colorize")
@click.option(
    "--stop-at-eof", is_flag=True, help="Stop as at Ctrl-C when standard input ends: for programs that start this one."
)
def cli(stop_at_eof: bool) -> None:
    """Colour pictures from Sentinel-1 radar scenes, georeferenced, whole scenes at a time.

    Results go to standard output, progress and messages to standard error.
    """
    if stop_at_eof:
        threading.Thread(target=_stop_at_eof, daemon=True).start()


def main() -> NoReturn:
    """Runs the command line and exits with its code."""
    signal.signal(signal.SIGTERM, _cancel)
    try:
        code = cli(prog_name="sar-colorize", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.Abort:
        click.echo("cancelled; nothing was written", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except SarColorizeError as error:
        report_error(str(error))
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _stop_at_eof() -> None:
    """Whoever holds the other end of standard input cancelled or died: cancels, and in the end exits in any case."""
    while os.read(0, 1024):
        pass
    if sys.platform == "win32":
        _thread.interrupt_main(signal.SIGTERM)
    else:  # a real signal also wakes a main thread that waits
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(130)


def _cancel(_signal: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM is Ctrl-C: everything that was begun is undone."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
