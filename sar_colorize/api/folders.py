"""Training and pair building as one call each: folders and plain values in, plain values out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ..pairs.find import PairList, find_pairs, split_by_site
from ..training.color.settings import CHOICES, TrainSettings

Progress = Callable[[int, int], None]


def pairs_in(data: str | Path, *, strict: bool = False, exclude: Iterable[str] = ()) -> PairList:
    """The pairs of a folder, split by place where the folder has no splits."""
    found = find_pairs(Path(data), strict=strict, exclude=exclude)
    if any(pair.split in ("train", "val") for pair in found.pairs):
        return found
    return PairList(split_by_site(found.pairs), found.skipped)


def train(
    data: str | Path,
    out: str | Path,
    *,
    strict: bool = False,
    exclude: Iterable[str] = (),
    resume: bool = False,
    on_progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Trains a network on a folder of pairs: where its weights are, and how it does on val.

    Args:
        data: pairs in one of the layouts of `training.pairs`; split by place where it has no splits.
        out: a folder for weights, checkpoint, log and samples.
        strict: refuse files without a partner and broken ones instead of leaving them out.
        exclude: sites not to learn from.
        resume: go on with the run in `out`.
        settings: fields of `TrainSettings`.

    Raises:
        DataError, SettingError: one sentence that says what to do.
    """
    from ..training.color.loop import train as run

    chosen = TrainSettings(**settings)
    found = pairs_in(data, strict=strict, exclude=exclude)
    result = run(found.pairs, Path(out), chosen, resume=resume, strict=strict, progress=on_progress)
    return {
        "weights": str(result.weights),
        "epochs": result.epochs,
        "losses": list(result.losses),
        "val": result.best.to_dict(),
        "skipped": [*found.skipped, *result.skipped],
    }


def build_pairs(
    s1: str | Path,
    s2: str | Path,
    folder: str | Path,
    *,
    polarization: str | None = None,
    on_progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Cuts two overlapping rasters into pairs with a catalogue; `settings` are fields of `build.BuildSettings`."""
    from ..pairs.build import BuildSettings
    from ..pairs.build import build_pairs as build

    result = build(s1, s2, Path(folder), BuildSettings(**settings), polarization=polarization, progress=on_progress)
    return asdict(result) | {"catalogue": str(result.catalogue)}


def adapt(
    s1: str | Path,
    s2: str | Path,
    out: str | Path,
    *,
    polarization: str | None = None,
    on_progress: Progress | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Trains a model further on rasters of one region, if it gains; `settings` are fields of `adapt.AdaptSettings`."""
    from ..training.color.adapt import AdaptSettings
    from ..training.color.adapt import adapt as run

    return asdict(run(s1, s2, out, AdaptSettings(**settings), polarization=polarization, on_progress=on_progress))


def train_options() -> list[tuple[str, type, tuple[str, ...]]]:
    """For each field of `TrainSettings`: its name, its type, and what it may be where that is a short list."""
    kinds = {"str": str, "int": int, "float": float}
    return [
        (item.name, kinds[str(item.type).removesuffix(" | None")], CHOICES.get(item.name, ()))
        for item in fields(TrainSettings)
    ]
