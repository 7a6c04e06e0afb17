"""The regressions of `sar_colorize.reference.water`, and what a flood does to land."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import HuberRegressor, LogisticRegression
from sklearn.metrics import roc_auc_score

from sar_colorize.color import srgb_to_lab
from sar_colorize.raster import Unit
from sar_colorize.reference.agreement import WIDE, colour_values, fit_expected
from sar_colorize.reference.half import halve, smooth
from sar_colorize.reference.water import dark_values, level_of, water_colour_values
from sar_colorize.speckle import get_filter
from sar_colorize.speckle.values import to_db

from .pixels import read_pixels

SPLITS = (("train", "train"), ("val", "val_after"))
"""Where pairs before and after a flood lie."""
CODE_RANGE_DB = (-25.0, 0.0)
PIXELS_A_PAIR, COLOURS_A_PAIR, LAND_A_PAIR = 1500, 300, 400
FLOOD_LAB = [46.0, -2.0, -3.0]
"""What new water is drawn as: a little darker and bluer than measured, so that it is seen as water; chosen by eye."""
ABSOLUTE = {"absolute_VV": [0], "absolute_VH": [1], "absolute_VV_VH": [0, 1]}
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Flood:
    """A pair before and after a flood."""

    site: str
    before: Floats
    after: Floats
    """(3, H, W) CIE Lab."""
    code: NDArray[np.uint8]
    """(H, W) of the radar after it."""
    wet: NDArray[np.bool_]
    """(H, W), where annotators saw a flood."""

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """(h, w), coarse pixels where the picture before shows ground."""
        return self._coarse[1]

    @cached_property
    def values(self) -> Floats:
        """(7, h, w), what tells new water."""
        return self._coarse[0]

    @property
    def coarse_wet(self) -> NDArray[np.bool_]:
        """(h, w)."""
        return self.wet[::2, ::2]

    @cached_property
    def _coarse(self) -> tuple[Floats, NDArray[np.bool_]]:
        everywhere = np.ones(self.code.shape, bool)
        db = to_db(self.code.astype(np.float32), everywhere, Unit.DISPLAY, get_filter("lee"), CODE_RANGE_DB)[None]
        lab, share = halve(self.before, (self.before[0] < 96) & (self.before[0] > 1), 0, 0)
        db, _ = halve(db, everywhere, 0, 0)
        known = share > 0.5
        weight = known.astype(np.float32)
        colours = colour_values(lab, smooth(lab, weight, WIDE))
        surprise = fit_expected(colours[:, known].T, db[:, known].T).surprise(colours, db)
        return dark_values(level_of(db[0][known]), db[0], surprise[0], weight), known


def learn(pairs: Path, pixels: Path) -> str:
    """The table as JSON."""
    floods = [flood for before, after in SPLITS for flood in read_floods(pairs, before, after)]
    random = np.random.default_rng(0)
    report_left_out(floods, random)
    x, y = samples(floods, random)
    found: dict[str, Any] = {"dark": line_of(LogisticRegression(C=0.3, max_iter=500).fit(x, y))}
    found |= absolute(pixels)
    found["colour"] = colour(floods, random)
    found["flood_measured_lab"] = [round(float(value), 2) for value in flood_colour(floods)]
    found["flood_lab"] = FLOOD_LAB
    found["flood_land"] = land(floods, random)
    return json.dumps(found, indent=1) + "\n"


def read_floods(pairs: Path, before: str, after: str) -> list[Flood]:
    """The pairs of a split after a flood whose pair before it is in another, or the same."""
    found = []
    for mask in sorted((pairs / after).glob("*/flood/*.png")):
        site, number = mask.parts[-3], mask.stem[-4:]

        def read(split: str, kind: str, key: str, site: str = site) -> NDArray[np.uint8] | None:
            paths = list((pairs / split / site / kind).glob(f"{site}_{kind}_{key}.*"))
            return np.asarray(Image.open(paths[0])) if paths else None

        radar, picture = read(after, "s1", f"a{number}"), read(after, "s2", f"a{number}")
        earlier = read(before, "s2", f"b{number}")
        if radar is None or picture is None or earlier is None:
            continue
        wet = np.asarray(Image.open(mask).convert("L")) > 0
        code = radar if radar.ndim == 2 else radar[..., 0]
        found.append(Flood(site, _lab(earlier), _lab(picture), code, wet))
    return found


def _lab(codes: NDArray[np.uint8]) -> Floats:
    lab: Floats = srgb_to_lab(codes[..., :3].transpose(2, 0, 1) / 255.0).astype(np.float32)
    return lab


def samples(floods: Sequence[Flood], random: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """(N, 7) values and (N,) whether it is wet, of coarse pixels of all pairs."""
    x, y = [], []
    for flood in floods:
        known = np.flatnonzero(flood.known.ravel())
        if len(known) >= 100:
            chosen = random.choice(known, PIXELS_A_PAIR)
            x.append(flood.values.reshape(len(flood.values), -1).T[chosen])
            y.append(flood.coarse_wet.ravel()[chosen])
    return np.concatenate(x), np.concatenate(y)


def report_left_out(floods: Sequence[Flood], random: np.random.Generator) -> None:
    """Prints how well new water of each site is told by the others."""
    for site in sorted({flood.site for flood in floods}):
        others = [flood for flood in floods if flood.site != site]
        line = LogisticRegression(C=0.3, max_iter=500).fit(*samples(others, random))
        own = [flood for flood in floods if flood.site == site]
        wet = np.concatenate([flood.coarse_wet.ravel() for flood in own])
        p = line.predict_proba(np.concatenate([flood.values.reshape(7, -1).T for flood in own]))[:, 1]
        at = {level: f"{(p[wet] > level).mean():.2f}/{(p[~wet] > level).mean():.3f}" for level in (0.25, 0.4)}
        print(f"water: without {site} AUC {roc_auc_score(wet, p):.3f}, found and falsely found above {at}", flush=True)


def absolute(pixels: Path) -> dict[str, Any]:
    """Water by decibels with an absolute level: lakes against ground with plants, each with half of the weight."""
    table = read_pixels(pixels)
    lake = (table.dynamic_world.astype(str) == "water").to_numpy()
    land = ~lake & ((table.b8 - table.b4) / (table.b8 + table.b4) > 0.15).to_numpy()
    used = lake | land
    weight = np.where(lake, 1 / lake.sum(), 1 / land.sum())[used]
    x = np.clip(np.stack([(table.vv_db + 14) / 3, (table.vh_db + 21) / 3], 1), -4, 4)[used]
    lines = {}
    for name, columns in ABSOLUTE.items():
        weights = weight * len(weight) / 2
        lines[name] = line_of(LogisticRegression(C=1).fit(x[:, columns], lake[used], sample_weight=weights))
    return lines


def colour(floods: Sequence[Flood], random: np.random.Generator) -> dict[str, Any]:
    """Water by its colour: after a flood, what is wet and dark in the radar against what is dry and bright."""
    x, y = [], []
    for flood in floods:
        middle = np.median(flood.after.reshape(3, -1), 1).astype(np.float32)
        values = water_colour_values(flood.after, middle).reshape(7, -1).T
        code, wet, clear = flood.code.ravel(), flood.wet.ravel(), (flood.after[0] < 92).ravel()
        water = np.flatnonzero(wet & clear & (code < np.percentile(code, 40)))
        land = np.flatnonzero(~wet & clear & (code > np.percentile(code, 50)))
        if min(len(water), len(land)) >= 50:
            chosen = [random.choice(each, COLOURS_A_PAIR) for each in (water, land)]
            x.append(values[np.concatenate(chosen)])
            y.append(np.repeat([1, 0], COLOURS_A_PAIR))
    return line_of(LogisticRegression(C=1, max_iter=500).fit(np.concatenate(x), np.concatenate(y)))


def flood_colour(floods: Sequence[Flood]) -> Floats:
    """(3,) median CIE Lab of what is wet, dark in the radar and no cloud."""
    parts = [
        flood.after.reshape(3, -1)[
            :, (flood.wet & (flood.code < np.percentile(flood.code, 30)) & (flood.after[0] < 85)).ravel()
        ]
        for flood in floods
    ]
    middle: Floats = np.median(np.concatenate(parts, 1), 1)
    return middle


def land(floods: Sequence[Flood], random: np.random.Generator) -> dict[str, list[float]]:
    """What a flood does to colours of dry land: after = gain * before + start, each of L, a and b (Huber 1964)."""
    before, after = [], []
    for flood in floods:
        dry = np.flatnonzero(~flood.wet.ravel() & (np.maximum(flood.before[0], flood.after[0]) < 92).ravel())
        if len(dry) >= 500:
            chosen = random.choice(dry, LAND_A_PAIR)
            before.append(flood.before.reshape(3, -1).T[chosen])
            after.append(flood.after.reshape(3, -1).T[chosen])
    x, y = np.concatenate(before), np.concatenate(after)
    lines = [HuberRegressor(epsilon=1.1, max_iter=500).fit(x[:, c : c + 1], y[:, c]) for c in range(3)]
    return {
        "gain": [round(float(line.coef_[0]), 3) for line in lines],
        "start": [round(float(line.intercept_), 2) for line in lines],
    }


def line_of(line: LogisticRegression) -> dict[str, Any]:
    """Start and slopes of a regression."""
    return {
        "start": round(float(line.intercept_[0]), 4),
        "slopes": [round(float(slope), 4) for slope in line.coef_[0]],
    }
