"""How far pictures are from the truth, on all ground, on changed and on unchanged ground; and floods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...color import L_MAX, lab_to_srgb
from ...errors import DataError
from ...pairs.read import pillow
from ...raster import Bool, Float32
from ...reference.water import looks_like_water
from ..color.feature_distance import FeatureNetwork, feature_distance
from ..color.legibility import agreement, kinds_of
from ..color.metrics import ssim_map, within
from .examples import Example
from .paint import Sight

TRUTH = "truth"
GROUNDS = ("all", "changed", "unchanged")
METRICS = ("ab_error", "l_error", "ssim")
"""Mean absolute error of a and b, and of L, Lab units; structural similarity of L."""
PICTURE_METRICS = (
    "l_spread", "a_spread", "b_spread", "l_correlation", "a_correlation", "b_correlation", "legibility", "water_iou",
    "feature_distance",
)  # fmt: skip
"""Of whole pictures, as in `color.metrics`."""
ALL, NEIGHBOURS = "all dates", "neighbouring dates"
WATER = 0.5
"""Probability by `reference.water` above which a colour is shown as water."""
Row = dict[str, float | None]
"""A figure by its name; None where undefined."""


@dataclass(frozen=True)
class Measured:
    """The figures of one example."""

    example: Example
    values: NDArray[np.float64]
    """(contestants, GROUNDS, METRICS); NaN where there is no such ground."""
    pixels: NDArray[np.float64]
    """(GROUNDS,)."""
    kept: float
    """Mean share of memory, 0..1."""
    whole: NDArray[np.float64]
    """(contestants, PICTURE_METRICS); NaN where undefined."""
    water: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    """By contestant, and TRUTH: pixels in the flood, those of them shown as water, pixels outside both flood and the
    truth's water, those of them shown as water; empty without a flood."""


def measure(
    example: Example,
    sight: Sight,
    pictures: Mapping[str, Float32],
    kept: Float32,
    network: FeatureNetwork | None = None,
) -> Measured:
    """The figures of an example.

    Args:
        sight: what its real pictures show.
        pictures: CIE Lab (3, H, W) by contestant.
        kept: (H, W) share of memory, 0..1.
        network: for feature distances; without it they are undefined.
    """
    grounds: tuple[Bool, ...] = (sight.valid, sight.changed, sight.unchanged)
    values = np.full((len(pictures), len(GROUNDS), len(METRICS)), np.nan)
    for i, lab in enumerate(pictures.values()):
        error = np.abs(lab - sight.truth)
        light, true_light = (x[:1] / np.float32(L_MAX) for x in (lab, sight.truth))
        maps = (error[1:].mean(0), error[0], ssim_map(light, true_light, sight.valid)[0])
        for j, ground in enumerate(grounds):
            if ground.any():
                values[i, j] = [each[ground].mean() for each in maps]
    pixels = np.array([ground.sum() for ground in grounds], float)
    water = {} if example.flood is None else _water(sight, pictures, _flood(example.flood, sight.valid))
    whole = _whole(sight, pictures, network)
    return Measured(example, values, pixels, float(kept[sight.valid].mean()), whole, water)


def _whole(sight: Sight, pictures: Mapping[str, Float32], network: FeatureNetwork | None) -> NDArray[np.float64]:
    """(contestants, PICTURE_METRICS) of `Measured.whole`."""
    truth, valid, rows = sight.truth, sight.valid, []
    kinds, true_rgb = kinds_of(truth, valid), np.where(valid, lab_to_srgb(truth), np.float32(0.0))
    real = None if network is None else network.look(true_rgb)
    for lab in pictures.values():
        spread, correlation = within(lab, truth, valid)
        row = [*spread, *correlation, *agreement(kinds_of(lab, valid), kinds, valid), np.nan]
        if network is not None and real is not None:
            row[-1] = feature_distance(network.look(np.where(valid, lab_to_srgb(lab), true_rgb)), real, valid)
        rows.append(row)
    return np.array(rows)


def _water(sight: Sight, pictures: Mapping[str, Float32], flood: Bool) -> dict[str, NDArray[np.float64]]:
    """Counts of `Measured.water`."""
    valid = sight.valid
    shown = {name: _shown_as_water(lab, valid) for name, lab in {**pictures, TRUTH: sight.truth}.items()}
    inside, outside = valid & flood, valid & ~flood & ~shown[TRUTH]
    return {
        name: np.array([inside.sum(), (inside & wet).sum(), outside.sum(), (outside & wet).sum()], float)
        for name, wet in shown.items()
    }


def _shown_as_water(lab: Float32, valid: Bool) -> Bool:
    """(H, W) where a picture shows water, by the rule in `reference.water`, about the picture's own median."""
    wet: Bool = looks_like_water(lab, np.median(lab[:, valid], 1).astype(np.float32)) > WATER
    return wet


