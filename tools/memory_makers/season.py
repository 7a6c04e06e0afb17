"""The networks of `sar_colorize.reference.season`: how colours change between two months of a place."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from scipy.ndimage import correlate1d, uniform_filter
from torch import nn

from sar_colorize.color import render_reflectance, srgb_to_lab
from sar_colorize.reference.season import CHANNELS, REACH, agreed, pixel_values, scene_values, strength_of

from .pixels import LAB, read_pixels

WIDTH, EPOCHS, BATCH, SEEDS = 64, 6, 512, 2
"""SEEDS networks for each region that is left out."""
PAIRS_A_POINT, ROWS_A_PAIR = 60, 150
"""Pairs of dates of a dated pixel, and pixels of a pair of dates of a series, at most."""
KNOWN = (("VV", "VH"), ("VV",), ())
KNOWN_SHARES, BEFORE_SHARE = (0.7, 0.2, 0.1), 0.35
"""How often these bands, and the radar of the earlier date, are known in training."""
QUIET = 3.2
"""Lab units."""
SERIES = "series"
"""The places of the series count as one region."""
CARD = {
    "name": "season",
    "summary": "How L, a, b of a picture change between two months: small networks, each learned without one region.",
    "license": "MIT",
    "sources": [
        "Dated pixels of Sentinel-1 and Sentinel-2 from nasaharvest/presto (MIT: algae blooms and fuel moisture, USA, "
        "L1C, the dark value taken off) and from WorldCereal (MIT: East Africa 2017, western France 2023).",
        "Series of three places in Belgium from WorldCereal (MIT; of hesbaye_c no licence is stated).",
        "Climate: see climate_1deg.npz. Contains modified Copernicus Sentinel data.",
    ],
    "training": f"{SEEDS} networks for each region left out, {WIDTH} wide, {EPOCHS} epochs, on one core in minutes: "
    "python tools/make_memory.py, which gives this file again bit for bit.",
    "limits": "Five regions of the world, none of them tropical forest, desert or tundra; lakes of one region alone. "
    "Where the networks disagree the ground is left as it is. Farmland of Belgium that was left out: a, b 0.87 and L "
    "0.80 of the error of the earlier picture.",
}
_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0


@dataclass(frozen=True)
class Rows:
    """What a network sees, the colours before and after, and the region, of N pixels."""

    values: NDArray[np.float32]
    """(N, K)."""
    before: NDArray[np.float32]
    after: NDArray[np.float32]
    """(N, 3) CIE Lab each."""
    region: NDArray[np.str_]
    point: NDArray[np.str_]
    """Of what stays the same over the dates, a name."""
    strength: NDArray[np.float64]
    """(N,), how far the months are apart."""

    def of(self, chosen: NDArray[np.bool_]) -> Rows:
        """Some of them."""
        return Rows(*(getattr(self, name)[chosen] for name in Rows.__annotations__))


@dataclass(frozen=True)
class Dated:
    """One date of a place of the series."""

    place: str
    month: int
    longitude: float
    latitude: float
    lab: NDArray[np.float32]
    """(3, H, W)."""
    db: NDArray[np.float32]
    """(2, H, W), means of power over 3 x 3 pixels."""
    valid: NDArray[np.bool_]


def learn(pixels: Path, series: Path, without: Sequence[str]) -> bytes:
    """The file of weights.

    Args:
        without: places of the series to leave out.
    """
    weights = networks(read_rows(pixels, series, without))
    return save(weights, {"card": card(without)})


def card(without: Sequence[str] = ()) -> str:
    """What the file says of itself, as JSON."""
    about = CARD | ({"without": sorted(without)} if without else {})
    return json.dumps(about, indent=1, sort_keys=True)


def read_rows(pixels: Path, series: Path, without: Sequence[str] = ()) -> Rows:
    """All pairs of dates that there are to learn from."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    dated = read_series(series)
    unknown = sorted(set(without) - {each.place for each in dated})
    if unknown:
        raise SystemExit(f"--without must name places of {series}, got {', '.join(unknown)}")
    parts = [rows_of_pixels(read_pixels(pixels), random)]
    parts += rows_of_series([each for each in dated if each.place not in without], random)
    return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in Rows.__annotations__))


