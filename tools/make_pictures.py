"""Makes the pictures of docs/gallery.md and docs/by_place.md: run it after a model has changed.

    python tools/make_pictures.py [SCENE.tif ROW COL SIDE NAME] ...

The demo scene and the BigEarthNet patches come with the packages (`pip install ".[test]"`); of further scenes a square
of SIDE pixels, whose first pixel is ROW, COL, is cut out of the picture of the whole: socal.jpg, 1024 px at 5930, 0 of
socal_vh_amplitude.tif. With the NAME no_picture radar and picture stand side by side, each pixel as it is: all of
india-assam_512_db.tif.
"""

from __future__ import annotations

import io
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, ImageDraw

import sar_colorize as sc
from sar_colorize.api import demo

IMAGES = Path(__file__).parents[1] / "docs" / "img"
PANEL_PX = 300


def main(extra: list[str]) -> None:
    """All pictures, one after the other."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        made = demo(folder)
        picture = Image.open(made["picture"]).convert("RGB")
        picture.resize((1600, round(1600 * picture.height / picture.width)), Image.Resampling.LANCZOS).save(
            IMAGES / "demo.jpg", quality=85
        )
    reliability()
    save("bigearthnet.jpg", [strip(scene, coloured(scene), optical) for scene, optical in bigearthnet()])
    for path, row, col, side, name in zip(*[iter(extra)] * 5, strict=True):
        window = sc.Window(int(row), int(col), int(side), int(side))
        whole = sc.open_scene(path)
        scene, (rows, cols) = part(whole, window), window.within(whole.grid.window)
        ours = sc.colorize(whole, reference="none")[:3, rows, cols].values  # as a user has it, who colours all of it
        save(f"{name}.jpg", [beside(scene, ours) if name == "no_picture" else strip(scene, ours, None)])


def strip(scene: sc.Scene, ours: np.ndarray, optical: np.ndarray | None) -> np.ndarray:
    """Radar, composite, our picture, and the optical picture where there is one, side by side."""
    grey = first_band(scene)
    composite = [sc.colorize(scene, model="composite").values[:3]] if len(scene.bands) > 1 else []
    panels = [grey, *composite, ours]
    if optical is not None:
        panels.append(optical)
    return np.hstack([panel(values) for values in panels])


def coloured(scene: sc.Scene) -> np.ndarray:
    """(3, H, W) our picture."""
    return sc.colorize(scene, reference="none").values[:3]


def beside(scene: sc.Scene, ours: np.ndarray) -> np.ndarray:
    """Radar and our picture, pixel by pixel, with a white gap."""
    grey = np.pad(first_band(scene), ((0, 0), (0, 0), (0, 8)), constant_values=255)
    return np.concatenate([grey, ours], 2).transpose(1, 2, 0)


def first_band(scene: sc.Scene) -> np.ndarray:
    """(3, H, W) the first polarisation in grey, as it is."""
    return sc.colorize(scene.select(scene.bands[0]), model="composite", filter="none").values[:3]


def reliability() -> None:
    """Expected against real error of by-place, on the test pairs of its card; area of a circle: share of pixels."""
    curve = sc.load_card("by-place").quality["test"]["reliability"]["model, fitted"]
    side, margin, top = 420, 50, 8.0
    page = Image.new("RGB", (side + 2 * margin, side + 2 * margin), "white")
    draw = ImageDraw.Draw(page)

    def at(expected: float, real: float) -> tuple[float, float]:
        return margin + expected / top * side, margin + side - real / top * side

    for tick in range(0, int(top) + 1, 2):
        draw.line([at(tick, 0), at(tick, top)], fill="#e4e4e4")
        draw.line([at(0, tick), at(top, tick)], fill="#e4e4e4")
        draw.text((at(tick, 0)[0] - 3, at(0, 0)[1] + 6), str(tick), fill="#444")
        draw.text((margin - 16, at(0, tick)[1] - 6), str(tick), fill="#444")
    draw.line([at(0, 0), at(top, top)], fill="#999", width=2)
    for expected, real, share in zip(curve["expected"], curve["real"], curve["share"], strict=True):
        (x, y), radius = at(expected, real), 3 + 26 * share**0.5
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline="#b3541e", width=3)
    draw.text((margin + 120, side + margin + 26), "expected error of a and b, Lab units", fill="black")
    draw.text((margin, margin - 26), "real error", fill="black")
    page.save(IMAGES / "reliability.png")
    print(IMAGES / "reliability.png")


def panel(values: np.ndarray) -> np.ndarray:
    """(3, H, W) uint8 as a square with a white margin."""
    square = Image.fromarray(values.transpose(1, 2, 0)).resize((PANEL_PX, PANEL_PX), Image.Resampling.BICUBIC)
    return np.pad(np.asarray(square), ((3, 3), (3, 3), (0, 0)), constant_values=255)


def save(name: str, rows: list[np.ndarray]) -> None:
    """Rows under one another as a JPEG."""
    Image.fromarray(np.vstack(rows)).save(IMAGES / name, quality=85)
    print(IMAGES / name)


def part(scene: sc.Scene, window: sc.Window) -> sc.Scene:
    """A square of a scene as a scene of its own, computed in its surroundings."""
    rows, cols = window.within(scene.grid.window)
    return sc.open_scene(scene.to_xarray()[:, rows, cols])


def bigearthnet() -> list[tuple[sc.Scene, np.ndarray]]:
    """The example patches that the package bigearthnet-common ships: radar in dB, and true colour."""
    import bigearthnet_common

    folder = Path(bigearthnet_common.__file__).parent
    radar = _bands(folder / "BigEarthNet-S1-Example.tar.bz2", ("VV", "VH"))
    colour = _bands(folder / "BigEarthNet-S2-Example.tar.bz2", ("B04", "B03", "B02"))
    found = []
    for key, bands in sorted(radar.items()):
        if key not in colour:
            continue
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "scene_db.tif"
            with rasterio.open(io.BytesIO(bands["VV"])) as vv, rasterio.open(io.BytesIO(bands["VH"])) as vh:
                values, profile = np.stack([vv.read(1), vh.read(1)]), vv.profile | {"count": 2}
            with rasterio.open(path, "w", **profile) as out:
                out.write(values)
                out.descriptions = ("VV", "VH")
            scene = sc.open_scene(sc.open_scene(path).to_xarray().compute())
        reflectance = []
        for band in ("B04", "B03", "B02"):
            with rasterio.open(io.BytesIO(colour[key][band])) as dataset:
                reflectance.append(dataset.read(1) / 10000.0)
        rendered = np.clip(np.stack(reflectance) / 0.26, 0, 1) ** (1 / 1.15) * 255
        found.append((scene, rendered.astype(np.uint8)))
    return found


def _bands(archive: Path, wanted: tuple[str, ...]) -> dict[str, dict[str, bytes]]:
    """The files of each patch, by its place (the last three parts of its name) and band."""
    found: dict[str, dict[str, bytes]] = {}
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            band = Path(member.name).stem.split("_")[-1]
            if member.isfile() and member.name.endswith(".tif") and band in wanted:
                patch = Path(member.name).parent.name
                content = tar.extractfile(member)
                if content is not None:
                    found.setdefault("_".join(patch.split("_")[-2:]), {})[band] = content.read()
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
