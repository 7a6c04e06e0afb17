"""Colour of models and filters on georeferenced places with real speckle: the tables of docs/experiments.md.

    python benchmarks/real_places.py DIR --model NAME|FILE ... --filter none --filter lee:5 --palette west

DIR holds NAME_s1.tif (radar with named bands) and NAME_s2.tif (true colour, uint8) on one grid. Prints, for each model,
filter, polarisation and palette, the absolute error of a and b and the chroma ratio, mean over the places and place by
place. The palette "west" is that of the western half of NAME_s2.tif; with it the eastern half is measured, also with
the mean colour of that palette alone.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window

import sar_colorize as sc
from sar_colorize.color import srgb_to_lab
from sar_colorize.errors import DataError
from sar_colorize.models.painter import kind_of

FAMILIES = {"both": None, "VV": "VV", "VH": "VH"}
Figures = tuple[float, float]


def main() -> None:
    """One line for each combination."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="append", required=True, help="a name or a weights file; may be repeated")
    parser.add_argument("--filter", action="append", required=True, help="NAME or NAME:SIZE; may be repeated")
    parser.add_argument("--polarization", action="append", choices=list(FAMILIES), help="may be repeated; else VV")
    parser.add_argument("--palette", action="append", choices=["none", "auto", "west"], help="may be repeated")
    chosen = parser.parse_args()
    places = sorted(chosen.folder.glob("*_s1.tif"))
    if not places:
        raise DataError(f"folder must hold NAME_s1.tif and NAME_s2.tif, got none in {chosen.folder}; name another")
    print(f"{'model':20} {'filter':8} {'bands':5} {'palette':8} {'ab error':>9} {'chroma':>7}  by place")
    for palette in chosen.palette or ["none"]:
        if palette == "west":
            show("its mean colour", "", "", palette, [west_mean(place) for place in places])
        for model in chosen.model:
            for filter in chosen.filter:
                for bands in chosen.polarization or ["VV"]:
                    found = [measured(place, model, filter, FAMILIES[bands], palette) for place in places]
                    show(Path(model).stem, filter, bands, palette, found)


def show(model: str, filter: str, bands: str, palette: str, found: list[Figures]) -> None:
    """A line of the table."""
    error, ratio = np.mean(found, axis=0)
    each = " ".join(f"{one:.2f}" for one, _ in found)
    print(f"{model:20} {filter:8} {bands:5} {palette:8} {error:9.2f} {ratio:7.2f}  {each}")


def measured(place: Path, model: str, filter: str, polarization: str | None, palette: str) -> Figures:
    """Error of a and b and chroma ratio of one place."""
    name, _, size = filter.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        source = str(western(place, Path(folder))) if palette == "west" else palette
        if not kind_of(sc.load_card(model)).takes_palette:
            source = "none"
        picture = sc.colorize(
            place, model=model, filter=name, size=int(size) if size else None, polarization=polarization,
            reference="none", palette=source, precision="fp32",
        ).values  # fmt: skip
    ours, real = srgb_to_lab(picture[:3] / np.float32(255))[1:], real_ab(place)
    valid = picture[3] > 0
    if palette == "west":
        valid[:, : valid.shape[1] // 2] = False
    return figures(ours[:, valid], real[:, valid])


def west_mean(place: Path) -> Figures:
    """The eastern half in the mean colour of the western."""
    real = real_ab(place)
    half = real.shape[2] // 2
    mean = real[:, :, :half].mean((1, 2))
    east = real[:, :, half:].reshape(2, -1)
    return figures(np.broadcast_to(mean[:, None], east.shape), east)


def figures(ours: np.ndarray, real: np.ndarray) -> Figures:
    """Mean absolute error of a and b, and predicted over true chroma."""
    return float(np.abs(ours - real).mean()), float(np.hypot(*ours).mean() / np.hypot(*real).mean())


def real_ab(place: Path) -> np.ndarray:
    """(2, H, W): a and b of the real picture."""
    with rasterio.open(place.with_name(place.name.replace("_s1", "_s2"))) as dataset:
        ab: np.ndarray = srgb_to_lab(dataset.read([1, 2, 3]) / np.float32(255))[1:]
    return ab


def western(place: Path, folder: Path) -> Path:
    """The western half of the real picture as a file of its own."""
    with rasterio.open(place.with_name(place.name.replace("_s1", "_s2"))) as dataset:
        window = Window(0, 0, dataset.width // 2, dataset.height)
        profile = dataset.profile | {"width": window.width, "count": 3, "driver": "GTiff"}
        with rasterio.open(folder / "west.tif", "w", **profile) as out:
            out.write(dataset.read([1, 2, 3], window=window))
    return folder / "west.tif"


if __name__ == "__main__":
    main()
