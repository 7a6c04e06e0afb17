"""Colours without a picture, on georeferenced places of known truth: the tables of docs/by_place.md.

    python benchmarks/no_picture.py DIR ... [--palette auto --palette none] [--band VH [--stored amplitude]]
        [--out pictures.png]

DIR holds NAME_s1.tif (radar with named bands) and NAME_s2.tif (true colour uint8, or reflectance x 10000) on one grid,
and, where there is one, manifest.csv with name, place and date_s2 (a day, a month, or fall or winter). Names of one
place count as one. Prints for each palette and place: error of a and b together, of L, a and b; correlation and spread
(standard deviation over the truth's) of L, a and b within a scene; the error of a and b that was expected, its rank
correlation with the real one within a scene, and the real one where the expected is in its worst tenth; all in the mean
over dates; then the mean of the places. `--band` takes one polarisation, and `--stored` a copy of it without its level:
8-bit amplitude up to its 99th percentile, or 8-bit display codes from the 2nd to the 98th. `--out` draws truth and
pictures side by side.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import rasterio
from scipy.stats import spearmanr

import sar_colorize as sc
from sar_colorize.color import render_reflectance, srgb_to_lab

SEASONS = {"spring": "04", "summer": "07", "fall": "10", "winter": "01"}
SIDE_PX = 200


def main() -> None:
    """A table for each palette."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--palette", action="append", choices=["auto", "none"], help="may be repeated; else auto")
    parser.add_argument("--band", choices=["VV", "VH"])
    parser.add_argument("--stored", choices=["amplitude", "display"], help="with --band")
    parser.add_argument("--out", type=Path, help="a PNG")
    given = parser.parse_args()
    if given.stored and not given.band:
        parser.error("--stored must come with --band, got it alone; add --band VH")
    rows = []
    for palette in given.palette or ["auto"]:
        found, pictures = defaultdict(list), {}
        for folder in given.folders:
            facts = manifest(folder)
            for path in sorted(folder.glob("*_s1.tif")):
                name = path.name.removesuffix("_s1.tif")
                place, date = facts.get(name, (name, None))
                figures, pictures[place] = measured(path, palette, date, given.band, given.stored)
                found[place].append(figures)
        print(f"{palette:22}    ab     L     a     b | r L, a, b         | spread L, a, b    | expected, rank, worst")
        means = {place: np.nanmean(each, 0) for place, each in found.items()}
        for place, mean in {**means, "mean of the places": np.mean(list(means.values()), 0)}.items():
            print(f"{place:22} " + " | ".join(" ".join(f"{x:5.2f}" for x in mean[part]) for part in PARTS))
        rows.append(pictures)
    if given.out:
        draw(rows, given.out)


PARTS = (slice(0, 4), slice(4, 7), slice(7, 10), slice(10, 13))


def manifest(folder: Path) -> dict[str, tuple[str, str | None]]:
    """Place and date of each name; those of overlapping places (NAME_c, NAME_d) are one."""
    path = folder / "manifest.csv"
    if not path.exists():
        return {}
    found: dict[str, tuple[str, str | None]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            said = row["date_s2"].split()[0]
            date = f"2020-{SEASONS[said]}" if said in SEASONS else said
            found[row["name"]] = row["place"].removesuffix("_c").removesuffix("_d"), date
    return found


def measured(
    path: Path, palette: str, date: str | None, band: str | None, stored: str | None
) -> tuple[list[float], np.ndarray]:
    """Figures of one scene, and truth and picture side by side, (H, 2 W, 3) uint8."""
    with rasterio.open(path.with_name(path.name.replace("_s1", "_s2"))) as dataset:
        values = dataset.read([1, 2, 3])
    real = values / np.float32(255) if values.dtype == np.uint8 else render_reflectance(values / np.float32(1e4))
    settings = {"palette": palette, "date": date if palette == "auto" else None, "polarization": band}
    with tempfile.TemporaryDirectory() as folder:
        scene = without_level(path, band, stored, Path(folder)) if band and stored else path
        out, doubt = Path(folder) / "colour.tif", Path(folder) / "error.tif"
        sc.colorize(scene, out, uncertainty=doubt, **settings)
        with rasterio.open(out) as picture, rasterio.open(doubt) as dataset:
            made, expected = picture.read(), dataset.read(1)
    known = np.isfinite(expected) & (values > 0).all(0)
    ours, truth = (srgb_to_lab(x.astype(np.float32))[:, known] for x in (made[:3] / np.float32(255), real))
    error = np.abs(ours - truth).mean(1)
    agreement = [float(np.corrcoef(a, b)[0, 1]) for a, b in zip(ours, truth, strict=True)]
    both = np.concatenate([(real * 255).astype(np.uint8), made[:3]], 2).transpose(1, 2, 0)
    spread = ours.std(1) / truth.std(1)
    said, off = expected[known], np.abs(ours - truth)[1:].mean(0)
    judged = [said.mean(), spearmanr(said, off).statistic, off[said >= np.quantile(said, 0.9)].mean()]
    return [float(error[1:].mean()), *error.tolist(), *agreement, *spread.tolist(), *map(float, judged)], both


def without_level(path: Path, band: str, stored: str, folder: Path) -> Path:
    """A copy of one band as 8-bit codes."""
    with rasterio.open(path) as dataset:
        db, profile = dataset.read(dataset.descriptions.index(band) + 1), dataset.profile
    known = np.isfinite(db)
    values = 10.0 ** (db / 20.0) if stored == "amplitude" else db
    low, high = (
        np.quantile(values[known], (0.02, 0.98)) if stored == "display" else (0.0, np.quantile(values[known], 0.99))
    )
    codes = np.clip(np.rint((values - low) / (high - low) * 255.0), 1.0, 255.0)
    profile.update(count=1, dtype="uint8", nodata=0)
    with rasterio.open(folder / path.name, "w", **profile) as dataset:
        dataset.write(np.where(known, codes, 0.0).astype(np.uint8), 1)
        dataset.descriptions = (f"{band} amplitude" if stored == "amplitude" else band,)
    return folder / path.name


def draw(rows: list[dict[str, np.ndarray]], path: Path) -> None:
    """Places downwards; truth, then the picture of each palette."""
    from PIL import Image

    lines = []
    for place in rows[0]:
        width = rows[0][place].shape[1] // 2
        tiles = [rows[0][place][:, :width], *(pictures[place][:, width:] for pictures in rows)]
        lines.append(
            np.concatenate([np.asarray(Image.fromarray(tile).resize((SIDE_PX, SIDE_PX))) for tile in tiles], 1)
        )
    Image.fromarray(np.concatenate(lines)).save(path)


if __name__ == "__main__":
    main()
