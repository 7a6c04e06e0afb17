"""The main job on a scene that it makes itself: no network, no data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..backscatter import DB_RANGES, to_db
from ..errors import OutputError, SettingError
from ..models.painter import kind_of
from ..models.registry import DEFAULT_MODEL, load_card
from ..progress import Progress
from ..scene import open_scene
from ..scene.names import check_name
from .colorize import colorize
from .keywords import verb
from .output import PathLike, check_not_read


@verb()
def demo(
    folder: PathLike = "demo",
    *,
    model: str = DEFAULT_MODEL,
    seed: int = 0,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> dict[str, str]:
    """Simulates a scene, colorizes it, and shows radar and colour side by side.

    Beside the scene it makes an earlier colour picture of its western half, from which a model that takes a palette
    learns the colours of the rest.

    Demo:
        folder: Made if it does not exist; holds scene.tif, earlier.tif, colour.tif and before_after.png afterwards.
        model: A model's name, or a weights file.
        seed: Of the simulated landscape and its speckle; another number is another landscape.
        overwrite: Replace an earlier demo.
        on_progress: Called with (done, total) blocks.

    Returns:
        The four paths, by name: scene, earlier, colour, picture.

    Raises:
        ModelError: no such model. SettingError: a seed below 0.
        OutputError: the folder cannot be made, or holds an earlier demo.
    """
    from .. import simulate

    takes_palette = kind_of(load_card(model)).takes_palette  # before anything is written
    if seed < 0:
        raise SettingError(f"seed must be at least 0, got {seed}; 0 is usual")
    place = Path(folder)
    check_name(str(place), "demo folder", OutputError)
    try:
        str(place).encode()  # GDAL takes names as UTF-8 alone
        new = [folder for folder in (place, *place.parents) if not folder.exists()]
        place.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"demo folder must be one that can be made, got {place} ({error}); choose another") from error
    scene, earlier, colour = place / "scene.tif", place / "earlier.tif", place / "colour.tif"
    picture = place / "before_after.png"
    check_not_read((scene, earlier, colour, picture), model)
    for path in (scene, earlier, colour, picture):
        if os.path.lexists(path) and not overwrite:
            raise OutputError(f"output must not exist yet, got {path}; allow overwriting or name another folder")
    with _or_nothing([scene, earlier, colour, picture], new):
        ground = simulate.write_scene(scene, seed=seed, overwrite=overwrite)
        simulate.write_optical(earlier, ground, 0.5, seed)
        palette = str(earlier) if takes_palette else "none"
        result = colorize(
            scene, colour, model=model, reference="none", palette=palette, overwrite=overwrite, on_progress=on_progress
        )
        _picture(scene, colour, picture, result.bands[0], result.model)
    return {"scene": str(scene), "earlier": str(earlier), "colour": str(colour), "picture": str(picture)}


@contextmanager
def _or_nothing(files: list[Path], folders: list[Path]) -> Iterator[None]:
    """Whatever ends the work in between takes new files and folders (the innermost first) away again."""
    own = [path for path in files if not os.path.lexists(path)]
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for path in own:
                path.unlink(missing_ok=True)
            for folder in folders:
                folder.rmdir()
        raise


def _picture(scene: Path, colour: Path, picture: Path, band: str, model: Any) -> None:
    """Before: the grey radar picture that tools show. After: ours."""
    import rasterio

    from .. import simulate

    radar = open_scene(scene, polarization=band)
    raster = radar.read(radar.grid.window)
    low, high = DB_RANGES[band]
    grey = (to_db(raster.values[0], raster.unit, (low, high)) - low) * (255.0 / (high - low))
    before = np.where(raster.valid, np.clip(grey, 0, 255), 0).astype(np.uint8)
    with rasterio.open(colour) as dataset:
        after = dataset.read()
    titles = (f"Radar ({band}, simulated)", f"sar-colorize ({model})")
    simulate.side_by_side(before, after, picture, titles, valid=raster.valid)
