"""`sar-colorize`: the group of commands, each loaded when it is called."""

from __future__ import annotations

import difflib
from importlib import import_module

import click

from .command import verbose_option
from .interrupt import stop_at_eof as begin_to_watch
from .progress import begin

COMMANDS = {
    "Make pictures": {
        "colorize": "A whole radar scene to a georeferenced colour picture.",
        "reference": "The picture of a scene's place from an open mosaic.",
        "page": "One HTML file of a colour picture, to look at and to send.",
        "demo": "Simulate a scene, colorize it, and show before and after.",
    },
    "Radar": {
        "find": "Sentinel-1 scenes of a place and a time, from a catalogue.",
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
        "config": "Whether a run without a reference may fetch one.",
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; a name that is nearly one of ours is told which."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0].lower(), NAMES, 1, cutoff=0.5)
            if close:
                raise click.UsageError(f"No such command {args[0]!r}. Did you mean {close[0]!r}?", ctx) from error
            raise

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
        begin_to_watch()


cli.params.append(verbose_option())
