"""What holds for the memory of a whole scene, from windows spread over it: see `memory`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from ..cores import made_ahead
from ..raster import Bool, Float32
from . import season as seasons
from . import water as waters
from .agreement import WIDE, Agreement, Evidence, colour_values, fit_expected, gather, judge
from .belief import Belief, believe
from .half import halve, smooth
from .memory import (
    CALM,
    FLOODED,
    OLD_WATER,
    SURE,
    SURE_ABSOLUTE,
    Earlier,
    Ground,
    Memory,
    halve_before,
    moved,
    ramp,
)

NATURAL = (35.0, 20.0, 0.25)
"""Of a picture in natural colours hardly anything is redder (a) or, where red, bluer (-b); more than this share is."""
COARSE = (2.5, 4.0)
"""Times coarser than the scene from which on the radar's own structure is drawn into a reference."""
DETAIL, MOST_DETAIL = 0.4, 1.5
"""Share of the spread of L that a spread of the radar stands for there, and the most L for each decibel."""
CLOUDY = 65.0
"""Lightness from which what looks like water may be a thin cloud."""
_MOST_SAMPLES = 60_000
Halves = tuple[Float32, Float32, Float32, Bool]
"""Colours, decibels and their change, (., h, w) each, and where the first two are known."""
ERRORS = {"copy": (5.0, 0.0, 0.0), "season": (4.1, 0.7, 0.4), "flood": (5.0, 0.0, 0.0)}
"""See `Memory.error`. On places left out, in the mean: farmland 6.1 where it is 6.2, floods 5.3 where it is 4.9."""


@dataclass(frozen=True)
class Place:
    """What is known of a scene besides its pixels."""

    months: tuple[int | None, int | None] = (None, None)
    """1..12 of the reference and of the scene."""
    position: tuple[float, float] | None = None
    """Degrees east and north of its middle."""
    absolute: bool = False
    """Whether its decibels have an absolute level."""
    is_picture: bool = False
    """Whether the reference is a picture, whose rendering is not known, and not reflectance."""
    coarser: float = 1.0
    """Pixels of the scene along a side of one of the reference."""


def fit_memory(windows: Iterable[Ground], bands: tuple[str, ...], structure: str, place: Place) -> Memory:
    """What holds for the memory of a scene, from windows spread over it.

    Args:
        windows: of the scene; those where reference and radar show nothing together count for nothing.
        bands: the scene's polarisations. structure: one of STRUCTURES. place: what else is known.
    """
    seen = [each for each in made_ahead(_seen, windows) if each is not None]
    found, middles, halves = [each[0] for each in seen], [each[1] for each in seen], [each[2] for each in seen]
    if not found:
        return Memory(structure, bands, place.absolute, note="The reference shows no ground of the scene.")
    agreement = judge(found, len(bands))
    belief = believe(found, middles, agreement.move, len(bands)) if agreement.holds and agreement.judged else None
    samples = [_samples(*each, agreement.move) for each in halves]
    lab, wide, db, change = (np.concatenate([each[i] for each in samples], 1) for i in range(4))
    memory = _fitted(lab, wide, db, change, agreement, bands, structure, place)
    return memory if belief is None or not memory.trust else _believed(memory, belief)


