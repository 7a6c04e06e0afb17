"""Every speckle filter on the same pixels: real series of dates, a simulated landscape, and thin lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...backscatter import db_range_of, to_power
from ...errors import DataError, SettingError
from ...raster import Bool, Float32
from ...simulate import LOOKS, MEAN_DB
from ...simulate import speckle as radar_speckle
from ...simulate.landscape import landscape
from ...speckle import DEFAULT_LOOKS, FILTER_NAMES, get_filter
from ..speckle import metrics as speckle

SIDE_PX = 512
PSNR_LOOKS = (1, 2, 4)
Progress = Callable[[int, int], None]
Smooth = Callable[[Float32, Bool], Float32]


@dataclass(frozen=True)
class Stack:
    """One ground at several dates: power (T, H, W), and where every date is valid (H, W)."""

    name: str
    power: Float32
    valid: Bool


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
        data: a folder of stacks: each a .npz with `db_x100`, (T, H, W) hundredths of dB, or a folder with a scene of
            one grid for each date. None measures on the simulated ground alone.
        filters: names; empty for all.
        dates: at most so many dates of each stack are filtered; the reference is always made of all.
        seed: of the simulated ground and speckle.
        on_progress: told (filters done, filters in all).

    Returns:
        "simulated": figures by filter, see `on_simulated`; "stacks": by stack, see `Series.facts`, and
        "filters", see `on_stack`; "gain_db": the mean gains over stacks by filter.

    Raises:
        DataError: no stack in the folder. SettingError: an unknown filter, no date.
    """
    names = tuple(filters) or FILTER_NAMES
    for name in names:
        get_filter(name)
    if dates is not None and dates < 1:
        raise SettingError(f"dates must be at least 1, got {dates}; leave it out for all")
    stacks = stacks_in(Path(data)) if data is not None else []
    ground = simulated(seed)
    series = {stack.name: registered(stack) for stack in stacks}
    made: dict[str, Any] = {
        "settings": {"filters": list(names), "dates": dates, "seed": seed},
        "simulated": {},
        "stacks": {name: {**one.facts(), "filters": {}} for name, one in series.items()},
    }
    for done, name in enumerate(names, 1):
        made["simulated"][name] = _rounded(on_simulated(ground, partial(get_filter, name)))
        for key, one in series.items():
            made["stacks"][key]["filters"][name] = _rounded(on_stack(one, partial(get_filter, name), dates))
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


@dataclass(frozen=True)
class Series:
    """A stack whose dates are known to a fraction of a pixel.

    power: (T, H, W) as it came. references: for each date the mean of the others, moved onto it. raw_references: the
    same, not moved. inside: valid, without the border. offsets_px: (T, 2). looks_in_time: of the moved dates.
    """

    power: Float32
    valid: Bool
    references: NDArray[np.float64]
    raw_references: NDArray[np.float64]
    inside: Bool
    offsets_px: NDArray[np.float64]
    looks_in_time: float

    def facts(self) -> dict[str, float]:
        """For the table: looks that are new at each date, and how far dates lie from their mean, root mean square."""
        offset_px = float(np.sqrt((self.offsets_px**2).sum(1).mean()))
        return {"looks_in_time": round(self.looks_in_time, 2), "offset_px": round(offset_px, 2)}


def registered(stack: Stack) -> Series:
    """The dates of a stack laid onto each other, as references for each other."""
    power, valid, dates = stack.power, stack.valid, range(len(stack.power))
    offsets = speckle.offsets_px(power, valid)
    moved = speckle.shifted(power, valid, -offsets)
    common = np.stack([speckle.others(moved, date) for date in dates])
    inside = speckle.without_border(valid)
    return Series(
        power,
        valid,
        speckle.shifted(common, valid, offsets),
        np.stack([speckle.others(power, date) for date in dates]),
        inside,
        offsets,
        speckle.looks_in_time(moved, inside),
    )


