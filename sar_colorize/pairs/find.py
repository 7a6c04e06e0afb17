"""Folders of co-registered radar and colour patches, as a list of pairs.

Three layouts are known, and found by looking:

    pairs    SPLIT/SITE/{s1,s2}/SITE_s1_KEY.EXT, with a manifest.csv on top where there is one
    terrain  TERRAIN/{s1,s2}/ROIs1868_summer_s1_59_p30.png, SEN1-2 segregated by terrain
    sen12ms  ROIs1158_spring/{s1,s2}_1/ROIs1158_spring_s1_1_p30.tif, GeoTIFF

Partners have the same name but for the token of their side: the one after the name of the site's folder, else the last.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import DataError
from ..scene.names import is_folder

EXTENSIONS = (".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Pair:
    """One radar patch and the colour patch of the same ground."""

    key: str
    """Its name within the site."""
    site: str
    """The place; never in two splits."""
    split: str
    """Such as "train", "val", "test", or "val_after": the name of its folder."""
    s1: Path
    s2: Path
    polarization: str = "VV"
    """Of the radar patch, which sets the decibels of its display code."""
    terrain: str = ""
    """Empty where unknown."""


@dataclass(frozen=True)
class PairList:
    """The pairs of a folder."""

    pairs: tuple[Pair, ...]
    skipped: tuple[str, ...] = ()
    """Why each of the others was left out."""

    def of(self, *splits: str) -> tuple[Pair, ...]:
        """The pairs of these splits."""
        return tuple(pair for pair in self.pairs if pair.split in splits)


def find_pairs(folder: Path, *, strict: bool = False, exclude: Iterable[str] = ()) -> PairList:
    """The pairs under a folder, in a fixed order.

    Args:
        folder: in one of the three layouts.
        strict: refuse a file without its partner instead of leaving it out.
        exclude: sites to leave out; they are not listed as skipped.

    Raises:
        DataError: no such folder, no pair in it, or `strict` and a file without its partner.
    """
    folder = Path(folder)
    if not is_folder(folder):
        raise DataError(f"data must be a folder of pairs, got {folder}; name the folder that holds them")
    known = _manifest(folder / "manifest.csv")
    dropped, pairs, lonely = set(exclude), [], []
    for s1_folder in sorted(path for path in folder.rglob("*") if path.is_dir() and _is_side(path.name, "s1")):
        s2_folder = s1_folder.with_name("s2" + s1_folder.name[2:])
        s1_files, s2_files = _images(s1_folder, "s1"), _images(s2_folder, "s2")
        for stem in sorted(set(s1_files) | set(s2_files)):
            if stem not in s1_files or stem not in s2_files:
                lonely.append(f"{s1_files.get(stem) or s2_files[stem]}: no partner")
                continue
            pair = _pair(folder, s1_files[stem], s2_files[stem])
            if pair.site not in dropped:
                pairs.append(_with(pair, known))
    if strict and lonely:
        raise DataError(
            f"every patch must have its partner, got {len(lonely)} without, first {lonely[0]}; "
            "mend the folder or leave strict out"
        )
    if not pairs:
        raise DataError(
            f"data must hold folders s1 and s2 with files of the same name, got none under {folder}; "
            "the documentation of `train` shows the known layouts"
        )
    return PairList(tuple(pairs), tuple(lonely))


def with_splits(found: PairList) -> PairList:
    """The same pairs, split by site where the folder has neither a split train nor a split val."""
    if any(pair.split in ("train", "val") for pair in found.pairs):
        return found
    return PairList(split_by_site(found.pairs), found.skipped)


def split_by_site(pairs: Sequence[Pair], *, val_share: float = 0.15, test_share: float = 0.15) -> tuple[Pair, ...]:
    """The same pairs with a split by place, for data that came without one: all pairs of a site stay together.

    Sites are taken in the order of their names' digests, so that adding one moves no other.
    """

    def position(site: str) -> float:
        return int.from_bytes(hashlib.sha256(site.encode()).digest()[:6], "big") / 2**48

    def split(site: str) -> str:
        where = position(site)
        if where < test_share:
            return "test"
        return "val" if where < test_share + val_share else "train"

    return tuple(replace(pair, split=split(pair.site)) for pair in pairs)


def _is_side(name: str, side: str) -> bool:
    return name == side or re.fullmatch(rf"{side}_\d+", name) is not None


def _images(folder: Path, side: str) -> dict[str, Path]:
    """Image files by their name without the side, so that partners have the same key."""
    if not is_folder(folder):
        return {}
    found = (path for path in sorted(folder.iterdir()) if path.suffix.lower() in EXTENSIONS)
    return {"/".join(_parts(path, side)): path for path in found}


def _parts(path: Path, side: str) -> tuple[str, ...]:
    """The name of a file before and after the token of its side; a name without the token is one part."""
    token, site = f"_{side}_", path.parent.parent.name
    if path.stem.startswith(site + token):
        return site, path.stem.removeprefix(site + token)
    return tuple(path.stem.rsplit(token, 1))


def _pair(root: Path, s1: Path, s2: Path) -> Pair:
    above = s1.relative_to(root).parts[:-2]
    scene = re.fullmatch(r"(ROIs\d+_[a-z]+)_s1_(\d+)_(p\d+)", s1.stem)
    if scene:
        terrain = "" if not above or above[-1].startswith("ROIs") else above[-1]
        return Pair(scene[3], f"{scene[1]}_{scene[2]}", "", s1, s2, terrain=terrain)
    site = above[-1] if above else root.name
    split = above[-2] if len(above) > 1 else ""
    parts = _parts(s1, "s1")
    return Pair(parts[-1] if parts[0] == site else s1.stem, site, split, s1, s2)


def _manifest(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    """Lines of a manifest by (split, site, key); its column s1_code begins with the polarisation."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        return {(row["split"], row["site"], row["key"]): row for row in csv.DictReader(file)}


def _with(pair: Pair, manifest: dict[tuple[str, str, str], dict[str, str]]) -> Pair:
    line = manifest.get((pair.split, pair.site, pair.key), {})
    band = line.get("s1_code", "")[:2]
    return replace(
        pair,
        polarization=band if band in ("VV", "VH", "HH", "HV") else pair.polarization,
        terrain=line.get("terrain") or pair.terrain,
    )