def _seen(window: Ground) -> tuple[Evidence, tuple[int, int], Halves] | None:
    """What a window says of the agreement, its middle, and what it shows at half the resolution; None of nothing."""
    both = window.seen & window.valid
    lab, share = halve(window.reference, both, window.row, window.col)
    db, _ = halve(window.db, window.valid, window.row, window.col)
    known = share > 0.5
    if not known.any():
        return None
    before = halve_before(window)
    change = np.full_like(db, np.nan) if before is None else db - before
    middle = (window.row + both.shape[0] // 2, window.col + both.shape[1] // 2)
    return gather(lab, db, known), middle, (lab, db, change, known)


def _believed(memory: Memory, belief: Belief) -> Memory:
    """A memory that is not believed everywhere."""
    said = (
        f"In {belief.lost:.0%} of the scene the radar does not follow the reference, which is out of place there or "
        "long past; it is not remembered there."
    )
    note = " ".join(filter(None, (memory.note, said))) if belief.lost >= 0.005 else memory.note
    return replace(memory, belief=belief, note=note, facts=memory.facts | {"lost": round(belief.lost, 3)})


def _samples(
    lab: Float32, db: Float32, change: Float32, known: Bool, lies: tuple[int, int]
) -> tuple[Float32, Float32, Float32, Float32]:
    """Colours, those around them, decibels and their change, (., N) each, of one window; the reference moved back."""
    lab, there = moved(lab, known, (-lies[0], -lies[1]))
    wide = smooth(lab, there.astype(np.float32), WIDE)
    both = there & known
    step = max(1, int(both.sum()) // (_MOST_SAMPLES // 16))
    a, b, c, d = (each[:, both][:, ::step] for each in (lab, wide, db, change))
    return a, b, c, d


def _fitted(  # long: one memory has many numbers, and each needs the samples
    lab: Float32,
    wide: Float32,
    db: Float32,
    change: Float32,
    agreement: Agreement,
    bands: tuple[str, ...],
    structure: str,
    place: Place,
) -> Memory:
    """The memory of a scene from its samples, (., N) each."""
    limit = NATURAL
    false = (lab[1] > limit[0]) | ((lab[1] > 10.0) & (lab[2] < -limit[1]))
    if float(false.mean()) > limit[2]:
        note = (
            f"The reference is not in natural colours ({float(false.mean()):.0%} of it red or purple), so it is not "
            "remembered; give one with red, green and blue."
        )
        return Memory(structure, bands, place.absolute, note=note)
    if not agreement.holds:
        note = (
            f"The reference does not explain this radar (agreement {agreement.share:.3f}, by chance "
            f"{agreement.chance:.3f}): another place, far out of place, or too old; it is not remembered."
        )
        return Memory(structure, bands, place.absolute, note=note)
    step = max(1, lab.shape[1] // _MOST_SAMPLES)
    lab, wide, db, change = (each[:, ::step] for each in (lab, wide, db, change))
    values = colour_values(lab[..., None], wide[..., None])[..., 0]
    expected = fit_expected(values.T, db.T)
    level = waters.level_of(db[0])
    is_known = place.absolute or bands[0] in ("VV", "HH")  # the rule for scenes without a level was learned on VV
    middle = np.median(lab, 1)
    odd = expected.surprise(values[..., None], db[..., None])[..., 0]
    wet = (waters.looks_like_water(lab[..., None], middle)[:, 0] > OLD_WATER) & (lab[0] < CLOUDY)
    if place.absolute:
        wet &= waters.absolute_chance(bands, db[..., None])[:, 0] > 0.5
    else:
        wet &= db[0] < level.median - level.spread
    old = np.median(lab[:, wet], 1) if wet.mean() > 0.002 and wet.sum() > 50 else None
    usual = np.array(waters.table()["flood_lab"])
    season = None
    before, now = place.months
    has_before = bool(np.isfinite(change).all(0).mean() > 0.5)
    if before is not None and now is not None and place.position is not None:
        radar = bands if place.absolute else ()
        season = seasons.settle((before, now), *place.position, radar, has_before and place.absolute)
        if place.is_picture:
            season = _as_rendered(season, before, place.position, lab, db, change)
    share = _new_water_share(lab, db, odd, level, middle, bands, place.absolute)
    flood = float(ramp(np.array(share, np.float32), FLOODED)) if season is None and is_known else 0.0
    earlier = None
    if has_before:
        kept = change[:, np.isfinite(change).all(0)]
        centre = np.median(kept, 1)
        width = 1.4826 * np.median(np.abs(kept - centre[:, None]), 1) + 0.5
        earlier = Earlier(centre.astype(np.float32), width.astype(np.float32))
    down, right = 2 * agreement.move[0], 2 * agreement.move[1]
    radar_light = (float(np.median(db[0])), max(1.0, float(db[0].std())))
    drawn = usual if old is None else 0.5 * (usual + old)
    return Memory(
        structure,
        bands,
        place.absolute,
        1.0,
        (-down, -right),
        expected,
        level if is_known else None,
        (float(middle[0]), float(middle[1]), float(middle[2])),
        (float(drawn[0]), float(drawn[1]), float(drawn[2])),
        flood,
        season,
        earlier,
        (float(lab[0].mean()), max(4.0, float(lab[0].std())), *radar_light),
        ERRORS["season" if season else "flood" if flood else "copy"],
        " ".join(filter(None, (_lies(down, right), _season_note(place, flood, share)))),
        detail=_detail(place.coarser, float(lab[0].std()), radar_light[1]),
        facts={"agreement": agreement.share, "by_chance": agreement.chance, "new_water": round(share, 4)},
    )


def _detail(coarser: float, light: float, radar: float) -> tuple[float, float]:
    """See `Memory.detail`: none beside a reference as fine as the scene.

    Args:
        light, radar: spread over the scene of the reference's L, and of the radar in decibels.
    """
    share = float(ramp(np.array(coarser, np.float32), COARSE))
    return share * min(DETAIL * light / radar, MOST_DETAIL), float(np.clip(0.25 * coarser, 1.0, 4.0))


def _as_rendered(
    season: seasons.Season,
    month: int,
    position: tuple[float, float],
    lab: Float32,
    db: Float32,
    change: Float32,
) -> seasons.Season:
    """A season without what the networks would change between equal months: that is rendering, not season."""
    equal = seasons.settle((month, month), *position, season.bands, season.has_before)
    drift, _ = replace(equal, strength=1.0).drift(lab, db, db - change)
    return replace(season, rendering=tuple(drift.mean(1).tolist()))


def _season_note(place: Place, flood: float, share: float) -> str:
    """What a user should know of the season in the picture."""
    if flood > 0.0:
        return f"{share:.0%} of the ground is new water, so land is drawn as after a flood: darker and less green."
    if None in place.months:
        return (
            "The months of scene and reference are not both known, so the season is that of the reference; date and "
            "reference_date give them."
        )
    if place.position is None:
        return "The scene has no position, so the season is that of the reference."
    return ""


def _lies(down: int, right: int) -> str:
    """What a user should know of a reference that lies so many pixels too far down and right."""
    parts = []
    if down:
        parts.append(f"{abs(down)} pixels too far {'down' if down > 0 else 'up'}")
    if right:
        parts.append(f"{abs(right)} pixels too far {'right' if right > 0 else 'left'}")
    return f"The reference lies {' and '.join(parts)}; it is moved back." if parts else ""


def _new_water_share(
    lab: Float32,
    db: Float32,
    odd: Float32,
    level: waters.Level,
    middle: Float32,
    bands: tuple[str, ...],
    absolute: bool,
) -> float:
    """The share of samples (., N) that are new water beyond doubt."""
    values = waters.dark_values(level, db[0][:, None], odd[0][:, None])
    new: Bool = (waters.chance(values, "dark")[:, 0] > SURE[1]) & (odd[0] < CALM)
    if absolute:
        new &= waters.absolute_chance(bands, db[..., None])[:, 0] > SURE_ABSOLUTE[1]
    new &= waters.looks_like_water(lab[..., None], middle.astype(np.float32))[:, 0] < OLD_WATER
    return float(new.mean())
