"""`sar-colorize colorize`."""

from __future__ import annotations

from typing import Any

import click

from sar_colorize import api

from . import options
from .progress import Progress
from .result import show


@click.command()
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "--model",
    default=api.DEFAULT_MODEL,
    show_default=True,
    metavar="NAME|FILE",
    help=f"A model ({', '.join(api.model_names())}) or a weights file.",
)
@click.option(
    "--despeckle",
    type=click.Choice(["auto", *api.FILTER_NAMES]),
    default="auto",
    show_default=True,
    help="Speckle filter before the lightness; auto is the one that the model was trained with.",
)
@click.option(
    "--palette",
    default="auto",
    show_default=True,
    metavar="auto|none|FILE",
    help="What colours the place has: a guess from the map, none, or any optical raster of the place. To one that "
    "overlaps the scene colours are fitted.",
)
@options.what_it_is
@options.product
@click.option(
    "--offset-db",
    default="auto",
    show_default=True,
    metavar="auto|fit|DB",
    help="Shift of the whole scene; auto fits one where the unit has no absolute scale.",
)
@options.where
@click.option("--confidence", metavar="FILE", help="Also write the expected error of the colour, Lab units.")
@options.how_to_write
@click.option("--tile-px", type=int, help="Side of the tiles that the network sees.  [default: the model's]")
@click.option("--overlap-px", type=int, help="Pixels shared by neighbouring tiles.  [default: the model's]")
@click.option("--batch", type=int, help="Tiles at a time.  [default: by device]")
@click.option("--device", type=click.Choice(api.DEVICES), default="auto", show_default=True)
@click.option("--precision", type=click.Choice(api.PRECISIONS), default="auto", show_default=True)
@click.option("--scheduler", metavar="ADDRESS", help="Paint on the workers of a dask cluster.")
@options.how_to_run
def colorize(source: str, output: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Colorize INPUT into OUTPUT, a Cloud Optimized GeoTIFF on the same grid.

    INPUT is a GeoTIFF, a COG, a zip that holds one, or anything GDAL opens (/vsizip/..., /vsis3/..., https://...). The
    colours are a prediction, and the file's tags say so: model, checksum, source, settings.

    \b
    sar-colorize colorize scene.tif colour.tif
    sar-colorize colorize scene.tif colour.tif --palette earlier_picture.tif --confidence sure.tif
    sar-colorize colorize scene.tif colour.tif --model composite --bbox 11.2 46.1 11.6 46.4 --bbox-crs EPSG:4326
    """
    reporter = Progress(progress)
    settings["offset_db"] = _offset(settings["offset_db"])
    settings["bbox"] = settings["bbox"] or None
    result = api.colorize(source, output, on_progress=reporter, **settings)
    show(result, reporter, as_json)


def _offset(text: str) -> str | float:
    """auto and fit as they are, everything else a number."""
    if text in ("auto", "fit"):
        return text
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"must be auto, fit or a number, got {text!r}", param_hint="--offset-db") from None