def on_stack(series: Series, get: Callable[..., Any], dates: int | None) -> dict[str, float]:
    """Figures of a filter on real dates, each against the mean of all other dates.

    gain_db: told the usual looks; gain_db_in_time: told those that are new at each date; gain_db_unregistered: the same
    against dates as they lie. The others told those new at each date, means over dates.
    """
    count = len(series.power) if dates is None else min(dates, len(series.power))
    noisy, references = list(series.power[:count]), list(series.references[:count])
    usual = [get(looks=DEFAULT_LOOKS).apply(image, series.valid) for image in noisy]
    chosen = [get(looks=series.looks_in_time).apply(image, series.valid) for image in noisy]
    flat = speckle.homogeneous(series.references.mean(0), series.inside)
    each = [
        _figures(a, b, c, series.inside, flat, series.looks_in_time)
        for a, b, c in zip(noisy, chosen, references, strict=True)
    ]
    return {
        "gain_db": speckle.gain_db(noisy, usual, references, series.inside),
        "gain_db_in_time": speckle.gain_db(noisy, chosen, references, series.inside),
        "gain_db_unregistered": speckle.gain_db(noisy, chosen, list(series.raw_references[:count]), series.inside),
        "bias_db_usual": float(
            np.mean([speckle.bias_db(a, b, series.inside) for a, b in zip(noisy, usual, strict=True)])
        ),
    } | {key: float(np.mean([one[key] for one in each])) for key in each[0]}


@dataclass(frozen=True)
class Simulated:
    """clean: (H, W) mean power of a landscape; seen: with the speckle of GRD products; white: by looks, with speckle
    that neighbours do not share; lined: clean power, power, and where its lines and what is beside them stand."""

    clean: Float32
    seen: Float32
    white: dict[int, Float32]
    lined: tuple[Float32, Float32, Bool, Bool]


