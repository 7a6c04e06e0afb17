"""Real dates of one ground, for the learned speckle filter: one date in, the mean of the others as the target.

What a date has and the others have not is its speckle, whatever it is made of, and what they share is the ground's
(Lehtinen et al., Noise2Noise, ICML 2018; Dalsasso et al., SAR2SAR, IEEE JSTARS 2021). So the filter learns from ground
that keeps its speckle from pass to pass to leave it there; with the usual looks it must find by itself where that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ...errors import DataError
from ...raster import Float32
from ...scene.stack_file import read_dates
from ..color.augment import turn
from .settings import FilterSettings
from .simulated import Sample

USUAL_LOOKS = 4.4
"""Of Sentinel-1 IW GRD, as the product's document gives them."""


def read_series(folder: Path, places: Sequence[str] = ()) -> list[Float32]:
    """(dates, H, W) linear power of each NAME.npz with `db_x100`, decibels times 100.

    Args:
        folder: where the files are.
        places: names without .npz; all where none is named.

    Raises:
        DataError: no such file, or one without two dates.
    """
    paths = [folder / f"{name}.npz" for name in places] or sorted(folder.glob("*.npz"))
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        raise DataError(f"series must be NAME.npz in {folder}, got no {', '.join(missing) or 'such file'}; name others")
    return [read_dates(path) for path in paths]


def fresh_looks(power: Float32) -> float:
    """The looks that are new at each date: 1 / mean over pixels of variance over squared mean in time; at most 1e6."""
    level = power / power.mean((1, 2), keepdims=True)
    return float(1.0 / max(float((level.var(0, ddof=1) / level.mean(0) ** 2).mean()), 1e-6))


def dates_of(series: Sequence[Float32], fresh: Sequence[float], settings: FilterSettings, number: int) -> Sample:
    """A batch of dates and of the means of the other dates; a function of (seed, number) alone.

    Args:
        series: (dates, H, W) each. fresh: `fresh_looks` of each. number: of the batch.
    """
    random = np.random.default_rng((settings.seed, number, 1))
    size = settings.patch_px
    images, targets, looks = [], [], []
    for _ in range(settings.batch):
        place = int(random.integers(len(series)))
        power = series[place]
        date = int(random.integers(len(power)))
        row, col = (int(random.integers(0, side - size + 1)) for side in power.shape[1:])
        others = np.delete(power, date, 0).mean(0)
        others = others * (power[date].mean() / others.mean())
        quarter, flip = int(random.integers(4)), bool(random.integers(2))
        cut = np.s_[row : row + size, col : col + size]
        images.append(turn(power[date][cut], quarter, flip))
        targets.append(turn(others[cut], quarter, flip))
        known = USUAL_LOOKS if random.random() < settings.usual_share else fresh[place]
        looks.append(known * float(np.exp(random.normal(0.0, 0.1))))
    db, target = (
        10.0 * torch.from_numpy(np.stack(each)).clamp(min=1e-9).log10()[:, None] for each in (images, targets)
    )
    valid = torch.ones(db.shape, dtype=torch.bool)
    return Sample(db, target, valid, torch.tensor(looks, dtype=torch.float32)[:, None, None, None])
