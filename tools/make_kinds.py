"""Makes the classifier of kinds of ground by which `evaluate` judges legibility: evaluation/color/kinds.json.

    pip install pandas pyarrow
    python tools/make_kinds.py --pairs PAIRS --sen12 SEN12 --pixels pixels.parquet \
        --out sar_colorize/evaluation/color/kinds.json

`--left-out` prints how well it tells kinds of ground of sites left out in turn, and writes nothing. One core, two
minutes; the same data give the same file.

Real pictures of the split `train` teach it, never val or test:

- `--pairs`: with infrared (OMBRIA's `s2_swir`), labels by NDWI, MNDWI, NDVI and the level of B11; the desert is bare;
  of southern California what is grey is town where the radar is bright, and what is brown is bare.
- `--sen12`: labels by hue, lightness and contrast, see `by_hue`; a hue that may mean two kinds of ground has no label.
- `--pixels`: dated pixels, labels by land cover and indices, as in `make_ground.py`. They have no surroundings, so each
  takes the contrasts of the pixel in pictures of its kind that has the most similar colour; judged, of any kind.

Every colour is learned once more with another brightness and saturation, for pictures are rendered in several ways.
Contains modified Copernicus Sentinel data.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ground_makers.rows import of_pixels
from memory_makers.pixels import read_pixels
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from sar_colorize.color import TONE_POWER, WHITE_REFLECTANCE, srgb_to_lab
from sar_colorize.evaluation.color.legibility import FEATURES, KINDS, features, products, scores
from sar_colorize.pairs.read import ground_of

WATER, WOOD, FIELD, BARE, TOWN = range(len(KINDS))
INFRARED = ("arid_a", "mixed_green", "savanna_green", "savanna_rivers", "timor")
CITIES, DRY = ("fall_13", "karthik_0", "karthik_3"), ("fall_114", "fall_2", "karthik_1", "karthik_2", "karthik_5",
                                                      "karthik_6", "karthik_7")  # fmt: skip
"""Scenes of SEN1-2 whose grey ground is town, and those without town or wood."""
BLUE = ("fall_13", "winter_108")
"""Scenes whose smooth blue ground is water; in others shadow, dark wood and dark earth are rendered blue."""
FARMED, EARTH = ("summer_59", "winter_102", "winter_103", "karthik_4"), ("winter_102",)
"""Scenes of farmland without water, whose harvested fields are grey and whose wood is dark; of them the one whose dark
ground is earth."""
CITY_VH_DB = -17.0
PICTURES = 40
"""Of a site at most, evenly spread over its list."""
OF_A_PICTURE, OF_A_SITE, OF_A_CELL = 60, 300, 5
"""Pixels of one kind that a picture, a site and a cell of dated pixels give at most."""
DECAY = 3e-4
SHARE = {"water": 0.7}
"""How much rarer than the others a kind is taken to be: land that looks like water is common, water is not."""


@dataclass
class Rows:
    """N labelled pixels."""

    x: NDArray[np.float64]
    """(N, 6) features; contrasts of dated pixels are NaN."""
    kind: NDArray[np.int64]
    site: NDArray[np.str_]
    source: NDArray[np.str_]
    """ "infrared", "hue" or "pixels"."""

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of them."""
        return Rows(self.x[chosen], self.kind[chosen], self.site[chosen], self.source[chosen])


def joined(parts: Sequence[Rows]) -> Rows:
    """All of them."""
    return Rows(*(np.concatenate([getattr(each, name) for each in parts]) for name in Rows.__annotations__))


def pictures(pairs: Path, sen12: Path) -> Iterator[tuple[str, str, Path]]:
    """(source, site, file) of every picture that teaches."""
    folders = [pairs / "train" / site for site in (*INFRARED, "desert", "socal_east", "socal_west")]
    for folder in [*folders, *sorted(sen12.glob("train/*"))]:
        files = sorted(folder.glob("s2/*"))
        some = np.unique(np.linspace(0, len(files) - 1, min(PICTURES, len(files))).round().astype(int))
        yield from (("infrared" if folder.name in INFRARED else "hue", folder.name, files[i]) for i in some)


def read(path: Path) -> NDArray[np.uint8]:
    """(3, H, W) sRGB 0..255."""
    with Image.open(path) as image:
        return np.ascontiguousarray(np.asarray(image.convert("RGB")).transpose(2, 0, 1))


