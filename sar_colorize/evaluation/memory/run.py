"""Pictures with memory beside the reference itself, its mean, its colours alone, no reference, baselines, an oracle."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...color import L_MAX, lab_to_srgb, to_uint8
from ...errors import DataError, SarColorizeError
from ...models import registry
from ...pairs.find import Pair, find_pairs
from ...pairs.lightness import radar_lightness
from ...progress import Progress
from ...raster import Float32, Grid
from ...scene import open_scene
from ...scene.alignment import Alignment
from ..color import baselines
from ..color.baselines import Baselines
from ..color.feature_distance import FeatureNetwork, load_or_note
from ..color.settings import OTHER_DATES, EvaluateSettings
from .examples import Example, ExampleList, find_examples
from .figures import Measured, Tables, measure
from .paint import Painted, Painters, Sight, look, open_radar, painters_of, radar_code

MEMORY, COPY, MEAN, FIT, PLAIN = "memory", "copy", "reference's mean", "fit", "no reference"
COMPOSITE = "VV/VH composite"
MEANINGS = {
    MEMORY: "the picture with the reference",
    COPY: "the reference itself, its mean where it shows nothing",
    MEAN: "the mean colour of the reference",
    FIT: "the picture with the reference as palette alone",
    PLAIN: "the picture without reference and palette",
    COMPOSITE: "VV, VH and their ratio as red, green and blue; grey where there is one polarisation",
    baselines.MEAN: "the radar's L, and the mean colour of other places",
    baselines.TABLE: "the radar's L, and the mean colour under it at other places",
    baselines.LR: "lines over the radar's L, from other places (Shen et al. 2024)",
    baselines.NOCOL: "the radar's L in grey (Shen et al. 2024)",
    baselines.GREY: "the real L without colour, which no method can know",
}
"""What each contestant shows."""
SHOWN = 3
"""Examples of each place whose pictures are kept, evenly spread over its list."""
PANELS = ("radar", "reference", "result", "truth", "memory share")
_log = logging.getLogger("sar_colorize")
BaselinesAt = Callable[[str], Baselines | None]
"""The baselines of a place, from other places; None where there is nothing to learn from."""


@dataclass(frozen=True)
class Shown:
    """The pictures of one example."""

    key: str
    panels: tuple[NDArray[np.uint8], ...]
    """(3, H, W) sRGB each, in the order of PANELS. Of the share of memory: white is kept, red changed, black from the
    radar alone."""


@dataclass(frozen=True)
class MemoryComparison:
    """The figures of every contestant on every example."""

    model: str
    """The name in its card."""
    checksum: str
    """SHA-256 of its weights."""
    tables: Tables
    shown: dict[str, list[Shown]]
    """By place."""
    skipped: tuple[str, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)
    """What a reader should know about the data."""


def compare_memory(
    model: str,
    data: Path,
    settings: EvaluateSettings,
    *,
    train: Path | None = None,
    on_progress: Progress | None = None,
) -> MemoryComparison:
    """A model with a reference, beside what it must beat, on the examples of a folder.

    Args:
        model: a name or a weights file.
        data: see `find_examples`.
        settings: how it is measured.
        train: the folder whose split "train" the baselines learn from; None for that of `data`, or the other places of
            a series.
        on_progress: called after each example.

    Raises:
        DataError: no example could be measured, or one could not and `settings.strict`.
        ModelError: the model cannot be loaded.
        SettingError: the model takes no reference, or the references are not there.
    """
    painters, card = painters_of(model, settings), registry.load_card(model)
    found = find_examples(data, settings)
    speckle_filter = card.despeckle if settings.filter == "auto" else settings.filter
    broken: list[str] = []
    learned = _baselines(found, train, settings, speckle_filter, broken)
    network, missing = load_or_note(settings.device)
    notes = [*missing, *(f"left out of train: {reason}" for reason in broken)]
    if any(learned(place) is None for place in {x.place for x in found.examples}):
        notes.append("no other place to learn from, so the look-up table and its like are left out")
        learned = _no_baselines
    _log.info("examples: %d of %d places", len(found.examples), len({x.place for x in found.examples}))
    chosen, measured, skipped = _to_show(found.examples), [], list(found.skipped)
    shown: dict[str, list[Shown]] = {}
    names: tuple[str, ...] = ()
    for number, example in enumerate(found.examples):
        try:
            made, pictures, panels = _one(example, painters, learned(example.place), speckle_filter, network)
        except SarColorizeError as error:
            if settings.strict:
                raise
            skipped.append(f"{example.place} {example.pair.key}: {error}")
        else:
            names = names or pictures
            measured.append(made)
            if id(example) in chosen:
                shown.setdefault(example.place, []).append(panels)
        if on_progress is not None:
            on_progress(number + 1, len(found.examples))
    if not measured:
        raise DataError(f"data must hold an example that can be measured, got none, last: {skipped[-1]}")
    if not found.is_series and settings.reference == OTHER_DATES:
        notes.append("references are pictures before, of scenes after")
    return MemoryComparison(
        card.name, registry.checksum(model), Tables(names, tuple(measured)), shown, tuple(skipped), tuple(notes)
    )


def _one(
    example: Example,
    painters: Painters,
    learned: Baselines | None,
    speckle_filter: str,
    network: FeatureNetwork | None,
) -> tuple[Measured, tuple[str, ...], Shown]:
    """The figures of an example, the names of its contestants, and its pictures."""
    scene = open_radar(example.pair)
    sight = look(example, scene)
    remembered = painters.remembered(scene, example)
    mean = sight.reference[:, sight.seen].mean(1)
    pictures = {
        MEMORY: remembered.lab,
        COPY: sight.reference,
        MEAN: np.broadcast_to(mean[:, None, None], sight.truth.shape).astype(np.float32),
        FIT: painters.with_palette(scene, example.reference).lab,
        PLAIN: painters.plain(scene, example).lab,
        COMPOSITE: painters.composite(scene).lab,
    }
    code = radar_code(example.pair)
    radar = radar_lightness(code, example.pair.polarization, speckle_filter)
    if learned is not None:
        pictures |= {
            baselines.MEAN: learned.mean_colour(radar),
            baselines.TABLE: learned.look_up(radar),
            baselines.LR: learned.regressed(radar),
            baselines.NOCOL: baselines.uncoloured(radar),
        }
    pictures[baselines.GREY] = np.stack([sight.truth[0], *np.zeros((2, *radar.shape), np.float32)])
    assert remembered.memory is not None
    made = measure(example, sight, pictures, remembered.memory, network)
    return made, tuple(pictures), Shown(example.pair.key, _panels(radar, sight, remembered))


def _panels(radar: Float32, sight: Sight, remembered: Painted) -> tuple[NDArray[np.uint8], ...]:
    """Pictures in the order of PANELS."""
    kept, changed = remembered.memory, remembered.changed
    assert kept is not None
    assert changed is not None
    reference = np.where(sight.seen, sight.reference, np.float32(0.0))
    truth = np.where(sight.valid, sight.truth, np.float32(0.0))
    share = np.clip(np.stack([kept + changed, kept, kept]), 0.0, 1.0)
    grey = np.repeat(radar[None] / np.float32(L_MAX), 3, 0)
    return (
        to_uint8(grey),
        to_uint8(lab_to_srgb(reference)),
        to_uint8(lab_to_srgb(remembered.lab)),
        to_uint8(lab_to_srgb(truth)),
        to_uint8(share),
    )


def _to_show(examples: Sequence[Example]) -> set[int]:
    """Identities of the examples whose pictures are kept: neither the best nor the worst are looked for."""
    by_place: dict[str, list[Example]] = {}
    for example in examples:
        by_place.setdefault(example.place, []).append(example)
    chosen = set()
    for found in by_place.values():
        chosen |= {id(found[int((k + 0.5) / SHOWN * len(found))]) for k in range(SHOWN)}
    return chosen


def _no_baselines(_place: str) -> None:
    """Where there is nothing to learn from."""


def _baselines(
    found: ExampleList, train: Path | None, settings: EvaluateSettings, speckle_filter: str, broken: list[str]
) -> BaselinesAt:
    """The baselines of each place, learned once."""
    left_out = None if settings.strict else broken

    def learn(pairs: Sequence[Pair]) -> Baselines | None:
        try:
            return baselines.learn(baselines.samples(pairs, "sar", speckle_filter, left_out)) if pairs else None
        except DataError:
            if settings.strict:
                raise
            return None  # none of them can be used; `broken` says why

    if train is None and found.is_series:
        return _from_other_places(found.pairs, learn)
    pairs = found.pairs if train is None else find_pairs(train, strict=settings.strict, exclude=settings.exclude).pairs
    made = learn([pair for pair in pairs if pair.split == "train"])
    return lambda _place: made


def _from_other_places(pairs: Sequence[Pair], learn: Callable[[Sequence[Pair]], Baselines | None]) -> BaselinesAt:
    """The baselines of each place of a series, from the places that it does not overlap."""
    grids = {pair.site: open_scene(pair.s1).grid for pair in pairs}
    known: dict[str, Baselines | None] = {}

    def at(place: str) -> Baselines | None:
        if place not in known:
            apart = {other for other in grids if other != place and not _overlap(grids[place], grids[other])}
            known[place] = learn([pair for pair in pairs if pair.site in apart])
        return known[place]

    return at


def _overlap(one: Grid, other: Grid) -> bool:
    """Whether two grids share ground; those without a georeference count as apart."""
    return None not in (one.crs_wkt, other.crs_wkt) and not Alignment(one, other).overlap.is_empty
