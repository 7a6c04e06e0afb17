"""Options that several commands share, so that they are called the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from sar_colorize import api

from .progress import MODES

F = TypeVar("F", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in reading order."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _creation_options(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """K=V pairs as a dictionary."""
    for value in values:
        if "=" not in value:
            raise click.BadParameter(f"must be K=V, got {value!r}; for example LEVEL=9")
    return dict(value.split("=", 1) for value in values)


what_it_is = _all(
    click.option(
        "--polarization",
        type=click.Choice(api.POLARIZATIONS, case_sensitive=False),
        metavar="|".join(api.POLARIZATIONS),
        help="The band to use; also names a single band that has no name.  [default: found]",
    ),
    click.option(
        "--unit",
        type=click.Choice(["auto", *map(str, api.Unit)]),
        default="auto",
        show_default=True,
        help="What the values measure; auto finds it and says why.",
    ),
    click.option("--nodata", type=float, help="A value that is invalid besides what the file says."),
)

product = _all(
    click.option(
        "--grid",
        type=click.Choice(api.GRIDS),
        default="map",
        show_default=True,
        help="map draws what has ground control points on a map; radar keeps the radar's own grid.",
    ),
    click.option("--crs", metavar="CRS", help="Of that map, such as EPSG:3857.  [default: UTM of the scene]"),
    click.option("--resolution", type=float, help="Of that map, in units of its CRS.  [default: the radar's spacing]"),
    click.option(
        "--calibration",
        type=click.Choice(list(api.QUANTITIES)),
        default="sigma0",
        show_default=True,
        help="What a SAFE product is calibrated to.",
    ),
    click.option(
        "--keep-noise",
        "remove_noise",
        flag_value=False,
        default=True,
        help="Leave the thermal noise in a SAFE product.",
    ),
)

where = _all(
    click.option("--bbox", type=float, nargs=4, metavar="W S E N", help="Only this box; the output is cut to it."),
    click.option("--bbox-crs", metavar="CRS", help="CRS of the box, such as EPSG:4326.  [default: the scene's]"),
    click.option("--aoi", metavar="FILE", help="A vector file; pixels outside its polygons become invalid."),
)

how_to_write = _all(
    click.option(
        "--profile",
        type=click.Choice(list(api.PROFILES)),
        default="deflate",
        show_default=True,
        help="Compression of the output; jpeg and webp lose detail.",
    ),
    click.option(
        "--co",
        "creation_options",
        multiple=True,
        metavar="K=V",
        callback=_creation_options,
        help="An option of GDAL's COG driver; may be repeated.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace an existing output."),
    click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing."),
)

how_to_run = _all(
    click.option("--block-px", type=int, default=1024, show_default=True, help="Side of a block, in pixels."),
    click.option(
        "--progress",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        help="On standard error; auto is a bar on a terminal.",
    ),
    as_json,
)
