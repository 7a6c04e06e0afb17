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

from .command import Stopped, verbose_option
from .progress import begin, report_error

_GRACE_S = 10.0

COMMANDS = {
    "Make pictures": {
        "colorize": "A whole radar scene to a georeferenced colour picture.",
        "demo": "Simulate a scene, colorize it, and show before and after.",
    },
    "Radar": {
        "despeckle": "Filter the speckle of a whole scene.",
        "despeckle-stack": "Filter the speckle of several dates together.",
        "info": "What a raster is: bands, unit and why, grid, nodata.",
    },
    "Models": {
        "models": "Names, cards and checksums of the models.",
        "train": "Train a network on pairs.",
        "adapt": "Train a model further on rasters of one's own region.",
        "evaluate": "Measure models on pairs, and write a report.",
        "pairs": "Cut radar and colour rasters into pairs to train on.",
    },
    "Help": {
        "doctor": "Versions, devices, and the line that mends what is missing.",
        "choices": "The version, and the names that options take.",
        "completion": "The completion script of a shell, to be sourced.",
    },
}
"""What each command does, by group, in the order of the help."""
NAMES = tuple(name for group in COMMANDS.values() for name in group)


class LazyGroup(click.Group):
    """Commands are modules of this package, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return list(NAMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The function that is called as its module is."""
        if cmd_name not in NAMES:
            return None
        name = cmd_name.replace("-", "_")
        found: click.Command = getattr(import_module(f".{name}", __package__), name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands by group, without importing one."""
        width = max(map(len, NAMES))
        for group, commands in COMMANDS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sar-colorize")
@click.option(
    "--stop-at-eof", is_flag=True, help="Stop as at Ctrl-C when standard input ends: for programs that start this one."
)
def cli(stop_at_eof: bool) -> None:
    """Colour pictures from Sentinel-1 radar scenes, georeferenced, whole scenes at a time.

    Results go to standard output, progress and messages to standard error. Options of a command: sar-colorize
    COMMAND --help.

    \b
    sar-colorize demo
    sar-colorize colorize scene.tif colour.tif
    """
    begin()
    if stop_at_eof:
        threading.Thread(target=_stop_at_eof, daemon=True).start()


cli.params.append(verbose_option())


def main() -> NoReturn:
    """Runs the command line and exits with its code."""
    signal.signal(signal.SIGTERM, _cancel)
    try:
        code = cli(prog_name="sar-colorize", standalone_mode=False)
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.Abort as abort:  # what click makes of an interrupt outside of a command
        if isinstance(abort.__cause__, EOFError):  # and of a file that ends too early, which nobody cancelled
            raise abort.__cause__ from None
        stopped = Stopped(abort)
        stopped.show()
        code = stopped.exit_code
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