def networks(rows: Rows) -> dict[str, NDArray[np.floating]]:
    """SEEDS networks for each region, learned without it, and the scale of what they see."""
    centre, unit = rows.values.mean(0), np.maximum(rows.values.std(0) + 1e-3, 0.05)
    weights: dict[str, NDArray[np.floating]] = {"centre": centre.astype(np.float32), "unit": unit.astype(np.float32)}
    regions = np.unique(rows.region)
    for number in range(SEEDS * len(regions)):
        left_out = regions[number // SEEDS]
        layers = fit(rows.of(rows.region != left_out), centre, unit, seed=100 * (number % SEEDS) + number)
        for i, layer in enumerate(layers):
            weights[f"{number}.{i}.weight"] = np.ascontiguousarray(layer.weight.detach().numpy().astype(np.float16))
            weights[f"{number}.{i}.bias"] = layer.bias.detach().numpy().astype(np.float16)
        print(f"season: network {number} without {left_out}", flush=True)
    return weights


def print_left_out(pixels: Path, series: Path) -> None:
    """For each region of the dated pixels, learned without it: error of memory over that of the copy.

    On all pairs of dates, and on points that hardly change (error of a and b of the copy under QUIET in the mean).
    """
    rows = read_rows(pixels, series)
    for region in np.unique(rows.region[rows.region != SERIES]):
        weights, there = networks(rows.of(rows.region != region)), rows.of(rows.region == region)
        change = agreed(np.stack([_change(weights, number, there.values) for number in range(_count(weights))]))[0]
        made = np.abs(there.before + there.strength[:, None] * change - there.after)
        copy = np.abs(there.before - there.after)
        usual = pd.Series(copy[:, 1:].mean(1)).groupby(there.point).transform("mean").to_numpy()
        for name, chosen in (("all", usual >= 0), ("hardly changing", usual < QUIET)):
            if chosen.sum() > 0:
                ab, light = (made[chosen][:, part].mean() / copy[chosen][:, part].mean() for part in ((1, 2), (0,)))
                print(f"{region} left out, {name} ({chosen.sum()}): a and b {ab:.3f}, L {light:.3f} of the copy's")


def _count(weights: dict[str, NDArray[np.floating]]) -> int:
    return sum(name.endswith(".0.weight") for name in weights)


def _change(weights: dict[str, NDArray[np.floating]], number: int, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 3) what one network says."""
    h = np.clip((values - weights["centre"]) / weights["unit"], -REACH, REACH)
    for i in range(3):
        h = h @ weights[f"{number}.{i}.weight"].T.astype(np.float32) + weights[f"{number}.{i}.bias"].astype(np.float32)
        h = np.maximum(h, 0) if i < 2 else h
    return 10 * h


def fit(rows: Rows, centre: NDArray[np.float32], unit: NDArray[np.float32], seed: int) -> list[nn.Linear]:
    """The layers of one network: least absolute error of the change, every region with the same weight."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Linear(rows.values.shape[1], WIDTH), nn.ReLU(), nn.Dropout(0.05),
        nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 3),
    )  # fmt: skip
    given = torch.tensor(np.clip((rows.values - centre) / unit, -REACH, REACH))
    wanted = torch.tensor((rows.after - rows.before) / 10)
    weights = torch.tensor(_balanced(rows.region), dtype=torch.float32)
    steps = EPOCHS * len(given) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=steps + 2)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        i = torch.randint(0, len(given), (BATCH,), generator=generator)
        loss = ((network(given[i]) - wanted[i]).abs() * weights[i, None]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return [layer for layer in network if isinstance(layer, nn.Linear)]


def _balanced(region: NDArray[np.str_]) -> NDArray[np.float64]:
    """(N,) weights with the mean 1 that make regions equal."""
    names = pd.Series(region)
    weights = 1 / names.map(names.value_counts()).to_numpy()
    balanced: NDArray[np.float64] = weights / weights.mean()
    return balanced


def rows_of_pixels(table: pd.DataFrame, random: np.random.Generator) -> Rows:
    """Pairs of dates of the same point."""
    first, second = [], []
    for places in table.groupby(["lat", "lon"]).indices.values():
        a, b = (each.ravel() for each in np.meshgrid(places, places))
        a, b = a[a != b], b[a != b]
        if len(a):
            chosen = random.permutation(len(a))[:PAIRS_A_POINT]
            first.append(a[chosen])
            second.append(b[chosen])
    before, after = (table.iloc[np.concatenate(each)] for each in (first, second))
    lab, decibels = before[LAB].to_numpy().T.astype(np.float32), ["vv_db", "vh_db"]
    scenes = before[["month", "lon", "lat"]].rename(columns={"month": "old"})
    scenes.insert(1, "new", after.month.to_numpy())
    values = values_of(lab, after[decibels].to_numpy().T, before[decibels].to_numpy().T, scenes, random)
    point = (before.lat.astype(str) + " " + before.lon.astype(str)).to_numpy().astype(str)
    strength = np.array([strength_of(*months) for months in scenes[["old", "new"]].itertuples(index=False)])
    source = before.source.to_numpy().astype(str)
    return Rows(values, lab.T, after[LAB].to_numpy().astype(np.float32), source, point, strength)


def rows_of_series(dated: Sequence[Dated], random: np.random.Generator) -> list[Rows]:
    """Pixels of all pairs of dates of the same place; half of them smooth, as the memory sees colours."""
    found = []
    for old, new in permutations(dated, 2):
        if old.place != new.place:
            continue
        both = np.flatnonzero((old.valid & new.valid).ravel())
        chosen = random.choice(both, ROWS_A_PAIR)
        before, smooth, after, db, db_before = (
            each.reshape(len(each), -1)[:, chosen].astype(np.float32)
            for each in (old.lab, _smooth(old.lab), new.lab, new.db, old.db)
        )
        before = np.where(random.random(ROWS_A_PAIR) < 0.5, smooth, before)
        scene = {"old": old.month, "new": new.month, "lon": old.longitude, "lat": old.latitude}
        scenes = pd.DataFrame(scene, index=range(ROWS_A_PAIR))
        values = values_of(before, db, db_before, scenes, random)
        same = np.full(ROWS_A_PAIR, strength_of(old.month, new.month))
        found.append(
            Rows(values, before.T, after.T, np.full(ROWS_A_PAIR, SERIES), np.full(ROWS_A_PAIR, old.place), same)
        )
    return found


def values_of(
    lab: NDArray[np.float32],
    db: NDArray[np.floating],
    db_before: NDArray[np.floating],
    scenes: pd.DataFrame,
    random: np.random.Generator,
) -> NDArray[np.float32]:
    """(N, K), what a network sees, with a random part of the radar known.

    Args:
        lab: (3, N) CIE Lab. db, db_before: (2, N). scenes: N rows with months old and new, lon and lat.
    """
    count = lab.shape[1]
    kind = random.choice(len(KNOWN), count, p=KNOWN_SHARES)
    has_before = random.random(count) < BEFORE_SHARE
    values = np.zeros((count, CHANNELS), np.float32)
    for k, bands in enumerate(KNOWN):
        for known in (False, True):
            i = np.flatnonzero((kind == k) & (has_before == known))
            old = db_before[: len(bands), i] if known and bands else None
            values[i] = pixel_values(lab[:, i], db[: len(bands), i], old, bands)
    keys = scenes.reset_index(drop=True).round({"lon": 3, "lat": 3}).assign(kind=kind, known=has_before)
    group = keys.groupby(list(keys.columns)).ngroup().to_numpy()
    numbers, firsts = np.unique(group, return_index=True)
    each_scene = np.stack([_scene(*row) for row in keys.iloc[firsts].itertuples(index=False)])
    seen: NDArray[np.float32] = np.concatenate([values, each_scene[np.searchsorted(numbers, group)]], 1)
    return seen


def _scene(old: int, new: int, lon: float, lat: float, kind: int, known: bool) -> NDArray[np.float32]:
    bands = KNOWN[kind]
    values: NDArray[np.float32] = scene_values((old, new), lon, lat, bands, bool(known and bands))
    return values


def read_series(folder: Path) -> list[Dated]:
    """All dates of the places that have several, in the order of the manifest."""
    manifest = pd.read_csv(folder / "manifest.csv", dtype={"date_s2": str})
    manifest = manifest[manifest.place.duplicated(keep=False)]
    return [_read(folder, row) for row in manifest.itertuples()]


def _read(folder: Path, row: object) -> Dated:
    name, date = row.name, re.sub(r"\D", "", row.date_s2)  # type: ignore[attr-defined]
    with rasterio.open(folder / f"{name}_s1.tif") as radar, rasterio.open(folder / f"{name}_s2.tif") as optical:
        db, reflectance = radar.read(), optical.read().astype(np.float32) / 1e4
    valid = (reflectance > 0).all(0) & np.isfinite(db).all(0)
    power = np.stack([uniform_filter(10 ** (band / 10), 3) for band in db])
    lab = srgb_to_lab(render_reflectance(reflectance))
    place, lon, lat = row.place, row.lon, row.lat  # type: ignore[attr-defined]
    return Dated(place, int(date[4:6]), lon, lat, lab, 10 * np.log10(power), valid)


def _smooth(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, H, W) binomial means over 5 x 5 pixels."""
    return np.stack([correlate1d(correlate1d(each, _BINOMIAL, axis=0), _BINOMIAL, axis=1) for each in values])
