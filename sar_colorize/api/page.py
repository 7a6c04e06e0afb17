"""`page`: a colour picture and what belongs to it as one HTML file, to look at and to send."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..cog.publish import check_output, publish_bytes
from ..errors import OutputError
from ..progress import Progress
from ..scene.gdal import bounded_gdal
from ..scene.names import is_local
from ..tiles import check_whole_number
from .keywords import verb
from .output import PathLike, check_not_read, check_outside

SUFFIXES = (".html", ".htm")


@verb()
def page(  # long: the public signature spells out every keyword, and its docstring documents each
    sources: PathLike | Sequence[PathLike],
    output: PathLike,
    *,
    polarization: str | None = None,
    title: str | None = None,
    size_px: int = 4096,
    quality: int = 80,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """One HTML file that shows a colour picture beside its radar and whatever else is given; it asks no server.

    Two pictures are compared with a divider; expected error and share of memory lie over them. The page has scale,
    north, coordinates under the pointer, the facts of the tags, and says that the colours are a prediction.

    Input:
        sources: What is shown: a picture that `colorize` wrote, and others of the same ground: radar (a raster or a
            Sentinel-1 product), other dates, the reference or any optical raster, files of uncertainty, memory
            and classes.
            Each is told apart by its bands and tags; pictures and radar may lie on any grid.
        polarization: The radar band that is shown; None for the first.

    Picture:
        title: Of the page; None for the name of the radar.
        size_px: Longest side of the pictures inside, 256 to 4096 pixels; larger rasters are averaged by whole pixels.
        quality: Of the WebP pictures inside, 1 to 100; what is shown is lossy, values under the pointer are exact.

    Output:
        output: Path of the HTML file to write.
        overwrite: Replace an existing output.

    Run:
        on_progress: Called with (done, total) sources.

    Returns:
        output, title, layers (titles), width and height of the pictures in pixels, megabytes; plain values, for JSON.

    Raises:
        SarColorizeError: One sentence; nothing is written and an older output is untouched.
    """
    from .. import viewer

    check_whole_number("size_px", size_px, 256, 4096)
    check_whole_number("quality", quality, 1, 100)
    given = [os.fspath(path) for path in ([sources] if isinstance(sources, str | os.PathLike) else sources)]
    path = Path(output)
    _check(path, given, overwrite=overwrite)
    layers: list[viewer.Layer] = []
    with bounded_gdal():
        sorted_sources = viewer.sort_sources(given)
        base = viewer.find_base(sorted_sources[0][1], size_px)
        for done, (kind, name) in enumerate(sorted_sources):
            layers += viewer.draw_layer(kind, name, base, polarization=polarization, quality=quality)
            if on_progress is not None:
                on_progress(done + 1, len(sorted_sources))
        facts, place = viewer.facts_of(base.tags), viewer.place_of(base.page)
    size = base.page.width, base.page.height
    rows = [*(row for layer in layers for row in layer.rows), *facts.rows, *base.rows(place.crs)]
    shown = title or Path(base.tags.get("SAR_COLORIZE_SOURCE", base.path)).stem
    content = viewer.document(shown, size, layers, place, facts, rows, version("sar-colorize")).encode()
    publish_bytes(path, content, overwrite=overwrite)
    return {
        "output": os.fspath(output),
        "title": shown,
        "layers": [layer.title for layer in layers],
        "width": size[0],
        "height": size[1],
        "megabytes": round(len(content) / 1e6, 2),
    }


def _check(path: Path, sources: Sequence[str], *, overwrite: bool) -> None:
    """Refuses a place where no page may be written, and no sources.

    Raises:
        OutputError: another suffix, a file that is read or must not be replaced.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(f"output must end in {' or '.join(SUFFIXES)}, got {path}; name the page last")
    check_not_read([path], *sources)
    for source in sources:
        if is_local(source):
            check_outside(path, source)
    check_output(path, overwrite=overwrite)
