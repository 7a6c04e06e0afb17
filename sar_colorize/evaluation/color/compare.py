"""Every method on every pair: metrics by patch, histograms of errors, tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...pairs.find import Pair
from ...palette.palette import Palette
from ...progress import Progress
from .contestants import Method
from .feature_distance import FeatureNetwork, kid
from .judge import Judge
from .metrics import HISTOGRAM_TOP, METRICS, ab_histogram, colourfulness
from .palettes import Palettes
from .patch import Patch, read_patch
from .reliability import Reliability
from .table import Tables, tables


@dataclass(frozen=True)
class Comparison:
    """The figures of every method on every pair."""

    methods: tuple[Method, ...]
    pairs: tuple[Pair, ...]
    """Those that were measured."""
    palettes: tuple[Palette, ...]
    """The palette that methods got for each pair."""
    values: NDArray[np.float64]
    """(pairs, methods, metrics)."""
    pixels: NDArray[np.float64]
    """(pairs,) valid ones."""
    real: NDArray[np.float64]
    """(pairs,) colourfulness of the real pictures."""
    histograms: NDArray[np.int64]
    """(methods, bins) valid pixels by error of (a, b)."""
    tables: Tables
    skipped: tuple[str, ...]
    """Pairs that were left out, with the reason."""
    reliability: Mapping[str, Reliability] = field(default_factory=dict)
    """By name, of each method that knows its expected error."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the methods."""
        return tuple(method.name for method in self.methods)

    def real_colourfulness(self, *, site: str = "", terrain: str = "") -> float:
        """Of the real pictures of a site or a terrain; the mean over sites where neither is named."""
        if not site and not terrain:
            sites = sorted({pair.site for pair in self.pairs})
            return float(np.mean([self.real_colourfulness(site=name) for name in sites]))
        index = [i for i, pair in enumerate(self.pairs) if site in ("", pair.site) and terrain in ("", pair.terrain)]
        return float(np.average(self.real[index], weights=self.pixels[index]))


def spread(pairs: Sequence[Pair], limit: int | None) -> list[Pair]:
    """At most `limit` pairs of each site, evenly spread over its list."""
    if limit is None:
        return list(pairs)
    by_site: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_site.setdefault(pair.site, []).append(pair)
    kept = []
    for found in by_site.values():
        picked = np.unique(np.linspace(0, len(found) - 1, min(limit, len(found))).round().astype(int))
        kept += [found[i] for i in picked]
    return kept


def compare(
    methods: Sequence[Method],
    pairs: Sequence[Pair],
    input: str,
    *,
    palettes: Palettes,
    strict: bool,
    seed: int,
    on_progress: Progress | None,
    network: FeatureNetwork | None = None,
) -> Comparison:
    """Paints every pair with every method and measures it.

    Args:
        methods: to compare.
        pairs: to measure on.
        input: "sar" or "optical": the lightness that methods get.
        palettes: the palette of a pair, for methods that take one.
        strict: refuse a pair that cannot be measured instead of leaving it out.
        seed: of the bootstrap.
        on_progress: called after each pair.
        network: for feature distances; without it they are undefined.

    Raises:
        DataError: no pair could be measured, or `strict` and one could not.
    """
    sums = _Sums(methods, network)
    skipped = []
    for number, pair in enumerate(pairs):
        try:
            patch = read_patch(pair, input, palettes(pair))
        except DataError as error:
            if strict:
                raise
            skipped.append(str(error))
        else:
            sums.add(patch)
        if on_progress is not None:
            on_progress(number + 1, len(pairs))
    if not sums.pairs:
        raise DataError(
            f"pairs must be readable, got {len(skipped)} that are not, first: {skipped[0]}; look at the files"
        )
    return sums.comparison(skipped, seed)


class _Sums:
    """The figures of a comparison while pairs are added."""

    def __init__(self, methods: Sequence[Method], network: FeatureNetwork | None) -> None:
        self.methods, self.network = tuple(methods), network
        self.features: list[NDArray[np.float32]] = []
        self.pairs: list[Pair] = []
        self.palettes: list[Palette] = []
        self.values: list[NDArray[np.float64]] = []
        self.pixels: list[float] = []
        self.real: list[float] = []
        self.histograms = np.zeros((len(methods), HISTOGRAM_TOP + 1), np.int64)
        self.reliability: dict[str, Reliability] = {}

    def add(self, patch: Patch) -> None:
        """Paints a patch with every method and measures it."""
        rows = np.empty((len(self.methods), len(METRICS)))
        judge = Judge(patch, self.network)
        features = [] if judge.features is None else [judge.features.mean]
        for i, method in enumerate(self.methods):
            lab, expected = method.paint(patch)
            found, seen = judge.measure(lab)
            features += [] if seen is None else [seen]
            rows[i] = [found[metric.key] for metric in METRICS]
            self.histograms[i] += ab_histogram(lab, patch.true_lab, patch.valid)
            if expected is not None:
                own = self.reliability.setdefault(method.name, Reliability())
                own.add(expected, lab, patch.true_lab, patch.valid)
        if features:
            self.features.append(np.stack(features))
        self.pairs.append(patch.pair)
        self.palettes.append(patch.palette)
        self.values.append(rows)
        self.pixels.append(float(patch.valid.sum()))
        self.real.append(colourfulness(patch.true_rgb, patch.valid))

    def comparison(self, skipped: Sequence[str], seed: int) -> Comparison:
        """The figures of all pairs, with their tables; `seed` is that of the bootstrap."""
        values, pixels = np.stack(self.values), np.array(self.pixels)
        made = tables(
            values,
            pixels,
            [pair.site for pair in self.pairs],
            [pair.terrain for pair in self.pairs],
            [method.name for method in self.methods],
            of_sets=self._of_sets if self.features else None,
            seed=seed,
        )
        return Comparison(
            self.methods, tuple(self.pairs), tuple(self.palettes), values, pixels, np.array(self.real),
            self.histograms, made, tuple(skipped), self.reliability,
        )  # fmt: skip

    def _of_sets(self, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """(methods, SET_METRICS) of the pairs with these numbers."""
        seen = np.stack([self.features[i] for i in index])  # (pairs, 1 + methods, 320), the real ones first
        return np.array([[kid(seen[:, i + 1], seen[:, 0])] for i in range(len(self.methods))])
