"""What a yearly median is worth as a reference, as `--reference worldcover` gives one, beside a picture of the season.

    python benchmarks/yearly_median.py SERIES [--place NAME]

SERIES is a folder of PLACE_DATE_s1.tif beside PLACE_DATE_s2.tif (reflectance x 10000), DATE as YYYYMMDD or YYYYMM. For
each date the reference is the median of the place's other dates, at 10, 20, 80 and 120 m, and, for comparison, the
picture of the other date that is nearest round the year. No reference says its date, so that no season is added to any.
Prints mean errors of a and b and of L in Lab units: of the reference itself shown (copy), of the picture made with it,
and without.
"""

from __future__ import annotations

import argparse
import datetime
import re
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

import sar_colorize as sc
from sar_colorize.color import srgb_to_lab
from sar_colorize.reference.picture import reference_on

RESOLUTIONS_PX = {"median, 10 m": 1, "median, 20 m": 2, "median, 80 m": 8, "median, 120 m": 12}
SEASON, NOTHING = "nearest season, 10 m", "no reference"
Errors = dict[str, list[tuple[float, float, float, float]]]
"""By reference: (a and b of the copy, L of it, a and b of the picture, L of it)."""


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("series", type=Path)
    parser.add_argument("--place", default="", help="only places whose names begin so")
    chosen = parser.parse_args()
    places: dict[str, list[Path]] = {}
    for path in sorted(chosen.series.glob(f"{chosen.place}*_s2.tif")):
        found = re.fullmatch(r"(.+)_(\d{6}|\d{8})_s2\.tif", path.name)
        if found and path.with_name(path.name.replace("_s2", "_s1")).exists():
            places.setdefault(found[1], []).append(path)
    means: dict[str, list[np.ndarray]] = {}
    for place, pictures in places.items():
        if len(pictures) < 4:
            continue
        errors: Errors = {}
        with tempfile.TemporaryDirectory() as folder:
            for picture in pictures:
                measure(picture, [other for other in pictures if other != picture], Path(folder) / "r.tif", errors)
        show(f"{place}, {len(pictures)} dates", {name: np.mean(rows, axis=0) for name, rows in errors.items()})
        for name, rows in errors.items():
            means.setdefault(name, []).append(np.mean(rows, axis=0))
    show(f"mean of {len(next(iter(means.values())))} places", {name: np.mean(rows, 0) for name, rows in means.items()})


def measure(picture: Path, others: list[Path], reference: Path, errors: Errors) -> None:
    """Adds the errors of one date."""
    scene = sc.open_scene(picture.with_name(picture.name.replace("_s2", "_s1")))
    truth, shown = reference_on(str(picture), scene.grid)
    layers = np.stack([_pixels(other) for other in others]).astype(np.float32)
    layers[layers <= 0] = np.nan
    median = np.nan_to_num(np.nanmedian(layers, axis=0))
    nearest = min(others, key=lambda other: _apart(_day(other), _day(picture)))
    made = {SEASON: (_pixels(nearest), 1)} | {name: (median, step) for name, step in RESOLUTIONS_PX.items()}
    for name, (pixels, step) in made.items():
        write(reference, picture, pixels, step)
        copy, seen = reference_on(str(reference), scene.grid)
        errors.setdefault(name, []).append(
            (*_errors(copy, truth, shown & seen), *_coloured(scene, reference, truth, shown))
        )
    errors.setdefault(NOTHING, []).append((np.nan, np.nan, *_coloured(scene, None, truth, shown)))


def write(path: Path, like: Path, pixels: np.ndarray, step: int) -> None:
    """A reference of reflectance x 10000, averaged over `step` pixels to each side, without a date."""
    height, width = (side // step for side in pixels.shape[1:])
    means = pixels[:, : height * step, : width * step].reshape(3, height, step, width, step).mean((2, 4))
    with rasterio.open(like) as dataset:
        transform, crs = dataset.transform @ Affine.scale(step), dataset.crs
    with rasterio.open(
        path, "w", driver="GTiff", height=height, width=width, count=3, dtype="uint16", nodata=0, crs=crs,
        transform=transform,
    ) as dataset:  # fmt: skip
        dataset.write(np.rint(means).astype(np.uint16))
        dataset.descriptions = ("red", "green", "blue")
        dataset.update_tags(PROCESSING_BASELINE="03.01")


def show(title: str, rows: dict[str, np.ndarray]) -> None:
    """A table."""
    print(f"\n{title}\n{'':24}copy a, b       L    made a, b       L")
    for name, (ab, light, made_ab, made_light) in rows.items():
        print(f"{name:24}{ab:9.2f}{light:8.2f}{made_ab:13.2f}{made_light:8.2f}", flush=True)


def _coloured(scene: sc.Scene, reference: Path | None, truth: np.ndarray, shown: np.ndarray) -> tuple[float, float]:
    """Errors of the picture that is made with a reference, or with none."""
    made = sc.colorize(scene, reference="none" if reference is None else reference, precision="fp32").values
    return _errors(srgb_to_lab(made[:3].astype(np.float32) / np.float32(255.0)), truth, shown & (made[3] > 0))


def _errors(lab: np.ndarray, truth: np.ndarray, where: np.ndarray) -> tuple[float, float]:
    """Mean absolute errors of a and b, and of L."""
    apart = np.abs(lab - truth)[:, where]
    return float(apart[1:].mean()), float(apart[0].mean())


def _pixels(path: Path) -> np.ndarray:
    """Red, green and blue, digital numbers."""
    with rasterio.open(path) as dataset:
        names = [str(name).upper() for name in dataset.descriptions]
        return dataset.read([names.index(band) + 1 for band in ("B04", "B03", "B02")])


def _day(path: Path) -> int:
    """Day of the year."""
    return datetime.datetime.strptime((path.name.split("_")[-2] + "15")[:8], "%Y%m%d").timetuple().tm_yday


def _apart(one: int, other: int) -> int:
    return min((one - other) % 365, (other - one) % 365)


if __name__ == "__main__":
    main()
