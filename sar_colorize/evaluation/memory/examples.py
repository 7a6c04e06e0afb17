"""What a picture with memory is measured on: a scene, a reference of another date, and what the ground looked like.

Two layouts are known, and found by looking:

    series  PLACE_DATE_s1.tif beside PLACE_DATE_s2.tif, DATE as YYYYMMDD or YYYYMM
    pairs   the layouts of `pairs.find`

With the references "other-dates", every ordered pair of dates of a place in a series is an example. Of pairs, those
whose keys are bN (before) and aN (after) at the same site are: before's picture is the reference of after's radar.
With a folder of references, each scene has the file there that is called as its own picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...credentials import name_without_credentials
from ...errors import DataError, SettingError
from ...pairs.find import Pair, find_pairs
from ...scene.date import parse_date
from ...scene.names import is_folder
from ..color.compare import spread
from ..color.settings import OTHER_DATES, EvaluateSettings

AFTER = "_after"
"""Behind the name of a split: the same ground after a flood."""
_DATED = re.compile(r"(.+)_(\d{4})(\d{2})(\d{2})?")
_BEFORE_OR_AFTER = re.compile(r"([ab])(\d+)")


@dataclass(frozen=True)
class Example:
    """A scene, the reference that it is given, and its own picture, which is the truth."""

    pair: Pair
    """The scene (s1) and what the ground looked like (s2)."""
    reference: Path
    """The picture that is given as reference."""
    before: Pair | None = None
    """The radar of the reference's date; None where not known."""
    date: str | None = None
    """Of the scene, "YYYY-MM-DD" or "YYYY-MM"; None where not known."""
    reference_date: str | None = None
    """Of the reference, likewise."""
    are_neighbours: bool = False
    """Whether no other date of the place lies between the two."""
    flood: Path | None = None
    """A picture of the same size, white where people saw a flood; None without one."""

    @property
    def place(self) -> str:
        """The place that it shows."""
        return self.pair.site


@dataclass(frozen=True)
class ExampleList:
    """The examples of a folder."""

    examples: tuple[Example, ...]
    pairs: tuple[Pair, ...]
    """All pairs of the folder, also those that no example is made of."""
    is_series: bool
    skipped: tuple[str, ...] = ()
    """Why others were left out."""


def find_examples(folder: Path, settings: EvaluateSettings) -> ExampleList:
    """The examples of a folder, in a fixed order.

    Args:
        folder: in one of the layouts above.
        settings: with the references; `split` chooses among pairs, and `limit` and `exclude` among places.

    Raises:
        DataError: no such folder, or no example in it.
        SettingError: the references are not there, or a split is named for a series.
    """
    if not is_folder(folder):
        raise DataError(f"data must be a folder of pairs or of a series, got {folder}; name the folder that holds them")
    is_series = any(_side_files(folder, "s1"))
    if is_series and settings.split != EvaluateSettings.split:
        raise SettingError(
            f"split must be left out for a series of dates, which has none, got {settings.split!r}; exclude leaves "
            "places out"
        )
    found = _series(folder, settings.exclude) if is_series else find_pairs(folder, exclude=settings.exclude).pairs
    chosen = found if is_series else tuple(p for p in found if p.split in (settings.split, settings.split + AFTER))
    skipped: list[str] = []
    if settings.reference != OTHER_DATES:
        examples = list(_with_pictures(chosen, Path(settings.reference or ""), skipped))
    elif is_series:
        examples = list(_other_dates(chosen, skipped))
    else:
        examples = list(_before_and_after(chosen))
    if not examples:
        wanted = (
            "two dates of a place, as PLACE_YYYYMMDD_s1.tif and _s2.tif, or pairs with keys bN before and aN after"
            if settings.reference == OTHER_DATES
            else f"pictures that {name_without_credentials(str(settings.reference))} has by the same name"
        )
        where = "" if is_series else f" in the split {settings.split}"
        raise DataError(f"data must hold {wanted}, got none in {folder}{where}; choose another folder or split")
    return ExampleList(_limited(examples, settings.limit), found, is_series, tuple(skipped))