def _flood(path: Path, valid: Bool) -> Bool:
    """Where people saw a flood.

    Raises:
        DataError: it cannot be read, or has another size.
    """
    try:
        with pillow().open(path) as image:
            flood: Bool = np.asarray(image.convert("L")) > 127
    except (OSError, SyntaxError) as error:
        raise DataError(f"a flood must be a picture, got {path} ({error}); leave it out") from error
    if flood.shape != valid.shape:
        raise DataError(f"a flood must have the size of its scene {valid.shape}, got {flood.shape} in {path}")
    return flood


@dataclass(frozen=True)
class Tables:
    """Figures of groups of examples, weighted by pixels within a place, each place alike in the mean."""

    contestants: tuple[str, ...]
    measured: tuple[Measured, ...]

    @property
    def places(self) -> tuple[str, ...]:
        """The places measured, by name."""
        return tuple(sorted({each.example.place for each in self.measured}))

    @property
    def groups(self) -> tuple[str, ...]:
        """All dates, and neighbouring ones where places have several dates."""
        return (ALL, NEIGHBOURS) if any(self.of(NEIGHBOURS, place) for place in self.places) else (ALL,)

    def of(self, group: str, place: str) -> list[Measured]:
        """The examples of a group and a place."""
        return [x for x in self.measured if x.example.place == place and (group == ALL or x.example.are_neighbours)]

    def site(self, group: str, place: str) -> dict[str, dict[str, Row]]:
        """By contestant, ground and metric, of one place."""
        return self._rows([self._means(self.of(group, place))])

    def overall(self, group: str) -> dict[str, dict[str, Row]]:
        """By contestant, ground and metric, the mean over places."""
        return self._rows([self._means(found) for place in self.places if (found := self.of(group, place))])

    def whole(self, group: str) -> dict[str, Row]:
        """By contestant and picture metric, the mean over places of the mean over examples."""
        places = [np.stack([x.whole for x in found]) for place in self.places if (found := self.of(group, place))]
        return {
            name: {
                key: _mean_of([_plain(_mean(each[:, i, k])) for each in places])
                for k, key in enumerate(PICTURE_METRICS)
            }
            for i, name in enumerate(self.contestants)
        }

    def changed_share(self, group: str, place: str) -> float | None:
        """The share of ground that has changed, of what both dates show."""
        _, changed, unchanged = np.sum([x.pixels for x in self.of(group, place)] or [np.zeros(3)], 0)
        return _plain(changed / (changed + unchanged)) if changed + unchanged > 0 else None

    def kept(self, place: str) -> float:
        """The mean share of memory at a place."""
        return round(float(np.mean([x.kept for x in self.of(ALL, place)])), 4)

    def floods(self) -> dict[str, dict[str, Row]]:
        """By place, and "mean" over places, of each contestant and the truth: water in the flood, false water."""
        found = {place: self._flood(place) for place in self.places}
        known = {place: rows for place, rows in found.items() if rows}
        if not known:
            return {}
        names, metrics = next(iter(known.values())), ("water", "false_water")
        mean = {
            name: {key: _mean_of([rows[name][key] for rows in known.values()]) for key in metrics} for name in names
        }
        return {**known, "mean": mean}

    def _flood(self, place: str) -> dict[str, Row]:
        """The same of one place; empty without floods."""
        counted = [each.water for each in self.of(ALL, place) if each.water]
        rows: dict[str, Row] = {}
        for name in (*self.contestants, TRUTH) if counted else ():
            inside, found, outside, false = np.sum([counts[name] for counts in counted], 0)
            rows[name] = {
                "water": _plain(found / inside) if inside else None,
                "false_water": _plain(false / outside) if outside and name != TRUTH else None,
            }
        return rows

    def _means(self, found: Sequence[Measured]) -> NDArray[np.float64]:
        """(contestants, GROUNDS, METRICS) means over examples, weighted by their pixels; NaN without any."""
        weights = np.stack([each.pixels for each in found])[:, None, :, None]
        values = np.stack([each.values for each in found])
        total = (weights * np.isfinite(values)).sum(0)
        summed = (weights * np.nan_to_num(values)).sum(0)
        return np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan)

    def _rows(self, means: Sequence[NDArray[np.float64]]) -> dict[str, dict[str, Row]]:
        """The mean over places, of those where it is defined, by name."""

        def row(i: int, j: int) -> Row:
            return {
                name: _mean_of([_plain(each[i, j, k]) for each in means]) for k, name in enumerate(METRICS)
            }  # fmt: skip

        return {
            name: {ground: row(i, j) for j, ground in enumerate(GROUNDS)} for i, name in enumerate(self.contestants)
        }


def _mean(values: NDArray[np.float64]) -> float:
    """Of those that are defined; NaN without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _mean_of(values: Sequence[float | None]) -> float | None:
    """Of those that are defined."""
    known = [value for value in values if value is not None]
    return _plain(float(np.mean(known))) if known else None


def _plain(value: float) -> float | None:
    """For JSON, which has no NaN."""
    return round(float(value), 5) if np.isfinite(value) else None
