"""Where results go, and which part of the scene they cover: checked the same way for every verb, before any work."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cog import CogWriter, item_path
from ..cog.publish import sidecars_of
from ..cog.quicklook import check_suffix
from ..credentials import without_credentials
from ..errors import OutputError, SettingError
from ..raster import Grid, Window
from ..scene import Scene
from ..scene.area import Area, read_area, read_bbox
from ..scene.files import files_of, files_of_scene, product_folder

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from typing_extensions import TypeIs  # comes with mypy; typing's own needs Python 3.13

LOSSLESS = ("deflate", "zstd")
SUFFIXES = (".tif", ".tiff")
Box = tuple[float, float, float, float]
PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Target:
    """Which part of the scene results cover, and how they are written."""

    bbox: Box | None = None
    """West, south, east, north in `bbox_crs` (the scene's own where None); the output is cut to it."""
    bbox_crs: str | None = None
    """CRS of the box."""
    aoi: PathLike | None = None
    """A vector file; pixels outside its polygons become invalid."""
    profile: str = "deflate"
    """Compression, see `cog.PROFILES`."""
    creation_options: Mapping[str, str] | None = None
    """Options of GDAL's COG driver."""
    overwrite: bool = False
    """Whether an output that exists is replaced."""

    def __post_init__(self) -> None:
        if self.bbox_crs is not None and self.bbox is None:
            raise SettingError(f"bbox_crs must come with a bbox, got {self.bbox_crs!r} alone; give the bbox too")
        if self.bbox_crs == "":
            raise SettingError("bbox_crs must be a CRS such as EPSG:4326, got ''; leave it out for the scene's own")
        if self.bbox is not None:
            values = tuple(self.bbox) if isinstance(self.bbox, Iterable) else ()
            if len(values) != 4 or not all(isinstance(value, int | float) for value in values):
                raise SettingError(f"bbox must be four numbers, west south east north, got {self.bbox!r}; give four")

    def extent(self, scene: Scene) -> tuple[Window, Area | None]:
        """The window to be made and the area it is limited to.

        Raises:
            SettingError: a scene without pixels, or a box or an area that it does not share.
        """
        window = scene.grid.window
        if window.is_empty:
            raise SettingError(f"scene must hold pixels, got {window.height} x {window.width} in {scene.source}")
        if self.bbox is not None:
            window = read_bbox(self.bbox, self.bbox_crs, scene.grid)
        area = read_area(os.fspath(self.aoi), scene.grid) if self.aoi is not None else None
        if area is not None and window.intersect(area.bounds).is_empty:
            raise SettingError(f"aoi must share ground with the bbox, got {self.aoi}, which lies outside it; drop one")
        return window, area

    def writer(
        self,
        path: PathLike,
        grid: Grid,
        *,
        bands: tuple[str, ...],
        dtype: str,
        tags: Mapping[str, str],
        units: tuple[str, ...] | None = None,
        lossless: Mapping[str, str] | None = None,
    ) -> CogWriter:
        """A writer of one output, which touches nothing until it is opened.

        Args:
            lossless: of a measurement beside a picture, its creation options in place of the picture's; it has its own
                profile where that of the picture is lossy.

        Raises:
            OutputError: the file exists, or its folder is missing or not writable. SettingError: wrong options.
        """
        profile, options = self.profile, self.creation_options
        if lossless is not None:
            profile, options = profile if profile in LOSSLESS else "deflate", lossless
        shown = {name: without_credentials(text) for name, text in tags.items()}
        return CogWriter(
            path, grid, bands=bands, dtype=dtype, profile=profile, options=options, tags=shown, units=units,
            overwrite=self.overwrite,
        )  # fmt: skip


def check_outputs(
    outputs: Sequence[PathLike],
    scenes: Sequence[Scene],
    *others: PathLike | None,
    quicklook: PathLike | None = None,
    stac: bool = False,
) -> None:
    """Refuses outputs that would damage what a run reads, whatever the options.

    Args:
        outputs: paths of all rasters of the run. scenes: its inputs. others: files that it reads besides, such as the
            palette and the area of interest; names and None are passed over. quicklook: path of its small picture.
        stac: whether an item is written beside the first output.

    Raises:
        OutputError: an output, or a sidecar that goes with it, is a file that the run reads, lies inside a product
            that it reads, is named twice, or is not called .tif, the quicklook .png, .jpg or .webp.
    """
    paths = [Path(output) for output in outputs]
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise OutputError(
                f"output must be called .tif, got {path}; a Cloud Optimized GeoTIFF is written, whatever its name"
            )
    if quicklook is not None:
        check_suffix(Path(quicklook))
        paths.append(Path(quicklook))
    if stac and outputs:
        paths.append(item_path(outputs[0]))
    for number, path in enumerate(paths):
        if any(_is_same(path, earlier) for earlier in paths[:number]):
            raise OutputError(f"outputs must be different files, got {path} twice; choose another name for one")
        for scene in scenes:
            check_outside(path, scene.source)
    check_not_read(paths, *scenes, *others)


def check_not_read(paths: Iterable[Path], *sources: Scene | PathLike | None) -> None:
    """Refuses to replace, by any name, a file that a run reads.

    Args:
        paths: what the run would write. sources: what it reads; names of no file and None are passed over.

    Raises:
        OutputError: a path, or a sidecar that is removed with it, is such a file: by its name, by a link, as a part of
            an archive, a product or a virtual raster.
    """
    replaced = [(path, place) for path in paths for place in (path, *sidecars_of(path)) if _identity(place)]
    if not replaced:  # the usual case: nothing is there, so nothing can be lost
        return
    read: dict[tuple[int, int], Path] = {}
    for source in sources:
        if source is not None:
            files = files_of_scene(source) if isinstance(source, Scene) else files_of(os.fspath(source))
            read |= {identity: file for file in files if (identity := _identity(file))}
    for path, place in replaced:
        if (file := read.get(_identity(place) or (0, 0))) is None:
            continue
        if place == path:
            by = "" if file == path.absolute() else f", by another name {file}"
            raise OutputError(f"output must be another file than the inputs, got {path}{by}; choose a new name")
        raise OutputError(
            f"output must leave the inputs alone, got {path}, whose sidecar {place} is one of them; choose a new name"
        )


def check_outside(path: Path, source: str) -> None:
    """Refuses a place inside the folder that is the input.

    Raises:
        OutputError: it lies in that folder.
    """
    try:
        folder = Path(source) if Path(source).is_dir() else product_folder(source)
    except (OSError, ValueError):  # a name that no folder can have, such as a virtual raster's text
        return
    if folder is not None and folder.resolve() in path.resolve().parents:
        raise OutputError(f"output must stand outside its input, got {path} in {folder}; choose another folder")


def origin(source: object) -> str | None:
    """The file that a DataArray was opened from, as xarray and rioxarray keep it; None where it is not known."""
    found = getattr(source, "encoding", {}).get("source")
    return found if isinstance(found, str) else None


def check_file_alone(given: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
    """Refuses, of a call that writes no file, what only a file can have.

    Args:
        given: the keywords of files. usual: what each keyword is where it is left out.

    Raises:
        SettingError: the first that is not as usual.
    """
    for name, value in given.items():
        if value != usual[name]:
            raise SettingError(f"{name} must be left out without an output, got {value!r}; name an output")


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of a file, the same for all its names; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _is_same(path: Path, other: Path) -> bool:
    """The same file, or the same name where neither is there yet."""
    ours, theirs = _identity(path), _identity(other)
    return ours == theirs if ours and theirs else path.absolute() == other.absolute()


def is_array(source: object) -> TypeIs[NDArray[Any] | torch.Tensor]:
    """Whether a source is a numpy array or a torch tensor; torch is not imported."""
    import numpy as np

    return isinstance(source, np.ndarray) or type(source).__module__.split(".")[0] == "torch"
