"""From what a file says of itself to a declared unit and polarisations, each with its reason.

Evidence in order: the caller's word, the unit and description of the bands, the tags of the file, its name, and last
the values themselves. Pure functions of these facts, so that each rule can be tested by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import UnitError
from ..raster import Unit
from .base import Declaration

POLARIZATIONS = ("VV", "VH", "HH", "HV")

# Words that name a unit in tags, band descriptions and file names; the first that matches a whole word decides.
_UNIT_WORDS: tuple[tuple[Unit, str], ...] = (
    (Unit.DB, r"db|decibels?"),
    (Unit.AMPLITUDE, r"amp|amplitude|magnitude"),
    (Unit.POWER, r"power|intensity|linear|pow|lin|sigma0|gamma0|beta0|sigma_?nought|gamma_?nought|beta_?nought"),
    (Unit.DN, r"dn|digital_?numbers?"),
    (Unit.DISPLAY, r"display|8_?bit"),
)
_FLOAT_RELATIVE_ABOVE = 10.0


@dataclass(frozen=True)
class Facts:
    """What a source says of itself before anything is concluded.

    source: path or name. dtype: numpy's name. descriptions, units: one for each band, "" where not given.
    tags: tags of the whole file. sample: valid values of each band, called only if nothing else decides.
    """

    source: str
    dtype: str
    descriptions: Sequence[str]
    units: Sequence[str]
    tags: Mapping[str, str]
    sample: Callable[[], Sequence[NDArray[np.float32]]]


def declare(facts: Facts, unit: str = "auto", polarization: str | None = None) -> Declaration:
    """Bands and unit of a source.

    Args:
        facts: what the source says.
        unit: a Unit's name, or "auto" to find it.
        polarization: the band to use; also the name of a single band that has none.

    Raises:
        UnitError: unknown unit or polarisation; more bands than names; values that fit no unit.
    """
    if unit != "auto" and unit not in list(Unit):
        raise UnitError(f"unit must be auto or one of {', '.join(Unit)}, got {unit!r}; see `sar-colorize info`")
    if polarization is not None and polarization.upper() not in POLARIZATIONS:
        raise UnitError(f"polarization must be one of {', '.join(POLARIZATIONS)}, got {polarization!r}; name one band")
    wanted = polarization.upper() if polarization else None
    bands, indexes, bands_reason = _find_bands(facts, wanted)
    if unit == "auto":
        found, unit_reason = _find_unit(facts, indexes)
    else:
        found, unit_reason = Unit(unit), "as you said"
    absolute, scale_reason = _find_scale(facts, found, indexes)
    return Declaration(bands, indexes, bands_reason, found, unit_reason, absolute, scale_reason)


def _find_bands(facts: Facts, wanted: str | None) -> tuple[tuple[str, ...], tuple[int, ...], str]:
    """Polarisations and where they stand."""
    named = [_polarization_in(text) for text in facts.descriptions]
    reason = "from the band descriptions"
    if not any(named):
        if len(named) == 1:
            from_name = _polarization_in(_file_name(facts.source))
            if wanted:
                named, reason = [wanted], "one band, named by you"
            elif from_name:
                named, reason = [from_name], "from the file name"
            else:
                named, reason = ["VV"], "one band without a name, taken as VV; change it with --polarization"
        elif len(named) == 2:
            named, reason = ["VV", "VH"], _reason_for_order(facts)
        else:
            raise UnitError(
                f"bands must be named by polarisation, or be one (VV) or two (VV, VH), got {len(named)} without names "
                f"in {facts.source}; set the band descriptions, for example with gdal_edit.py"
            )
    found: dict[str, int] = {}
    for index, name in enumerate(named):
        if name and name not in found:
            found[name] = index
    if wanted and wanted not in found:
        raise UnitError(
            f"polarization must be one of {', '.join(found)} in {facts.source}, got {wanted}; its bands: {reason}"
        )
    bands = (wanted,) if wanted else tuple(name for name in POLARIZATIONS if name in found)
    return bands, tuple(found[name] for name in bands), reason


def _reason_for_order(facts: Facts) -> str:
    """Two bands without names are VV and VH by custom; their levels can confirm it."""
    first, second = (np.median(values) if values.size else np.nan for values in facts.sample())
    custom = "two bands without names, taken as VV, VH (the order of SEN12MS and Earth Engine)"
    if first > second:
        return f"{custom}; their levels agree (median {first:.4g} above {second:.4g})"
    return f"{custom}; but their levels do not (median {first:.4g} not above {second:.4g}), so check it"


def _find_unit(facts: Facts, indexes: tuple[int, ...]) -> tuple[Unit, str]:
    """Unit and reason, from words first and values last."""
    words = [(f"band {i + 1} has the unit {facts.units[i]!r}", facts.units[i]) for i in indexes]
    words += [
        (f"tag {key}={value}", value) for key, value in facts.tags.items() if key.lower() in ("units", "unit", "scale")
    ]
    words += [(f"band {i + 1} is called {facts.descriptions[i]!r}", facts.descriptions[i]) for i in indexes]
    words += [(f"the file is called {_file_name(facts.source)}", _file_name(facts.source))]
    for reason, text in words:
        found = _unit_in(text)
        if found:
            return found, reason
    return _unit_of_values(facts, indexes)


def _unit_of_values(facts: Facts, indexes: tuple[int, ...]) -> tuple[Unit, str]:
    """Unit from the type and range of the values, where nothing names it."""
    if facts.dtype == "uint8":
        return Unit.DISPLAY, "8-bit values without a unit: a picture, 0..255 is the lightness"
    samples = facts.sample()
    values = np.concatenate([samples[i] for i in indexes])
    if values.size == 0:
        raise UnitError(
            f"scene must hold valid pixels to find its unit, got none in the sample of {facts.source}; "
            "name the unit with --unit"
        )
    low, middle, high = np.percentile(values, (1, 50, 99))
    seen = f"values {low:.4g} to {high:.4g}, median {middle:.4g}"
    if not facts.dtype.startswith("float"):
        if low < 0:
            raise UnitError(
                f"unit must be known, got {facts.dtype} {seen} in {facts.source} and no unit; name it with --unit, or "
                "set the scale and offset of its bands"
            )
        return Unit.DN, f"{facts.dtype} {seen}: uncalibrated digital numbers"
    if low < 0:
        if -80.0 < middle < 20.0 and high < 60.0:
            return Unit.DB, f"{seen}, mostly negative: decibels"
        raise UnitError(f"unit must be known, got {seen} in {facts.source}, like no unit; name it with --unit")
    return Unit.POWER, f"{seen}, never negative: linear power (amplitude looks alike: then use --unit amplitude)"


def _find_scale(facts: Facts, unit: Unit, indexes: tuple[int, ...]) -> tuple[bool, str]:
    """Whether the unit has an absolute scale here."""
    if unit is Unit.DISPLAY:
        return True, "a picture is its own scale"
    if unit is Unit.DB:
        return True, "decibels are taken as calibrated"
    if unit is Unit.DN:
        return False, "digital numbers have no absolute scale"
    for key, value in facts.tags.items():
        if key.lower() in ("units", "scale") and "relative" in value.lower():
            return False, f"tag {key}={value}"
    if not facts.dtype.startswith("float"):
        return False, f"{unit} stored as {facts.dtype} cannot be calibrated backscatter"
    samples = facts.sample()
    values = np.concatenate([samples[i] for i in indexes])
    if values.size and np.median(values) > _FLOAT_RELATIVE_ABOVE:
        return False, f"median {np.median(values):.4g} is too large for calibrated {unit}"
    return True, f"{unit} is taken as calibrated"


def _polarization_in(text: str) -> str | None:
    """The one polarisation that a text names as a word of its own, or None."""
    found = {word.upper() for word in re.split(r"[^A-Za-z]+", text) if word.upper() in POLARIZATIONS}
    return found.pop() if len(found) == 1 else None


def _unit_in(text: str) -> Unit | None:
    """The unit that a text names as a word of its own, or None."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower())
    for unit, pattern in _UNIT_WORDS:
        if re.search(rf"(?:^|_)(?:{pattern})(?:_|$)", words):
            return unit
    return None


def _file_name(source: str) -> str:
    return re.split(r"[\\/]", source.rstrip("/\\"))[-1]
