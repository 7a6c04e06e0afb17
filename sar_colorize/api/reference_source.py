"""Which picture of the place a run takes: one that is given, one that is fetched, or none; and whether it may ask."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalog.consent import network_consent
from ..catalog.fetch import Fetched, Tick, fetch
from ..catalog.plan import Plan, plan_fetch
from ..catalog.sources import SOURCES, WORLDCOVER, Wanted, parse_source
from ..errors import NetworkError, OutputError, SettingError
from ..models.painter import kind_of
from ..models.registry import load_card
from ..place import date_of
from ..prepare import ColorizeSettings
from ..reference.memory import STRUCTURES
from ..reference.picture import open_picture
from ..scene import Scene
from ..scene.names import check_name, is_local
from .output import PathLike

if TYPE_CHECKING:
    import xarray

AUTO, NONE = "auto", "none"
_CREDITS = ("SOURCE", "ITEMS", "LICENCE", "CREDIT")
"""Tags of a fetched picture that go into whatever is made with it."""


@dataclass(frozen=True)
class Given:
    """What the user said of the reference."""

    picture: PathLike | xarray.DataArray | None
    """A picture that is there already."""
    wanted: tuple[Wanted, ...]
    """Sources to be tried, one after the other."""
    must: bool
    """Whether it is an error that none of them can be had."""
    resolution: float | None
    """Metres at which a source is fetched."""
    offline: bool
    """Whether no server may be asked."""
    may_hint: bool = False
    """Whether the user left the choice, and the network is not allowed."""

    @property
    def name(self) -> Any:
        """What it is called, or the picture itself; None where there is none."""
        if self.picture is not None or not self.wanted:
            return self.picture
        return self.wanted[0].name if self.must else AUTO


@dataclass(frozen=True)
class Chosen:
    """The picture of a run."""

    picture: PathLike | xarray.DataArray | None
    name: str | None
    """The source that it was fetched from; None of one that was given."""
    notes: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    """What the output says of its source and licence."""
    fetched: dict[str, Any] | None = None
    """What was fetched, or found in the cache, for JSON."""
    hint: str | None = None
    """What naming a source would give."""
    is_planned: bool = False
    """Whether a run that is not dry would have one."""


def given_reference(
    reference: PathLike | xarray.DataArray | None, resolution: float | None = None, *, offline: bool = False
) -> Given:
    """What a value of `reference` means.

    Raises:
        SettingError: a source with a year or month that it does not have, or a resolution without a source.
    """
    text = os.fspath(reference) if isinstance(reference, str | os.PathLike) else None
    wanted = None if text is None else parse_source(text)
    if text == AUTO:
        allowed, _ = network_consent()
        sources = tuple(map(Wanted, SOURCES.values())) if allowed else ()
        return _checked(Given(None, sources, False, resolution, offline, may_hint=not allowed and not offline))
    if wanted is not None:
        return Given(None, (wanted,), True, resolution, offline)
    return _checked(Given(None if text == NONE else reference, (), False, resolution, offline))


def _checked(given: Given) -> Given:
    if given.resolution is not None and not given.wanted:
        names = " or ".join(SOURCES)
        raise SettingError(
            f"reference_resolution must come with a source as the reference, got {given.resolution:g} alone; name "
            f"{names}, or leave it out"
        )
    return given


def choose_reference(
    given: Given, scene: Scene, settings: ColorizeSettings, *, dry_run: bool, on_tick: Tick | None = None
) -> Chosen:
    """The picture of a run: as given, from the cache, or fetched now.

    Args:
        on_tick: called with (done, total) tiles while they are fetched.

    Raises:
        SettingError, NetworkError, OutputError: a source that the user named cannot be had.
    """
    if given.picture is not None:
        return Chosen(given.picture, None, tags=credits_of(given.picture))
    predicts = kind_of(load_card(settings.model)).predicts
    if given.must and not predicts:
        return Chosen(None, given.wanted[0].name)  # `prepare` refuses it, before anything is fetched
    if not predicts or (not given.must and not (scene.grid.crs_wkt and scene.grid.transform)):
        return Chosen(None, None)
    if not given.wanted:
        return Chosen(None, None, hint=_hint(scene) if given.may_hint else None)
    notes = []
    for wanted in given.wanted:
        try:
            plan = plan_fetch(scene.grid, wanted, given.resolution)
            found = _had(plan, scene, settings, dry_run=dry_run, offline=given.offline, on_tick=on_tick)
        except (SettingError, NetworkError, OutputError) as error:
            if given.must:
                raise
            notes.append(f"Reference {wanted.name} is not used: {error}.")
            continue
        if isinstance(found, str):
            return Chosen(None, None, (*notes, found), is_planned=True)
        # The folder of the cache is nobody's business but the user's.
        tags = {"SAR_COLORIZE_REFERENCE": Path(found.path).name} | credits_of(found.path)
        return Chosen(found.path, wanted.name, (*notes, found.note), tags, found.to_dict())
    return Chosen(None, None, tuple(notes))


def _had(
    plan: Plan, scene: Scene, settings: ColorizeSettings, *, dry_run: bool, offline: bool, on_tick: Tick | None
) -> Fetched | str:
    """The mosaic of a plan; of a dry run that would have to fetch it, what it would fetch."""
    date = date_of(scene, settings.date)
    if not dry_run or offline:
        return fetch(plan, date, offline=offline, on_tick=on_tick)
    try:
        return fetch(plan, date, offline=True)
    except SettingError:
        return f"Would fetch {words_of(plan)}, and use it as the {plan.setting}."


def choose_palette_file(
    given: Given, scene: Scene, settings: ColorizeSettings, *, dry_run: bool, on_tick: Tick | None = None
) -> Chosen:
    """The picture that a palette is taken from, where it names a source: from the cache, or fetched now.

    Args:
        given: the reference, which says at which resolution, and whether a server may be asked. on_tick: likewise.

    Raises:
        SettingError, NetworkError, OutputError: the source cannot be had.
    """
    wanted = parse_source(settings.palette, "palette")
    if wanted is None or not kind_of(load_card(settings.model)).takes_palette:  # `prepare` refuses the second
        return Chosen(None, None)
    plan = plan_fetch(scene.grid, wanted, given.resolution if given.wanted else None, "palette")
    found = _had(plan, scene, settings, dry_run=dry_run, offline=given.offline, on_tick=on_tick)
    if isinstance(found, str):
        return Chosen(None, wanted.name, (found,), is_planned=True)
    credits = {name.replace("_REFERENCE_", "_PALETTE_"): text for name, text in credits_of(found.path).items()}
    return Chosen(found.path, wanted.name, (found.note.replace("Reference", "Palette", 1),), credits, found.to_dict())


def settings_with(settings: ColorizeSettings, chosen: Chosen, memory: PathLike | None) -> ColorizeSettings:
    """The settings of a run, once it is known whether it has a reference.

    Args:
        memory: the file for the share of memory.

    Raises:
        SettingError: it has none, but what only a reference has.
    """
    if chosen.name is not None:
        return replace(settings, reference=chosen.name)
    if chosen.picture is not None or settings.reference is None:
        return settings
    if chosen.is_planned:
        return replace(
            settings, reference=None, reference_radar=None, reference_date=None, date=None, structure=STRUCTURES[0]
        )
    if memory is not None:
        check_memory(memory, None)
    return replace(settings, reference=None)


def check_memory(memory: PathLike | None, reference: object) -> None:
    """Refuses a file for the share of memory where nothing is remembered.

    Raises:
        SettingError: it is given without a reference.
    """
    if memory is not None and reference is None:
        raise SettingError(f"memory must come with a reference, got {memory} alone; give the reference too")


def words_of(plan: Plan) -> str:
    """What would be fetched, for the user."""
    size = f"{plan.megabytes:.0f}" if plan.megabytes >= 1.0 else "1"
    source = plan.wanted.source
    return f"{source.title} ({plan.wanted.name}) at {plan.resolution:g} m, about {size} MB from {source.host}"


def credits_of(picture: object) -> dict[str, str]:
    """Source, tiles, licence and credit of a picture that was fetched once, as tags of what is made with it."""
    if not isinstance(picture, str | os.PathLike) or not is_local(os.fspath(picture)):
        return {}
    try:
        check_name(os.fspath(picture), "reference", SettingError)
        with open_picture(os.fspath(picture)) as dataset:
            tags = dataset.tags()
    except SettingError:  # whoever uses it says so
        return {}
    if not {"SOURCE", "LICENCE", "CREDIT"} <= set(tags):
        return {}
    return {f"SAR_COLORIZE_REFERENCE_{name}": tags[name] for name in _CREDITS if name in tags}


def _hint(scene: Scene) -> str | None:
    """What a reference would show, in one line; None where no source reaches the scene."""
    try:
        plan = plan_fetch(scene.grid, Wanted(WORLDCOVER))
    except SettingError:
        return None
    return (
        "no reference was given, so fields, roads and the season are guessed or missing; with worldcover as the "
        f"reference this would fetch and use {words_of(plan)}"
    )
