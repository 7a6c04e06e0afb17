"""`sar-colorize despeckle`."""

from __future__ import annotations

from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import Progress
from .result import show


class Looks(click.ParamType):
    """A number, or auto."""

    name = "auto|L"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        """The number as such."""
        try:
            return "auto" if value == "auto" else float(value)
        except ValueError:
            self.fail(f"must be auto or a number, got {value!r}; 4.4 is that of Sentinel-1 IW GRDH", param, ctx)


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option("--filter", type=click.Choice(api.FILTER_NAMES), default="lee", show_default=True)
@click.option("--size", type=int, metavar="PX", help="Width of the window, odd.  [default: the filter's own]")
@click.option(
    "--looks",
    type=Looks(),
    help="Equivalent number of looks; auto estimates it once from the scene.  [default: 4.4, Sentinel-1 IW GRDH; "
    "learned 3]",
)
@options.what_it_is
@options.product
@options.where
@options.how_to_write
@options.how_to_run
def despeckle(source: str, output: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Filter the speckle of INPUT into OUTPUT, float32, in the same unit, bands and grid, NaN where invalid.

    \b
    sar-colorize despeckle scene.tif smooth.tif --filter lee --size 7
    """
    reporter = Progress(progress)
    settings["bbox"] = settings["bbox"] or None
    show(api.despeckle(source, output, on_progress=reporter, **settings), reporter, as_json)