def by_infrared(path: Path, rgb: NDArray[np.uint8]) -> NDArray[np.int64]:
    """(H, W) the kind of each pixel by its reflectance; -1 where it may be two, -2 where it is a cloud."""
    b11, b8, b3 = read(path.parent.parent / "s2_swir" / path.name) / 255.0
    b4 = WHITE_REFLECTANCE * (rgb[0] / 255.0) ** (1.0 / TONE_POWER)
    ndvi, ndwi, mndwi = ((x - y) / (x + y + 1e-6) for x, y in ((b8, b4), (b3, b8), (b3, b11)))
    kind = np.full(b11.shape, -1)
    kind[(ndvi < 0.25) & (b11 > 0.16) & (mndwi < -0.2)] = BARE
    kind[(ndvi > 0.45) & (b11 > 0.19)] = FIELD
    kind[(ndvi > 0.5) & (b11 < 0.16) & (b3 < 0.07) & (b8 > 0.14)] = WOOD
    kind[(ndwi > 0.1) & (mndwi > 0.25) & (b11 < 0.1)] = WATER
    kind[(b3 > 0.22) & (b11 > 0.12) & (mndwi > -0.2)] = -2
    return kind


def by_hue(x: NDArray[np.float64], site: str) -> NDArray[np.int64]:
    """(H, W) the kind of each pixel by its colour and contrast (6, H, W); -1 where it may be two."""
    light, a, b = x[:3]
    chroma, hue = np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360.0
    fine, coarse = np.expm1(x[3]), np.expm1(x[4])
    kind = np.full(light.shape, -1)
    green = (hue > 105.0) & (hue < 185.0) & (chroma > 8.0)
    kind[green & ((light > 40.0) | ((light > 30.0) & (chroma > 22.0))) & (fine < 6.0)] = FIELD
    if site not in DRY:
        kind[green & (light < 28.0) & (chroma < 24.0)] = WOOD
    kind[(hue > 15.0) & (hue < 80.0) & (chroma > 9.0) & (fine < 7.0)] = BARE
    smooth = (fine < 2.0) & (coarse < 6.0)
    if site in BLUE:
        kind[smooth & (hue > 185.0) & (hue < 290.0) & (chroma > 4.0) & (light < 60.0)] = WATER
    grey = (kind == -1) & (chroma < 9.0)
    blue = (kind == -1) & (hue > 185.0) & (hue < 310.0)
    if site in DRY:
        kind[grey & (light > 25.0)] = BARE
    if site in FARMED:
        kind[(grey | (blue & (chroma < 14.0))) & (light > 35.0) & (fine < 5.0)] = BARE
    if site in FARMED and site not in EARTH:
        kind[(grey | blue) & (light < 25.0)] = WOOD
    if site in EARTH:
        kind[(grey | blue) & (light > 12.0) & (light < 40.0) & (fine < 4.0)] = BARE
    if site == "winter_108":
        kind[(kind != WATER) & (light < 20.0) & (hue > 70.0) & (hue < 200.0)] = WOOD
    if site in CITIES:
        kind[(grey | blue) & (light > 35.0) & (fine > 5.0)] = TOWN
    return kind


