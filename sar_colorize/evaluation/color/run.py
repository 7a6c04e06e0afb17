"""Evaluation as one call: models and folders in, a report and plain values out. Imports nothing heavy until called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import DataError, SettingError
from ...infer import DEVICES, PRECISIONS
from ...pairs.find import SPLITS, PairList, find_pairs, split_by_site
from ...speckle import FILTER_NAMES

if TYPE_CHECKING:
    from .compare import Comparison

INPUTS = ("sar", "optical")
"""What `--input` may be: L of the radar, or of the real picture itself."""
PALETTES = ("site", "auto", "none")
"""What `--palette` may be: of other pairs of the same site, guessed from where a pair lies, or none."""
HALVES = ("all", "second")
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EvaluateSettings:
    """How to measure; saved in metrics.json.

    split: of the data, such as "test". input: the L that methods are given, "sar" or "optical".
    despeckle: the filter before the radar's L; "auto" is the one in each model's card.
    palette: given to models that take one: "site", from other pairs of the same site and date, "auto", guessed from
        where a pair lies, or "none".
    half: "second": measure the second half of each site's pairs, by key, and take palettes from the first, to whose
        radar colours are also fitted; "all".
    limit: at most so many pairs of each site, evenly spread; None for all.
    exclude: sites neither measured nor learned from.
    strict: refuse files that are broken or without a partner instead of leaving them out.
    precision: "fp32" is what the cards were measured in.
    seed: of the bootstrap.
    """

    split: str = "test"
    input: str = "sar"
    despeckle: str = "auto"
    palette: str = "site"
    half: str = "all"
    limit: int | None = None
    exclude: tuple[str, ...] = ()
    strict: bool = False
    device: str = "auto"
    precision: str = "fp32"
    seed: int = 0

    def __post_init__(self) -> None:
        allowed = {
            "input": INPUTS,
            "palette": PALETTES,
            "half": HALVES,
            "despeckle": ("auto", *FILTER_NAMES),
            "device": DEVICES,
            "precision": PRECISIONS,
        }
        for name, choices in allowed.items():
            if getattr(self, name) not in choices:
                raise SettingError(
                    f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}; choose one of them"
                )
        if self.limit is not None and self.limit < 1:
            raise SettingError(f"limit must be at least 1, got {self.limit}; leave it out for every pair")
        if self.seed < 0:
            raise SettingError(f"seed must be at least 0, got {self.seed}; leave it out to be safe")


def evaluate(
    models: Sequence[str],
    data: str | Path,
    report: str | Path,
    *,
    train: str | Path | None = None,
    overwrite: bool = False,
    on_progress: Progress | None = None,
    exclude: Iterable[str] = (),
    **settings: Any,
) -> dict[str, Any]:
    """Measures models beside what they must beat, and writes a report.

    Always beside the models: the mean colour of train, the look-up table from the radar's value to the mean colour
    under it, LR4ColSAR and NoColSAR (Shen et al. 2024), and grey under the real lightness, an oracle.

    Args:
        models: names, or weights files.
        data: pairs in one of the layouts of `training.pairs`; split by place where it has no splits.
        report: a folder for index.html, metrics.json, patches.csv and, where the pairs have a grid, patches.gpkg; it
            appears whole or not at all.
        train: pairs whose split "train" the baselines learn from; None for those of `data`.
        overwrite: replace an earlier report.
        on_progress: called with (done, total) pairs.
        exclude, settings: see `EvaluateSettings`.

    Returns:
        What metrics.json holds, and the paths written, under "files".

    Raises:
        DataError: no pair to measure or to learn from. ModelError, SettingError, OutputError: one sentence each.
    """
    unknown = sorted(set(settings) - set(EvaluateSettings.__dataclass_fields__))
    if unknown:
        known = ", ".join(EvaluateSettings.__dataclass_fields__)
        raise SettingError(f"setting must be one of {known}, got {unknown[0]!r}; check its spelling")
    chosen = EvaluateSettings(exclude=tuple(exclude), **settings)
    from ..report.folder import check_report, write_report

    check_report(Path(report), overwrite=overwrite)
    found = _pairs_in(Path(data), chosen)
    measured = found.of(chosen.split)
    if not measured:
        splits = ", ".join(sorted({pair.split for pair in found.pairs}))
        raise DataError(f"split must be one that {data} holds ({splits}), got {chosen.split!r}; name it with --split")
    source = found if train is None else _pairs_in(Path(train), chosen)
    comparison, notes = _compare(models, measured, source, chosen, on_progress)
    return write_report(
        Path(report), comparison, chosen, data=Path(data), skipped=found.skipped, notes=notes, overwrite=overwrite
    )


def _pairs_in(folder: Path, chosen: EvaluateSettings) -> PairList:
    """The pairs of a folder; split by place, as `train` does, where the folder says nothing of splits."""
    found = find_pairs(folder, strict=chosen.strict, exclude=chosen.exclude)
    if any(pair.split in (*SPLITS, chosen.split) for pair in found.pairs):
        return found
    return PairList(split_by_site(found.pairs), found.skipped)


def _compare(
    models: Sequence[str],
    measured: Sequence[Any],
    source: PairList,
    chosen: EvaluateSettings,
    on_progress: Progress | None,
) -> tuple[Comparison, list[str]]:
    """The comparison, and what a reader should know of its data."""
    from ..color import methods
    from .compare import compare, spread
    from .palettes import first_half_of, palettes_for, second_half

    asked = methods.models(models, despeckle=chosen.despeckle, device=chosen.device, precision=chosen.precision)
    if any(method.takes_palette for method in asked) and chosen.palette != "none":
        given = [method for method in asked if method.takes_palette]
        if chosen.palette == "site" and chosen.half == "second":
            asked += methods.fitted(given, first_half_of(measured))
        asked += methods.without_palette(given)
        asked.append(methods.own_mean(asked[0].despeckle))
    palettes = palettes_for(measured, chosen.palette, chosen.half)
    if chosen.half == "second":
        measured = second_half(measured)
    train = source.of("train")
    if not train:
        raise DataError(
            "baselines must have a split train to learn from, got none; name a folder that has one with --train"
        )
    broken: list[str] = []
    # Baselines are given what the first model is given.
    base = methods.learned(train, chosen.input, asked[0].despeckle, None if chosen.strict else broken)
    result = compare(
        [*asked, *base],
        spread(measured, chosen.limit),
        chosen.input,
        palettes=palettes,
        strict=chosen.strict,
        seed=chosen.seed,
        on_progress=on_progress,
    )
    notes = [f"left out of train: {reason}" for reason in broken]
    shared = {pair.site for pair in result.pairs} & {pair.site for pair in train}
    if shared and chosen.split != "train":
        notes.append(f"also a site of train, so neither model nor baseline is new to it: {', '.join(sorted(shared))}")
    other = sorted({method.despeckle for method in asked} - {asked[0].despeckle})
    if other and chosen.input == "sar":
        notes.append(f"baselines see L after {asked[0].despeckle}; other models see it after {', '.join(other)}")
    return result, notes
