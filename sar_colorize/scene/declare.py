"""From what a file says of itself to a declared unit and polarisations, each with its reason.

Evidence in order: the caller's word, the unit of the bands, the tags of the file, the names of the bands, the published
layout that it follows, its own name, and last the values themselves. Pure functions of these facts, so that each rule
can be tested by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import UnitError
from ..raster import Unit
from .bands import POLARIZATIONS, find_bands
from .facts import Facts
from .layouts import file_name, radiometry_in

# Words that name a unit in tags, band descriptions and file names; the first that matches a whole word decides.
_UNIT_WORDS: tuple[tuple[Unit, str], ...] = (
    (Unit.DB, r"db|decibels?"),
    (Unit.AMPLITUDE, r"amp|amplitude|magnitude"),
    (Unit.POWER, r"power|intensity|linear|pow|lin|sigma0|gamma0|beta0|sigma_?nought|gamma_?nought|beta_?nought"),
    (Unit.DN, r"dn|digital_?numbers?"),
    (Unit.DISPLAY, r"display|8_?bit"),
)
_FLOAT_RELATIVE_ABOVE = 10.0

# SNAP's names of bands that were never calibrated: calibration renames them to Sigma0, Gamma0 or Beta0.
_UNCALIBRATED = re.compile(r"(?:Amplitude|Intensity)_(?:IW\d_)?(?:VV|VH|HH|HV)(?:_.*)?")


@dataclass(frozen=True)
class Declaration:
    """What was found out about a scene: its bands and unit, each with the evidence in words."""

    bands: tuple[str, ...]
    """Polarisations that the scene offers, as "VV", "VH", "HH", "HV"."""
    indexes: tuple[int, ...]
    """Where each band stands in the source, from 0."""
    bands_reason: str
    unit: Unit
    unit_reason: str
    absolute: bool
    """Whether the unit has an absolute scale; otherwise one offset in dB is fitted for the whole scene."""
    scale_reason: str


def declare(facts: Facts, unit: str = "auto", polarization: str | None = None) -> Declaration:
    """Bands and unit of a source.

    Args:
        facts: what the source says.
        unit: a Unit's name, or "auto" to find it.
        polarization: the band to use; also the name of a single band that has none.

    Raises:
        UnitError: unknown unit or polarisation; more bands than names; bands of different units; values that fit no
            unit, or not the one that was found.
    """
    check_unit(unit)
    if polarization is not None and polarization.upper() not in POLARIZATIONS:
        raise UnitError(f"polarization must be one of {', '.join(POLARIZATIONS)}, got {polarization!r}; name one band")
    wanted = polarization.upper() if polarization else None
    bands, indexes, bands_reason = find_bands(facts, wanted)
    if unit == "auto":
        found, unit_reason = _find_unit(facts, indexes)
        unit_reason += _radiometry(facts, indexes, unit_reason)
        _check_sign(facts, found, indexes, unit_reason)
    else:
        found, unit_reason = Unit(unit), "given by the user"
    absolute, scale_reason = _find_scale(facts, found, indexes)
    return Declaration(bands, indexes, bands_reason, found, unit_reason, absolute, scale_reason)


def check_unit(unit: str) -> None:
    """Refuses what is neither "auto" nor a Unit's name.

    Raises:
        UnitError: it is not.
    """
    if unit != "auto" and unit not in list(Unit):
        raise UnitError(f"unit must be auto or one of {', '.join(Unit)}, got {unit!r}; auto finds it")


def _find_unit(facts: Facts, indexes: tuple[int, ...]) -> tuple[Unit, str]:
    """Unit and reason, from words first and values last."""
    tags = [
        (f"tag {key}={text}", text) for key, text in facts.tags.items() if key.lower() in ("units", "unit", "scale")
    ]
    found = (
        _common_unit(facts, [(f"{_band(facts, i)} has the unit {facts.units[i]!r}", facts.units[i]) for i in indexes])
        or next(((unit, reason) for reason, text in tags if (unit := _unit_in(text))), None)
        or _common_unit(
            facts, [(f"band {i + 1} is called {facts.descriptions[i]!r}", facts.descriptions[i]) for i in indexes]
        )
    )
    if found:
        return found
    layout, name = facts.layout, file_name(facts.source)
    if layout and layout.unit:
        return layout.unit, layout.unit_reason
    if from_name := _unit_in(name):
        return from_name, f"the file is called {name}"
    unit, reason = _unit_of_values(facts, indexes)
    return unit, f"{reason}; {layout.unit_reason}" if layout and layout.unit_reason else reason


def _band(facts: Facts, index: int) -> str:
    return f"band {index + 1}" + (f", {facts.descriptions[index]}," if facts.descriptions[index] else "")


def _common_unit(facts: Facts, words: Sequence[tuple[str, str]]) -> tuple[Unit, str] | None:
    """The unit that words on the bands in use name, with the first of them; None if none does."""
    found = [(unit, reason) for reason, text in words if (unit := _unit_in(text))]
    if len({unit for unit, _ in found}) > 1:
        raise UnitError(
            f"bands must share one unit, got {' and '.join(reason for _, reason in found)} in {facts.source}; choose "
            "one with `polarization`"
        )
    return found[0] if found else None


def _radiometry(facts: Facts, indexes: tuple[int, ...], reason: str) -> str:
    """What the backscatter is normalised to, where anything names it and the reason does not yet."""
    texts = [facts.descriptions[i] for i in indexes]
    if len(kinds := sorted({radiometry_in(text) for text in texts} - {""})) > 1:
        raise UnitError(
            f"bands must be normalised alike, got {' and '.join(kinds)} ({', '.join(texts)}) in {facts.source}; choose "
            "one with `polarization`"
        )
    texts.append(facts.layout.radiometry if facts.layout else "")
    named = next((found for text in [*texts, file_name(facts.source)] if (found := radiometry_in(text))), "")
    return f"; {named}" if named and named != radiometry_in(reason) else ""


def _check_sign(facts: Facts, unit: Unit, indexes: tuple[int, ...], reason: str) -> None:
    """Words that name a linear unit must not stand on decibels."""
    if unit not in (Unit.POWER, Unit.AMPLITUDE) or not facts.dtype.startswith("float"):
        return
    samples = facts.sample()
    values = np.concatenate([samples[i] for i in indexes])
    if values.size and np.percentile(values, 75) < 0:
        raise UnitError(
            f"{unit} must not be negative, got a median of {np.median(values):.4g} in {facts.source} although "
            f"{reason}; if these are decibels, set `unit` to db"
        )


def _unit_of_values(facts: Facts, indexes: tuple[int, ...]) -> tuple[Unit, str]:
    """Unit from the type and range of the values, where nothing names it."""
    if facts.dtype == "uint8":
        return Unit.DISPLAY, "8-bit values without a unit: a picture, 0..255 is the lightness"
    samples = facts.sample()
    values = np.concatenate([samples[i] for i in indexes])
    if values.size == 0:
        raise UnitError(
            f"scene must hold valid pixels to find its unit, got none in the sample of {facts.source}; set `unit`"
        )
    low, middle, high = np.percentile(values, (1, 50, 99))
    seen = f"values {low:.4g} to {high:.4g}, median {middle:.4g}"
    if not facts.dtype.startswith("float"):
        if low < 0:
            raise UnitError(
                f"unit must be known, got {facts.dtype} {seen} in {facts.source} and no unit; set `unit`, or "
                "set the scale and offset of its bands"
            )
        return Unit.DN, f"{facts.dtype} {seen}: uncalibrated digital numbers"
    if low < 0:
        if -80.0 < middle < 20.0 and high < 60.0:
            return Unit.DB, f"{seen}, mostly negative: decibels"
        raise UnitError(f"unit must be known, got {seen} in {facts.source}, like no unit; set `unit`")
    return Unit.POWER, f"{seen}, never negative: linear power (amplitude looks alike: then set `unit` to amplitude)"


def _find_scale(facts: Facts, unit: Unit, indexes: tuple[int, ...]) -> tuple[bool, str]:
    """Whether the unit has an absolute scale here."""
    if unit is Unit.DISPLAY:
        return True, "a picture is its own scale"
    if unit is Unit.DN:
        return False, "digital numbers have no absolute scale"
    for index in indexes:
        if _UNCALIBRATED.fullmatch(facts.descriptions[index]):
            return False, f"{facts.descriptions[index]} is SNAP's name of a band that was not calibrated"
    layout = facts.layout
    calibrated = f"{layout.name} is calibrated" if layout and layout.absolute else ""
    if unit is Unit.DB:
        return True, calibrated or "decibels are taken as calibrated"
    for key, value in facts.tags.items():
        if key.lower() in ("units", "scale") and "relative" in value.lower():
            return False, f"tag {key}={value}"
    if not facts.dtype.startswith("float"):
        return False, f"{unit} stored as {facts.dtype} cannot be calibrated backscatter"
    samples = facts.sample()
    values = np.concatenate([samples[i] for i in indexes])
    if values.size and np.median(values) > _FLOAT_RELATIVE_ABOVE:
        return False, f"median {np.median(values):.4g} is too large for calibrated {unit}"
    return True, calibrated or f"{unit} is taken as calibrated"


def _unit_in(text: str) -> Unit | None:
    """The unit that a text names as a word of its own, or None."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower())
    for unit, pattern in _UNIT_WORDS:
        if re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", words):
            return unit
    return None
