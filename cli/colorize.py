"""`sar-colorize colorize`."""

from __future__ import annotations

from typing import Any

from sar_colorize import api

from .command import command
from .many import inputs_and_folder, run_many
from .progress import Progress
from .result import show
from .signature import options, with_facts


@command()
@inputs_and_folder
@options(
    api.colorize,
    without=("source", "output"),
    facts=with_facts("filter", old=("--despeckle",))
    | with_facts(
        "reference",
        text="An optical raster of the place, of any earlier or later date, resolution and CRS, whose picture is kept "
        "where the radar agrees with it; or a source on the network (worldcover[:YEAR], mosaic-120[:MONTH], "
        "sentinel-2[:DATE|:+-DAYS], stac:URL#COLLECTION), of which the part that the scene needs is fetched. auto "
        "fetches only where `sar-colorize config network on` allows it; none.",
    )
    | with_facts("uncertainty", old=("--confidence",))
    | with_facts("model", text=f"A model's name ({', '.join(api.model_names())}), or a weights file."),
)
def colorize(
    inputs: tuple[str, ...],
    out_dir: str | None,
    skip_existing: bool,
    progress: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Colorize INPUT into OUTPUT, a Cloud Optimized GeoTIFF on the same grid; or many INPUTs into a folder.

    INPUT is a GeoTIFF, a COG, a zip that holds one, a Sentinel-1 GRD product, or anything GDAL opens (/vsizip/...,
    /vsis3/..., https://...). It may also be the name of a product as sar-colorize find lists it, or the address of its
    STAC item or manifest.safe: then only what is read is fetched. The colours are a prediction, and with --reference
    those of a picture of the place where the radar agrees with it; the file's tags say so: model, checksum, source,
    reference, settings.

    Of two names the second is OUTPUT. Without OUTPUT the picture of scene.tif is scene_colour.tif beside it. INPUT may
    be a folder of scenes or a pattern in quotes, and there may be several with --out-dir.

    \b
    sar-colorize colorize scene.tif colour.tif
    sar-colorize colorize scene.tif colour.tif --reference earlier_picture.tif --memory memory.tif
    sar-colorize colorize scene.tif colour.tif --reference worldcover
    sar-colorize colorize scene.tif colour.tif --palette earlier_picture.tif --uncertainty error.tif
    sar-colorize colorize scene.tif colour.tif --model composite --bbox 11.2 46.1 11.6 46.4 --bbox-crs EPSG:4326
    sar-colorize colorize march.tif may.tif july.tif --out-dir colour
    sar-colorize colorize "scenes/*.tif" --out-dir colour --skip-existing --quicklook "{name}.png"
    """
    if len(inputs) > 2 or out_dir is not None or skip_existing or (len(inputs) == 1 and api.is_many(inputs[0])):
        run_many(inputs, out_dir, skip_existing, progress, as_json, settings)
        return
    source, output = inputs if len(inputs) == 2 else (inputs[0], str(api.output_beside(inputs[0])))
    reporter = Progress(progress)
    show(api.colorize(source, output, on_progress=reporter, **settings), reporter, as_json)