def simulated(seed: int) -> Simulated:
    """The simulated grounds of a seed, SIDE_PX wide."""
    random = np.random.default_rng(seed)
    cover, gain_db = landscape(SIDE_PX, SIDE_PX, random)
    means = np.array(list(MEAN_DB.values()), np.float32)[:, 0]
    clean = (10.0 ** ((means[cover] + gain_db) / 10.0)).astype(np.float32)
    white = {looks: (clean * random.gamma(looks, 1.0 / looks, clean.shape)).astype(np.float32) for looks in PSNR_LOOKS}
    lines_db, line, beside = thin_lines(SIDE_PX // 2)
    lined = (10.0 ** (lines_db / 10.0)).astype(np.float32)
    seen_lines = lined * radar_speckle(len(lined), len(lined), random)
    return Simulated(clean, clean * radar_speckle(SIDE_PX, SIDE_PX, random), white, (lined, seen_lines, line, beside))


def thin_lines(side_px: int) -> tuple[Float32, Bool, Bool]:
    """(H, W) dB of flat ground with lines of one pixel, 6 dB brighter or darker in turn; where they are; and the flat
    ground 4 to 8 px beside the bright ones, which are measured."""
    rows, cols = np.mgrid[:side_px, :side_px]
    db = np.full((side_px, side_px), -12.0, np.float32)
    line, beside = np.zeros(db.shape, bool), np.zeros(db.shape, bool)
    for half, across in enumerate((cols + rows // 5, rows - cols // 3)):
        part = (rows < side_px // 2) == (half == 0)
        at = across % 48
        db[part & (at == 12)] += 6.0
        db[part & (at == 36)] -= 6.0
        inner = part & (rows % (side_px // 2) >= 8) & (rows % (side_px // 2) < side_px // 2 - 8)
        line |= inner & (at == 12)
        beside |= inner & (np.abs(at - 12) >= 4) & (np.abs(at - 12) <= 8)
    return db, line, beside


def on_simulated(ground: Simulated, get: Callable[..., Any]) -> dict[str, float]:
    """Figures of a filter on the simulated grounds, told the true looks.

    psnr_1, psnr_2, psnr_4: of white speckle; lines_kept: share of the contrast of thin lines; the rest as `on_stack`,
    against the clean ground.
    """
    valid = np.ones(ground.clean.shape, bool)
    filtered = get(looks=LOOKS).apply(ground.seen, valid)
    flat = speckle.homogeneous(ground.clean, valid)
    made = _figures(ground.seen, filtered, ground.clean, valid, flat, LOOKS)
    made["gain_db"] = speckle.gain_db([ground.seen], [filtered], [ground.clean], valid)
    for looks, image in ground.white.items():
        made[f"psnr_{looks}"] = speckle.psnr(get(looks=float(looks)).apply(image, valid), ground.clean, valid)
    clean, seen, line, beside = ground.lined
    smooth = get(looks=LOOKS).apply(seen, np.ones(seen.shape, bool))
    made["lines_kept"] = speckle.line_contrast_kept(smooth, clean, line, beside)
    return made


def _figures(
    noisy: Float32, filtered: Float32, reference: NDArray[Any], valid: Bool, flat: Bool, looks: float
) -> dict[str, float]:
    mean, variance = speckle.ratio_figures(noisy, filtered, flat if flat.any() else valid, looks)
    return {
        "bias_db": speckle.bias_db(noisy, filtered, valid),
        "psnr": speckle.psnr(filtered, reference, valid),
        "ssim": speckle.ssim(filtered, reference, valid),
        "edges_kept": speckle.edges_kept(filtered, reference, valid),
        "epd_roa": speckle.epd_roa(noisy, filtered, valid),
        "enl": speckle.enl(filtered, flat),
        "ratio_mean": mean,
        "ratio_variance": variance,
    }


def stacks_in(folder: Path) -> list[Stack]:
    """The stacks of a folder, by name; see `evaluate_filters`.

    Raises:
        DataError: no such folder, no stack in it, or dates on different grids.
    """
    if not folder.is_dir():
        raise DataError(f"data must be a folder of stacks, got {folder}; name the folder that holds them")
    found = [_from_npz(path) for path in sorted(folder.glob("*.npz"))]
    found += [_from_scenes(path) for path in sorted(folder.iterdir()) if len(list(path.glob("*.tif"))) >= 3]
    if not found:
        raise DataError(
            f"data must hold stacks of three dates or more, got none in {folder}; put the GeoTIFFs of one ground, "
            "one for each date, in a folder of their own under it"
        )
    return found


def _from_npz(path: Path) -> Stack:
    with np.load(path) as file:
        if "db_x100" not in file.files:
            raise DataError(f"a stack must hold db_x100, got {', '.join(file.files)} in {path}; take it out")
        power = (10.0 ** (file["db_x100"].astype(np.float32) / np.float32(1000.0))).astype(np.float32)
    return _stack(path.stem, power)


def _from_scenes(folder: Path) -> Stack:
    from ...scene import open_scene

    dates = []
    for path in sorted(folder.glob("*.tif")):
        scene = open_scene(path)
        raster = scene.read(scene.grid.window)
        values = to_power(raster.values[0], raster.unit, db_range_of(raster.bands[0]))
        dates.append(np.where(raster.valid, values, np.float32(np.nan)))
    if len({date.shape for date in dates}) > 1:
        raise DataError(f"dates of a stack must have one size, got several in {folder}; warp them to one grid")
    return _stack(folder.name, np.stack(dates))


def _stack(name: str, power: Float32) -> Stack:
    valid = np.asarray(np.isfinite(power).all(0))
    return Stack(name, np.where(valid, power, np.float32(1.0)), valid)


def _rounded(figures: dict[str, float]) -> dict[str, float | None]:
    """For JSON, which has no NaN and no infinity."""
    return {key: round(float(value), 4) if np.isfinite(value) else None for key, value in figures.items()}
