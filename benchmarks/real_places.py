"""Colour of models and filters on georeferenced places with real speckle: the table of docs/experiments.md.

    python benchmarks/real_places.py DIR --model NAME|FILE ... --filter none --filter lee:5 --filter lee:7

DIR holds NAME_s1.tif (radar with named bands) and NAME_s2.tif (true colour, uint8) on one grid. Prints, for each model
and filter, the mean over the places of the absolute error of a and b, and of the chroma ratio.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import rasterio

import sar_colorize as sc
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import DataError


def main() -> None:
    """One line for each model and filter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="append", required=True, help="a name or a weights file; may be repeated")
    parser.add_argument("--filter", action="append", required=True, help="NAME or NAME:SIZE; may be repeated")
    parser.add_argument("--polarization", default="VV")
    chosen = parser.parse_args()
    places = sorted(chosen.folder.glob("*_s1.tif"))
    if not places:
        raise DataError(f"folder must hold NAME_s1.tif and NAME_s2.tif, got none in {chosen.folder}; name another")
    print(f"{'model':24} {'filter':10} {'ab error':>9} {'chroma ratio':>13}")
    for model in chosen.model:
        for despeckle in chosen.filter:
            figures = [measured(place, model, despeckle, chosen.polarization) for place in places]
            error, ratio = np.mean(figures, axis=0)
            print(f"{Path(model).stem:24} {despeckle:10} {error:9.2f} {ratio:13.2f}")


def measured(place: Path, model: str, despeckle: str, polarization: str) -> tuple[float, float]:
    """ab error and chroma ratio of one place."""
    name, _, size = despeckle.partition(":")
    picture = sc.colorize(
        place, model=model, despeckle=name, filter_size_px=int(size) if size else None, polarization=polarization,
        precision="fp32",
    ).values  # fmt: skip
    with rasterio.open(place.with_name(place.name.replace("_s1", "_s2"))) as dataset:
        real = srgb_to_lab(dataset.read([1, 2, 3]) / np.float32(255))[1:]
    ours = srgb_to_lab(picture[:3] / np.float32(255))[1:]
    valid = picture[3] > 0
    return (
        float(np.abs(ours - real)[:, valid].mean()),
        float(np.hypot(*ours)[valid].mean() / np.hypot(*real)[valid].mean()),
    )


if __name__ == "__main__":
    main()