def by_radar(path: Path, x: NDArray[np.float64]) -> NDArray[np.int64]:
    """(H, W) the kind of each pixel of southern California."""
    code = read(next(path.parent.parent.glob("s1/" + path.stem.replace("_s2_", "_s1_") + ".*")))[0]
    with Image.fromarray(code) as image:
        small = image.resize((code.shape[1] // 64, code.shape[0] // 64), Image.Resampling.BOX)
        vh = np.asarray(small.resize(code.shape[::-1], Image.Resampling.BILINEAR)) / 255.0 * 32.5 - 32.5
    chroma, hue = np.hypot(x[1], x[2]), np.degrees(np.arctan2(x[2], x[1])) % 360.0
    kind = np.full(code.shape, -1)
    kind[(vh < CITY_VH_DB) & (hue > 15.0) & (hue < 80.0) & (chroma > 9.0)] = BARE
    kind[(vh > CITY_VH_DB) & (chroma < 10.0) & (x[0] > 25.0)] = TOWN
    return kind


def of_picture(source: str, site: str, path: Path, random: np.random.Generator) -> Rows:
    """Pixels of a picture, as many of each kind as there are, up to a limit."""
    rgb = read(path)
    valid = ground_of(rgb)
    x = features(srgb_to_lab(rgb / np.float32(255.0)), valid)
    if source == "infrared":
        kind = by_infrared(path, rgb)
        valid &= kind != -2
    elif site == "desert":
        kind = np.full(valid.shape, BARE)
    else:
        kind = by_radar(path, x) if site.startswith("socal") else by_hue(x, site)
    flat, label = x.reshape(FEATURES, -1).T, np.where(valid, kind, -1).ravel()
    chosen = [random.permutation(np.flatnonzero(label == number))[:OF_A_PICTURE] for number in range(len(KINDS))]
    index = np.concatenate(chosen)
    return Rows(flat[index], label[index], np.full(len(index), site), np.full(len(index), source))


def of_table(path: Path) -> Rows:
    """The dated pixels; their sites are cells of 0.1 degrees."""
    rows = of_pixels(read_pixels(path))
    known = (rows.kind >= 0) & (rows.kind < len(KINDS))
    x = np.concatenate([rows.lab, np.full((len(rows.lab), FEATURES - 3), np.nan)], 1)[known]
    return Rows(x, rows.kind[known], rows.cell[known], np.full(len(x), "pixels"))


def gather(pairs: Path, sen12: Path, pixels: Path) -> Rows:
    """All labelled pixels, of each kind and site at most `OF_A_SITE` or `OF_A_CELL`."""
    random = np.random.default_rng(0)
    found = [of_picture(source, site, path, random) for source, site, path in pictures(pairs, sen12)]
    rows = joined([*found, of_table(pixels)])
    keep = np.zeros(len(rows.kind), bool)
    for site in np.unique(rows.site):
        for number in range(len(KINDS)):
            there = np.flatnonzero((rows.site == site) & (rows.kind == number))
            most = OF_A_CELL if (rows.source[there] == "pixels").any() else OF_A_SITE
            keep[random.permutation(there)[:most]] = True
    return rows.of(keep)


def weights_of(rows: Rows) -> NDArray[np.float64]:
    """(N,) kinds by `SHARE`; within a kind pictures three times the dated pixels, sites by the root of their pixels."""
    weight = np.zeros(len(rows.kind))
    for number, kind in enumerate(KINDS):
        for is_pixels, share in ((False, 0.75), (True, 0.25)):
            chosen = np.flatnonzero((rows.kind == number) & ((rows.source == "pixels") == is_pixels))
            if chosen.size:
                _, place, count = np.unique(rows.site[chosen], return_inverse=True, return_counts=True)
                each = 1.0 / np.sqrt(count[place])
                weight[chosen] = SHARE.get(kind, 1.0) * share * each / each.sum()
    return weight / weight.sum()


def filled(rows: Rows) -> Rows:
    """The same, with contrasts for dated pixels: those of the most similar colour of their kind in pictures."""
    x = rows.x.copy()
    for number in range(len(KINDS)):
        there = rows.kind == number
        x[there] = with_contrasts(x[there], x[there])
    known = ~np.isnan(x[:, 3])
    return Rows(x, rows.kind, rows.site, rows.source).of(known)


def with_contrasts(x: NDArray[np.float64], donors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 6) features, where contrasts are missing those of the most similar colour among donors (M, 6)."""
    made, empty, donors = x.copy(), np.isnan(x[:, 3]), donors[~np.isnan(donors[:, 3])]
    if empty.any() and len(donors):
        made[empty, 3:] = donors[cKDTree(donors[:, :3]).query(x[empty, :3])[1], 3:]
    return made


def rendered(x: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """(N, 6) the same ground in another rendering: lightness and contrast by a gain, colour also by a saturation."""
    gain, saturation = (np.exp(random.uniform(-0.35, 0.35, len(x))) for _ in range(2))
    colour = x[:, :3] * np.stack([gain, gain * saturation, gain * saturation], 1)
    contrast = [np.log1p(np.expm1(x[:, k]) * factor) for k, factor in ((3, gain), (4, gain), (5, gain * saturation))]
    return np.concatenate([np.clip(colour, [0, -128, -128], [100, 128, 128]), np.stack(contrast, 1)], 1)


def learn(rows: Rows) -> NDArray[np.float64]:
    """(kinds, 28) the weights: multinomial logistic regression with a quadratic penalty."""
    rows = filled(rows)
    random = np.random.default_rng(1)
    weight = np.tile(weights_of(rows), 2) / 2.0
    q = products(np.concatenate([rows.x, rendered(rows.x, random)]).T).T  # (2 N, 28)
    truth = np.tile(np.eye(len(KINDS))[rows.kind], (2, 1))

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        w = flat.reshape(len(KINDS), -1)
        score = q @ w.T
        score -= score.max(1, keepdims=True)
        chance = np.exp(score)
        chance /= chance.sum(1, keepdims=True)
        value = -(weight * np.log((chance * truth).sum(1) + 1e-12)).sum() + DECAY * np.square(w).sum()
        return float(value), (((chance - truth) * weight[:, None]).T @ q + 2 * DECAY * w).ravel()

    found = minimize(loss, np.zeros(len(KINDS) * q.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 150})
    solution: NDArray[np.float64] = found.x.reshape(len(KINDS), -1)
    return solution


def left_out(rows: Rows) -> dict[str, dict[str, float]]:
    """Recall of each kind, their mean, and land told as water, each site (and fifth of the cells) left out.

    By source of the labels.
    """
    fold = rows.site.astype(object)
    cells = np.unique(rows.site[rows.source == "pixels"])
    where = dict(zip(np.random.default_rng(2).permutation(cells), np.arange(len(cells)) % 5, strict=True))
    fold = np.array([f"cells {where[s]}" if s in where else s.split("_")[0] if s.startswith("socal") else s
                     for s in rows.site])  # fmt: skip
    told, x = np.full(len(rows.kind), -1), with_contrasts(rows.x, rows.x)  # a colour says nothing of its own kind
    for name in np.unique(fold):
        out = fold == name
        told[out] = scores(x[out].T, learn(rows.of(~out))).argmax(0)
    return {source: recalls(rows, told, rows.source == source) for source in ("infrared", "hue", "pixels")}


def recalls(rows: Rows, told: NDArray[np.int64], chosen: NDArray[np.bool_]) -> dict[str, float]:
    """Recall by kind, mean over sites with 50 pixels of it or more (cells: all together); land told as water."""
    found: dict[str, float] = {}
    for number, kind in enumerate(KINDS):
        there = chosen & (rows.kind == number)
        groups = [there] if (rows.source[there] == "pixels").any() else [
            there & (rows.site == site) for site in np.unique(rows.site[there])
        ]  # fmt: skip
        values = [float((told[group] == number).mean()) for group in groups if group.sum() >= 50]
        if values:
            found[kind] = round(float(np.mean(values)), 3)
    land = chosen & (rows.kind != WATER)
    mean = round(float(np.mean(list(found.values()))), 3)
    return {**found, "mean": mean, "land_as_water": round(float((told[land] == WATER).mean()), 3)}


SOURCES = (
    "OMBRIA (IEEE JSTARS 2022), labels by NDWI, MNDWI, NDVI and B11: " + ", ".join(INFRARED),
    "true colour of a desert, and of southern California with radar of VH (Optical-SAR-dataset)",
    "SEN1-2 scenes, labels by hue and contrast: all of the split train",
    "dated pixels, labels by Dynamic World, WorldCereal and indices (nasaharvest/presto, WorldCereal; MIT)",
)


def main() -> None:
    """Learns, or judges."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--pairs", "--sen12", "--pixels"):
        parser.add_argument(name, required=True, type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--left-out", action="store_true", help="only measure; write nothing")
    given = parser.parse_args()
    if given.out is None and not given.left_out:
        parser.error("--out must name the file to write")
    rows = gather(given.pairs, given.sen12, given.pixels)
    judged = left_out(rows)
    for source, found in judged.items():
        print(source, found)
    if given.left_out:
        return
    table = {
        "format": 1,
        "about": "Weights of sar_colorize.evaluation.color.legibility, made by tools/make_kinds.py.",
        "sources": [*SOURCES, "Contains modified Copernicus Sentinel data."],
        "pixels": {kind: int((rows.kind == number).sum()) for number, kind in enumerate(KINDS)},
        "recall_left_out": judged,
        "weights": {kind: weights.round(5).tolist() for kind, weights in zip(KINDS, learn(rows), strict=True)},
    }
    given.out.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
