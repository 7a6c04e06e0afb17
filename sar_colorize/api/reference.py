"""`reference`: the picture of a scene's place from an open mosaic, as a file to look at and to use again."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog.fetch import Fetched, fetch
from ..catalog.plan import plan_fetch
from ..catalog.sources import SOURCE_NAMES, parse_source
from ..cog.messages import cannot_write
from ..cog.publish import check_output, publish
from ..errors import SettingError
from ..hidden_folder import HiddenFolder, remove_orphans
from ..place import date_of
from ..progress import Progress
from ..scene import Scene
from ..scene.date import parse_date
from ..scene.gdal import bounded_gdal
from .keywords import verb
from .output import PathLike, check_outputs
from .radar_source import check_offline, open_input

if TYPE_CHECKING:
    import xarray


@verb()
def fetch_reference(  # long: the public signature spells out every keyword, and its docstring documents each
    source: PathLike | xarray.DataArray | Scene,
    output: PathLike,
    *,
    unit: str = "auto",
    polarization: str | None = None,
    from_source: str = "worldcover",
    reference_resolution: float | None = None,
    date: str | None = None,
    offline: bool = False,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> Fetched:
    """The picture of a scene's place from an open mosaic, written to look at and to be given as a reference.

    A Cloud Optimized GeoTIFF in UTM around the scene: bands red, green and blue, uint16 reflectance x 10000, 0 where
    nothing is known. Its tags name source, tiles, date, licence and credit.

    Input:
        source: A path, a URL, a GDAL name, a Sentinel-1 product, an xarray DataArray, or a Scene.
        unit: What the values measure: auto, dn, amplitude, power, db or display; auto finds it.
        polarization: The band to use; also names a single band that has no name.

    Picture:
        from_source: The mosaic: worldcover[:YEAR] (10 m, median of 2021 or 2020), or mosaic-120[:MONTH] (120 m, ten
            days of 2019 or 2020, nearest to the scene's day of the year). Or Sentinel-2 itself, the clear ground of
            some days: sentinel-2[:DATE|:+-DAYS], or stac:URL#COLLECTION of another catalogue.
        reference_resolution: Metres of a pixel, at least those of the mosaic; None for 20 m, coarser for large scenes.
        date: The day or month of the scene, YYYY-MM-DD or YYYY-MM. None takes that of its product, tags or name.
        offline: Ask no server; only what was fetched before is used.

    Output:
        output: Path of the GeoTIFF to write.
        overwrite: Replace an existing output.

    Run:
        on_progress: Called with (done, total) tiles.

    Returns:
        What was fetched: path, items, date, share of the scene that is covered, licence, credit, megabytes.

    Raises:
        SarColorizeError: One sentence; nothing is written and an older output is untouched.
    """
    wanted = parse_source(from_source, "from_source")
    if wanted is None:
        raise SettingError(
            f"from_source must be one of {', '.join(SOURCE_NAMES)}, got {from_source!r:.80}; a file needs no fetching"
        )
    if date is not None:
        parse_date(date, "date")
    check_offline(offline, source)
    path = Path(output)
    check_output(path, overwrite=overwrite)
    with bounded_gdal(), open_input(source, unit=unit, polarization=polarization) as opened:
        scene = opened.scene
        check_outputs([path], [scene], source if isinstance(source, str | os.PathLike) else None)
        plan = plan_fetch(scene.grid, wanted, reference_resolution, "from_source")
        made = fetch(plan, date_of(scene, date), offline=offline, on_tick=on_progress)
        _publish(Path(made.path), path, overwrite=overwrite)
    return replace(made, path=os.fspath(output))


@dataclass
class _Copy:
    """A finished file that is to become `path`, see `cog.publish`."""

    path: Path
    overwrite: bool
    hidden: HiddenFolder
    is_published: bool = False


def _publish(made: Path, path: Path, *, overwrite: bool) -> None:
    """Copies a file of the cache to an output, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    remove_orphans(path)
    hidden = HiddenFolder(path)
    try:
        try:
            shutil.copyfile(made, hidden.path / "cog.tif")
        except OSError as error:
            raise cannot_write(path, error.strerror or str(error)) from error
        publish([_Copy(path, overwrite, hidden)])
    finally:
        with suppress(OSError):
            hidden.remove()
