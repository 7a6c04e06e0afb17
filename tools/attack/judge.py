"""What is promised of a call, and of what it leaves."""

from __future__ import annotations

import math
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .case import BrokenPromiseError

PATIENCE_S = 12.0
"""After so long a run that says how far it is gets cancelled, which is not a hang."""
UNFORESEEN = "an error that nobody foresaw"
"""What the command line says as its last resort; it is a traceback in other words."""
NOISE = ("_tiffWriteProc: ", "_tiffSeekProc: ", "ERROR ", "Warning ")
"""What GDAL and libtiff themselves print before the sentence, on a full disk."""
MOST_PX = 4_000_000
"""Larger pictures are not read again as a whole."""


class Patience:
    """A progress function that cancels a run after a while, or after some steps."""

    def __init__(self, steps: int | None = None) -> None:
        self._until, self._steps = time.monotonic() + PATIENCE_S, steps

    def __call__(self, done: int, total: int) -> None:
        """Raises KeyboardInterrupt when the time is over."""
        if time.monotonic() > self._until or (self._steps is not None and done >= self._steps and done < total):
            raise KeyboardInterrupt


def attempt(call: Callable[[], Any]) -> tuple[str, Any]:
    """Runs a call of the package.

    Returns:
        ("refused", message), ("cancelled", message) or ("done", result).

    Raises:
        BrokenPromiseError: anything but a sentence came out.
    """
    from sar_colorize.errors import Cancelled, SarColorizeError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "done", call()
    except SarColorizeError as error:
        text = str(error)
        if not text.strip() or "Traceback (most recent call last)" in text or len(text) > 5000:
            raise BrokenPromiseError(f"no sentence: {text[:200]!r}") from error
        return "refused", text
    except Cancelled as error:
        return "cancelled", str(error)
    except (Exception, SystemExit) as error:
        where = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in where if "sar_colorize" in frame.filename]
        place = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno} {ours[-1].name}" if ours else ""
        raise BrokenPromiseError(f"{type(error).__name__}{place}: {str(error)[:160]}") from error


def sentence(code: int, stderr: str) -> str:
    """How the command line ended, in a word.

    Raises:
        BrokenPromiseError: a traceback, another exit code than 0, 1, 2 and 130, or an error of several lines.
    """
    lines = [line for line in stderr.splitlines() if line]
    errors = [line for line in lines if line.startswith("error: ")]
    others = [line for line in lines if not line.startswith(("error: ", "note: ", *NOISE))]
    wrong = ""
    if "Traceback (most recent call last)" in stderr or "Fatal Python error" in stderr:
        wrong = f"traceback, exit {code}: {lines[-1][:200]}"
    elif UNFORESEEN in stderr:
        wrong = f"unforeseen, exit {code}: {lines[-1][:300]}"
    elif code not in (0, 1, 2, 130):
        wrong = f"exit code {code}"
    elif code == 1 and (len(errors) != 1 or others):
        wrong = f"exit 1 with {len(errors)} sentences and {len(others)} other lines: {(others or [''])[-1][:200]}"
    elif code == 130 and "cancelled" not in stderr:
        wrong = "exit 130 without the word cancelled"
    if wrong:
        raise BrokenPromiseError(wrong) from RuntimeError(stderr[-6000:])
    return {0: "done", 1: "refused", 2: "wrong usage", 130: "cancelled"}[code]


def picture_holds(scene: Any, output: Path | None, array: Any = None) -> None:
    """A picture or filtered scene has the scene's grid and validity.

    Args:
        scene: the `Scene` reduced to the bands that were used.
        output: a file, or None.
        array: without a file, (C, H, W) with the validity as last band (uint8) or as NaN (float32).

    Raises:
        BrokenPromiseError: it does not open, or grid or validity differ.
    """
    import rasterio

    if scene.grid.height * scene.grid.width > MOST_PX:
        return
    raster = scene.read(scene.grid.window)
    if not np.isfinite(raster.values[:, raster.valid]).all():
        raise BrokenPromiseError("values that are not finite are called valid")
    if output is None:
        mask = array[-1] > 0 if array.dtype == np.uint8 else np.isfinite(array).all(axis=0)
        _same(mask, raster.valid)
        return
    with rasterio.open(output) as made:
        grid = scene.grid
        if made.driver != "GTiff" or made.shape != (grid.height, grid.width):
            raise BrokenPromiseError(
                f"output is {made.driver} of {made.shape}, the scene is {(grid.height, grid.width)}"
            )
        if grid.transform is not None and not _close(made.transform, grid.transform):
            raise BrokenPromiseError(
                f"output lies at {tuple(made.transform)[:6]}, the scene at {tuple(grid.transform)[:6]}"
            )
        if grid.crs_wkt is not None and not _same_crs(made.crs, rasterio.CRS.from_wkt(grid.crs_wkt)):
            raise BrokenPromiseError(f"output has the CRS {made.crs}, the scene {grid.crs_wkt[:80]}")
        values = made.read()
        mask = made.dataset_mask() > 0 if made.dtypes[0] == "uint8" else np.isfinite(values).all(axis=0)
    _same(mask, raster.valid)


def valid_of_file(path: str, indexes: tuple[int, ...]) -> np.ndarray | None:
    """(H, W) where a raster's own masks and finite values allow a pixel, read by rasterio alone.

    None where rasterio cannot.
    """
    import rasterio

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with rasterio.open(path) as source:
                if source.height * source.width > MOST_PX:
                    return None
                values = source.read(list(indexes))
                masks = source.read_masks(list(indexes))
        return np.asarray(np.isfinite(values).all(axis=0) & (masks > 0).all(axis=0))
    except Exception:  # noqa: BLE001 what rasterio alone cannot read is judged by other means
        return None


def _same(mask: np.ndarray, valid: np.ndarray) -> None:
    if mask.shape != valid.shape:
        raise BrokenPromiseError(f"output has {mask.shape} pixels, the scene {valid.shape}")
    differing = int((mask != valid).sum())
    if differing:
        raise BrokenPromiseError(f"validity differs in {differing} of {mask.size} pixels")


def _close(one: Any, other: Any) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(one[:6], other[:6], strict=True))


def _same_crs(one: Any, other: Any) -> bool:
    return bool(one == other or (one is not None and one.to_wkt() == other.to_wkt()) or _proj4(one) == _proj4(other))


def _proj4(crs: Any) -> Any:
    return None if crs is None else crs.to_dict()
