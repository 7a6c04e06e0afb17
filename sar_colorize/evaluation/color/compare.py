"""Every method on every pair: figures by patch, histograms of errors, tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...pairs.find import Pair
from ..color import metrics
from .measures import HISTOGRAM_TOP, MEASURES, ab_histogram, figures
from .methods import Method, Seen
from .palettes import Palettes
from .reliability import Reliability
from .table import Tables, tables

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Comparison:
    """What was measured.

    pairs: those measured. values: (pairs, methods, measures). pixels: (pairs,) valid ones.
    real: (pairs,) colourfulness of the real pictures.
    histograms: (methods, bins) valid pixels by error of (a, b).
    skipped: pairs left out, with the reason.
    reliability: of each method that says how far from the truth it expects to be.
    """

    methods: tuple[Method, ...]
    pairs: tuple[Pair, ...]
    values: NDArray[np.float64]
    pixels: NDArray[np.float64]
    real: NDArray[np.float64]
    histograms: NDArray[np.int64]
    tables: Tables
    skipped: tuple[str, ...]
    reliability: Mapping[str, Reliability] = field(default_factory=dict)

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
) -> Comparison:
    """Paints every pair with every method and measures it.

    Args:
        input: "sar" or "optical": the L that methods are given.
        palettes: the palette of a pair, for methods that take one.
        strict: refuse a pair that cannot be measured instead of leaving it out.
        seed: of the bootstrap.

    Raises:
        DataError: no pair could be measured, or `strict` and one could not.
    """
    values, pixels, real, kept, skipped = [], [], [], [], []
    reliability: dict[str, Reliability] = {}
    histograms = np.zeros((len(methods), HISTOGRAM_TOP + 1), np.int64)
    for number, pair in enumerate(pairs):
        try:
            seen = Seen(pair, input, palettes(pair))
        except DataError as error:
            if strict:
                raise
            skipped.append(str(error))
            seen = None
        if seen is not None:
            rows = np.empty((len(methods), len(MEASURES)))
            for i, method in enumerate(methods):
                lab = method.paint(seen)
                found = figures(lab, seen.true_rgb, seen.true_lab, seen.valid)
                rows[i] = [found[measure.key] for measure in MEASURES]
                histograms[i] += ab_histogram(lab, seen.true_lab, seen.valid)
                if method.name in seen.expected:
                    said = reliability.setdefault(method.name, Reliability())
                    said.add(seen.expected[method.name], lab, seen.true_lab, seen.valid)
            kept.append(pair)
            values.append(rows)
            pixels.append(int(seen.valid.sum()))
            real.append(metrics.colourfulness(seen.true_rgb, seen.valid))
        if on_progress is not None:
            on_progress(number + 1, len(pairs))
    if not kept:
        raise DataError(f"pairs must be readable, got {len(skipped)} that are not, first: {skipped[0]}")
    stacked, counted = np.stack(values), np.array(pixels, np.float64)
    made = tables(
        stacked,
        counted,
        [pair.site for pair in kept],
        [pair.terrain for pair in kept],
        [method.name for method in methods],
        seed=seed,
    )
    return Comparison(
        tuple(methods), tuple(kept), stacked, counted, np.array(real), histograms, made, tuple(skipped), reliability
    )
