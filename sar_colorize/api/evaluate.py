"""Evaluation as one call each: models on pairs with a report, and speckle filters side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..credentials import without_credentials
from ..errors import SettingError
from ..evaluation.color.settings import EvaluateSettings
from ..progress import Progress
from .keywords import verb


@verb(despeckle="filter")
def evaluate(  # long: the public signature spells out every keyword, and its docstring documents each
    models: str | Sequence[str],
    data: str | Path,
    report: str | Path,
    *,
    split: str = "test",
    train: str | Path | None = None,
    limit: int | None = None,
    exclude: str | Iterable[str] = (),
    strict: bool = False,
    input: str = "sar",
    filter: str = "auto",
    palette: str = "site",
    half: str = "all",
    reference: str | Path | None = None,
    reference_radar: bool = False,
    structure: str = "both",
    device: str = "auto",
    precision: str = "fp32",
    seed: int = 0,
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures models on pairs beside what they must beat, and writes a report.

    The models paint as `colorize` does. Beside them stand the mean colour of train, a look-up table from the radar's
    value to the mean colour under it, LR4ColSAR and NoColSAR (Shen et al. 2024), and grey under the real lightness,
    an oracle. With references, one model is measured beside the reference itself, its mean colour, its palette alone,
    no reference, the VV/VH composite, and all of these; on changed and unchanged ground apart, and on floods.

    Besides errors: spread and correlation of L, a and b within a picture, legibility of kinds of ground (IoU, 0..1),
    and with the extra `features` a feature distance (0 is equal) and KID, else undefined with a note.

    Pairs:
        models: A name or a weights file, or several of them.
        data: A folder of pairs in one of the layouts of `pairs.find`; split by site where it has no splits.
        split: The split that is measured.
        train: A folder of pairs whose split "train" the baselines learn from; None for the split of the same data.
        limit: At most so many pairs of each site, evenly spread; None for all.
        exclude: A site, or several, neither measured nor learned from.
        strict: Refuse files that are broken or without a partner, instead of leaving them out.

    Picture:
        input: The lightness that models get: sar, the radar's; optical, that of the real picture itself.
        filter: Speckle filter before the radar's lightness; auto is the one in each model's card.
        palette: The palette of models that take one: site, of other pairs of the same site and date; auto, of
            the ground to be expected where a pair lies, or on land anywhere; none.
        half: The pairs of a site that are measured: all; second, the second half by key, with palettes from the first
            half, to which colours are also fitted.

    Memory:
        reference: Measure pictures with a reference instead. other-dates takes pictures of other dates of the same
            place as references: of a series of PLACE_DATE_s1.tif and _s2.tif every ordered pair of dates, of pairs
            those with keys bN (before) and aN (after). A folder holds references by the names of the real pictures.
        reference_radar: Also give the radar of the reference's date.
        structure: Whose structure these pictures show: both, radar or reference.

    Report:
        report: A folder for index.html, metrics.json, patches.csv and, where the pairs have a grid, patches.gpkg, or
            with a reference examples.csv and gallery/PLACE.png; it appears whole or not at all.
        overwrite: Replace an earlier report.
        seed: Seed of the bootstrap.

    Run:
        device: auto, cpu or cuda; auto takes the GPU where there is one.
        precision: auto, fp32 or bf16; figures in the models' cards are of fp32.
        on_progress: Called with (done, total) pairs.

    Returns:
        What metrics.json holds, and the paths written, under "files".

    Raises:
        DataError: No pair to measure or to learn from.
        ModelError: A model cannot be loaded.
        SettingError: A setting is not allowed.
        OutputError: The report cannot be written there.
    """
    from ..evaluation.report.folder import check_report

    settings = EvaluateSettings(
        split=split, input=input, filter=filter, palette=palette, half=half, limit=limit,
        exclude=_sites(exclude), strict=strict, device=device,
        precision=precision, seed=seed, reference=None if reference is None else str(reference),
        reference_radar=reference_radar, structure=structure,
    )  # fmt: skip
    folder, pairs, learned_from = Path(report), Path(data), None if train is None else Path(train)
    check_report(folder, overwrite=overwrite)
    if settings.reference is not None:
        return _with_memory(_several(models), pairs, learned_from, folder, settings, overwrite, on_progress)
    from ..evaluation.color.run import compare_models
    from ..evaluation.report.folder import write_report

    comparison, skipped, notes = compare_models(
        _several(models), pairs, settings, train=learned_from, on_progress=on_progress
    )
    return write_report(folder, comparison, settings, data=pairs, skipped=skipped, notes=notes, overwrite=overwrite)


@verb()
def evaluate_filters(
    data: str | Path | None = None,
    *,
    filters: Sequence[str] = (),
    dates: int | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures speckle filters side by side, on simulated ground and on real dates.

    Args:
        data: a folder of stacks; each is a folder with a GeoTIFF of one grid for each date, or a .npz file with
            `db_x100`, (T, H, W) hundredths of dB. None measures on the simulated ground alone.
        filters: names; empty for all.
        dates: at most so many dates of each stack are filtered; None for all.
        seed: of the simulated ground and speckle.
        on_progress: called with (done, total) filters.

    Returns:
        "settings"; "simulated": metrics by filter; "stacks": by stack its looks in time, its offset, and under
        "filters" the metrics by filter; "gain_db": the mean gains over stacks by filter.

    Raises:
        DataError: no stack in the folder.
        SettingError: an unknown filter, or no date.
    """
    from ..evaluation.speckle.filters import evaluate_filters as measure

    return measure(data, filters=filters, dates=dates, seed=seed, on_progress=on_progress)


def _with_memory(
    models: Sequence[str],
    data: Path,
    train: Path | None,
    folder: Path,
    settings: EvaluateSettings,
    overwrite: bool,
    on_progress: Progress | None,
) -> dict[str, Any]:
    """One model with references: its figures, and the paths of the report."""
    from ..evaluation.memory.run import compare_memory
    from ..evaluation.report.memory_folder import write_memory_report

    if len(models) != 1:
        raise SettingError(f"models must name one where a reference is given, got {len(models)}; name one")
    comparison = compare_memory(models[0], data, settings, train=train, on_progress=on_progress)
    return write_memory_report(folder, comparison, settings, data=data, overwrite=overwrite)


def _several(names: str | Iterable[str]) -> tuple[str, ...]:
    """One name or several, as several."""
    return (names,) if isinstance(names, str) else tuple(names)


def _sites(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names of sites, without credentials."""
    sites = _several(names)
    for name in sites:
        if not isinstance(name, str) or any("\ud800" <= letter <= "\udfff" for letter in name):
            raise SettingError(f"exclude must be names of sites, got {name!r}; leave it out for none")
    return tuple(map(without_credentials, sites))
