"""Every speckle filter on the same pixels: real dates of one ground, a simulated landscape, and thin lines."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SettingError
from ...progress import Progress
from ...raster import Bool, Float32
from ...simulate import LOOKS
from ...speckle import DEFAULT_LOOKS, FILTER_NAMES, get_filter
from . import metrics
from .ground import SimulatedGround, simulate_ground
from .stacks import Series, register, stacks_in

_log = logging.getLogger("sar_colorize")


def evaluate_filters(
    data: str | Path | None = None,
    *,
    filters: Sequence[str] = (),
    dates: int | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures speckle filters beside each other.

    Args:
        data: a folder of stacks; each is a folder with a GeoTIFF of one grid for each date, or a .npz file with
            `db_x100`, (T, H, W) hundredths of dB. None measures on the simulated ground alone.
        filters: names; empty for all.
        dates: at most so many dates of each stack are filtered; references are always made of all.
        seed: of the simulated ground and speckle.
        on_progress: called after each filter.

    Returns:
        "simulated": figures by filter, see `on_simulated`; "stacks": by stack, see `Series.facts`, and
        "filters", see `on_stack`; "gain_db": the mean gains over stacks by filter.

    Raises:
        DataError: no stack in the folder.
        SettingError: an unknown filter, no date.
    """
    names = tuple(filters) or FILTER_NAMES
    for name in names:
        get_filter(name)
    if dates is not None and dates < 1:
        raise SettingError(f"dates must be at least 1, got {dates}; leave it out for all")
    if seed < 0:
        raise SettingError(f"seed must be at least 0, got {seed}; choose another, such as 0")
    stacks = stacks_in(Path(data)) if data is not None else []
    ground = simulate_ground(seed)
    series = {stack.name: register(stack) for stack in stacks}
    made: dict[str, Any] = {
        "settings": {"filters": list(names), "dates": dates, "seed": seed},
        "simulated": {},
        "stacks": {name: {**one.facts(), "filters": {}} for name, one in series.items()},
    }
    _log.info("stacks: %s", ", ".join(series) or "none; on simulated ground alone")
    for done, name in enumerate(names, 1):
        made["simulated"][name] = _rounded(on_simulated(ground, partial(get_filter, name)))
        for key, one in series.items():
            made["stacks"][key]["filters"][name] = _rounded(on_stack(one, partial(get_filter, name), dates))
        _log.info("measured: %s", name)
        if on_progress is not None:
            on_progress(done, len(names))
    if stacks:
        made["gain_db"] = {
            name: {
                key: round(float(np.mean([e["filters"][name][key] for e in made["stacks"].values()])), 3)
                for key in ("gain_db", "gain_db_in_time", "gain_db_unregistered")
            }
            for name in names
        }
    return made


def on_stack(series: Series, get: Callable[..., Any], dates: int | None) -> dict[str, float]:
    """Metrics of a filter on real dates, each against the mean of all other dates.

    gain_db is of the filter with the usual looks, as is bias_db_usual. gain_db_in_time is of the filter with the looks
    that are new at each date, gain_db_unregistered the same against dates as they lie, and all others are means over
    dates of the same.

    Args:
        series: the dates.
        get: makes the filter from `looks`.
        dates: at most so many are filtered; None for all.
    """
    count = len(series.power) if dates is None else min(dates, len(series.power))
    noisy, references = list(series.power[:count]), list(series.references[:count])
    usual = [get(looks=DEFAULT_LOOKS).apply(image, series.valid) for image in noisy]
    chosen = [get(looks=series.looks_in_time).apply(image, series.valid) for image in noisy]
    flat = metrics.homogeneous(series.references.mean(0), series.inside)
    each = [
        _figures(a, b, c, series.inside, flat, series.looks_in_time)
        for a, b, c in zip(noisy, chosen, references, strict=True)
    ]
    return {
        "gain_db": metrics.gain_db(noisy, usual, references, series.inside),
        "gain_db_in_time": metrics.gain_db(noisy, chosen, references, series.inside),
        "gain_db_unregistered": metrics.gain_db(noisy, chosen, list(series.raw_references[:count]), series.inside),
        "bias_db_usual": float(
            np.mean([metrics.bias_db(a, b, series.inside) for a, b in zip(noisy, usual, strict=True)])
        ),
    } | {key: float(np.mean([one[key] for one in each])) for key in each[0]}


def on_simulated(ground: SimulatedGround, get: Callable[..., Any]) -> dict[str, float]:
    """Metrics of a filter on the simulated grounds, with the true looks, against the clean ground.

    psnr_1, psnr_2 and psnr_4 are of white speckle of so many looks, lines_kept is the share of the contrast of thin
    lines that is left, and the others are as in `on_stack`.

    Args:
        ground: the simulated grounds.
        get: makes the filter from `looks`.
    """
    valid = np.ones(ground.clean.shape, bool)
    filtered = get(looks=LOOKS).apply(ground.noisy, valid)
    flat = metrics.homogeneous(ground.clean, valid)
    made = _figures(ground.noisy, filtered, ground.clean, valid, flat, LOOKS)
    made["gain_db"] = metrics.gain_db([ground.noisy], [filtered], [ground.clean], valid)
    for looks, image in ground.white.items():
        made[f"psnr_{looks}"] = metrics.psnr(get(looks=float(looks)).apply(image, valid), ground.clean, valid)
    clean, noisy, line, beside = ground.lines
    smooth = get(looks=LOOKS).apply(noisy, np.ones(noisy.shape, bool))
    made["lines_kept"] = metrics.line_contrast_kept(smooth, clean, line, beside)
    return made


def _figures(
    noisy: Float32, filtered: Float32, reference: NDArray[Any], valid: Bool, flat: Bool, looks: float
) -> dict[str, float]:
    mean, variance = metrics.ratio_figures(noisy, filtered, flat if flat.any() else valid, looks)
    return {
        "bias_db": metrics.bias_db(noisy, filtered, valid),
        "psnr": metrics.psnr(filtered, reference, valid),
        "ssim": metrics.ssim(filtered, reference, valid),
        "edges_kept": metrics.edges_kept(filtered, reference, valid),
        "epd_roa": metrics.epd_roa(noisy, filtered, valid),
        "enl": metrics.enl(filtered, flat),
        "ratio_mean": mean,
        "ratio_variance": variance,
    }


def _rounded(figures: dict[str, float]) -> dict[str, float | None]:
    """For JSON, which has no NaN and no infinity."""
    return {key: round(float(value), 4) if np.isfinite(value) else None for key, value in figures.items()}