def _series(folder: Path, exclude: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs of a series: the site is the place, the key its date, "" where the name has none."""
    pairs = []
    for s1 in _side_files(folder, "s1"):
        name = s1.stem.removesuffix("_s1")
        s2 = s1.with_name(f"{name}_s2{s1.suffix}")
        place, date = _place_and_date(name)
        if s2.is_file() and place not in exclude:
            pairs.append(Pair(date, place, "", s1, s2))
    return tuple(sorted(pairs, key=lambda pair: (pair.site, pair.key)))


def _side_files(folder: Path, side: str) -> Iterator[Path]:
    """GeoTIFFs of one side directly in a folder, by name."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in (".tif", ".tiff") and path.stem.endswith(f"_{side}"):
            yield path


def _place_and_date(name: str) -> tuple[str, str]:
    """Place and date of a name, "" where no date ends it."""
    found = _DATED.fullmatch(name)
    if found is None:
        return name, ""
    date = "-".join(filter(None, found.groups()[1:]))
    try:
        parse_date(date, "date")
    except SettingError:
        return name, ""
    return found[1], date


def _other_dates(pairs: Sequence[Pair], skipped: list[str]) -> Iterator[Example]:
    """Every ordered pair of dates of each place."""
    by_place: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_place.setdefault(pair.site, []).append(pair)
    for place, dates in by_place.items():
        if len(dates) < 2 or not dates[0].key:
            skipped.append(f"{place}: {'only one date' if dates[0].key else 'no date in its name'}")
            continue
        for i, now in enumerate(dates):
            for j, other in enumerate(dates):
                if i != j:
                    pair = replace(now, key=f"{now.key} from {other.key}")
                    yield Example(pair, other.s2, other, now.key, other.key, abs(i - j) == 1)


def _before_and_after(pairs: Sequence[Pair]) -> Iterator[Example]:
    """Pairs after something whose ground has a pair before it."""
    before: dict[tuple[str, str], Pair] = {}
    for pair in pairs:
        found = _BEFORE_OR_AFTER.fullmatch(pair.key)
        if found and found[1] == "b":
            before[pair.site, found[2]] = pair
    for pair in pairs:
        found = _BEFORE_OR_AFTER.fullmatch(pair.key)
        if found and found[1] == "a" and (pair.site, found[2]) in before:
            other = before[pair.site, found[2]]
            yield Example(pair, other.s2, other, flood=_flood_of(pair))


def _flood_of(pair: Pair) -> Path | None:
    """The flood that people drew on a pair."""
    path = pair.s1.parent.parent / "flood" / f"{pair.site}_flood_{pair.key}.png"
    return path if path.is_file() else None


def _with_pictures(pairs: Sequence[Pair], folder: Path, skipped: list[str]) -> Iterator[Example]:
    """Pairs for whose own picture a folder holds another of the same name."""
    if not is_folder(folder):
        raise SettingError(
            f"reference must be {OTHER_DATES} or a folder of pictures, got {name_without_credentials(str(folder))}; "
            "name the folder that holds them"
        )
    held: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            held.setdefault(path.name, []).append(path)
    for pair in pairs:
        pictures = held.get(pair.s2.name, [])
        if len(pictures) > 1:
            raise DataError(
                f"reference must hold one picture of a name, got {pictures[0]} and {pictures[1]}; remove one of them"
            )
        if not pictures:
            skipped.append(f"{pair.s2.name}: no reference of that name")
            continue
        date = pair.key if re.fullmatch(r"\d{4}-\d{2}(-\d{2})?", pair.key) else None
        yield Example(pair, pictures[0], date=date, flood=_flood_of(pair))


def _limited(examples: Sequence[Example], limit: int | None) -> tuple[Example, ...]:
    """At most `limit` examples of each place, evenly spread over its list."""
    by_key = {(x.pair.split, x.pair.site, x.pair.key): x for x in examples}
    return tuple(by_key[pair.split, pair.site, pair.key] for pair in spread([x.pair for x in examples], limit))
