"""The comparison of models with what they must beat, from folders and settings."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from ...errors import DataError
from ...pairs.find import SPLITS, Pair, PairList, find_pairs, split_by_site
from ...progress import Progress, in_units
from .compare import Comparison, compare, spread
from .contestants import Method, learn_baselines, load_models, palette_mean, with_fit, without_palette
from .feature_distance import load_or_note
from .palettes import first_half_of, palettes_for, second_half
from .settings import EvaluateSettings

_log = logging.getLogger("sar_colorize")


def compare_models(
    names: Sequence[str],
    data: Path,
    settings: EvaluateSettings,
    *,
    train: Path | None = None,
    on_progress: Progress | None = None,
) -> tuple[Comparison, list[str], list[str]]:
    """Models beside the baselines and the oracle, on the pairs of a folder.

    Args:
        names: of models, or weights files.
        data: a folder of pairs, split by site where it has no splits.
        settings: how they are measured.
        train: the folder whose split "train" the baselines learn from; None for `data`.
        on_progress: called after each pair.

    Returns:
        The comparison, the files of `data` that were left out, and what a reader should know about the data.

    Raises:
        DataError: no pair to measure or to learn from.
        ModelError: a model cannot be loaded.
        SettingError: no model, or one twice.
    """
    found = _pairs_in(data, settings)
    measured = found.of(settings.split)
    if not measured:
        splits = ", ".join(sorted({pair.split for pair in found.pairs}))
        raise DataError(f"split must be one that {data} holds ({splits}), got {settings.split!r}; choose one of them")
    training = (found if train is None else _pairs_in(train, settings)).of("train")
    if not training:
        raise DataError(
            "baselines must have a split train to learn from, got none; give a folder that has one as train"
        )
    asked = _models(names, measured, settings)
    first = asked[0].filter  # baselines get the lightness that the first model gets
    others = sorted({method.filter for method in asked} - {first})
    broken: list[str] = []
    ticks = in_units(on_progress, "training pairs")
    base = learn_baselines(training, settings.input, first, None if settings.strict else broken, ticks)
    _log.info("baselines: learned from %d pairs of train", len(training) - len(broken))
    network, missing = load_or_note(settings.device)
    chosen = spread(second_half(measured) if settings.half == "second" else measured, settings.limit)
    _log.info("pairs: %d of %d in %s", len(chosen), len(measured), settings.split)
    _log.info("methods: %s", "; ".join(method.name for method in [*asked, *base]))
    result = compare(
        [*asked, *base],
        chosen,
        settings.input,
        palettes=palettes_for(measured, settings.palette, settings.half),
        strict=settings.strict,
        seed=settings.seed,
        on_progress=on_progress,
        network=network,
    )
    notes = [*missing, *(f"left out of train: {reason}" for reason in broken)]
    return result, list(found.skipped), notes + _notes(result, training, settings, first, others)


def _pairs_in(folder: Path, settings: EvaluateSettings) -> PairList:
    """The pairs of a folder; split by site, as `train` does, where the folder names no split."""
    found = find_pairs(folder, strict=settings.strict, exclude=settings.exclude)
    if any(pair.split in (*SPLITS, settings.split) for pair in found.pairs):
        return found
    return PairList(split_by_site(found.pairs), found.skipped)


def _models(names: Sequence[str], measured: Sequence[Pair], settings: EvaluateSettings) -> list[Method]:
    """The models, and where one takes a palette, what the fit, the palette and its mean colour alone are worth."""
    asked = load_models(names, filter=settings.filter, device=settings.device, precision=settings.precision)
    taking = [method for method in asked if method.takes_palette]
    if not taking or settings.palette == "none":
        return asked
    if settings.palette == "site" and settings.half == "second":
        asked += with_fit(taking, first_half_of(measured))
    return [*asked, *without_palette(taking), palette_mean(asked[0].filter)]


def _notes(
    result: Comparison, training: Sequence[Pair], settings: EvaluateSettings, first: str, others: Sequence[str]
) -> list[str]:
    """What a reader should know about the data; `first` is the first model's filter, `others` those of the rest."""
    notes = []
    shared = {pair.site for pair in result.pairs} & {pair.site for pair in training}
    if shared and settings.split != "train":
        notes.append(f"also a site of train, so neither model nor baseline is new to it: {', '.join(sorted(shared))}")
    if others and settings.input == "sar":
        notes.append(f"baselines get L after {first}; other models get it after {', '.join(others)}")
    return notes
