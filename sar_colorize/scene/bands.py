"""Which band of a source holds which polarisation, and how that is known."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..errors import UnitError
from .facts import Facts
from .layouts import SNAP, file_name, radiometry_in

POLARIZATIONS = ("VV", "VH", "HH", "HV")

# Bands that go with a measurement, and may carry its polarisation in their names.
_BESIDE = re.compile(
    r"angle|incidence|mask|dem|elevation|layover|shadow|ratio|count|looks|area|std|noise", re.IGNORECASE
)


def find_bands(facts: Facts, wanted: str | None) -> tuple[tuple[str, ...], tuple[int, ...], str]:
    """Polarisations and where they stand."""
    named = [None if _BESIDE.search(text) else _polarization_in(text) for text in facts.descriptions]
    reason = f"from {facts.named_by}"
    if not any(named):
        if len(named) == 1:
            from_name = _polarization_in(file_name(facts.source))
            if wanted:
                named, reason = [wanted], "one band, named by the user"
            elif from_name:
                named, reason = [from_name], "from the file name"
            else:
                named, reason = ["VV"], "one band without a name, taken as VV; `polarization` changes it"
        elif len(named) == 2:
            named, reason = _order_of_two(facts)
        else:
            raise UnitError(
                f"bands must be named by polarisation, or be one (VV) or two (VV, VH), got {len(named)} without names "
                f"in {facts.source}; set the band descriptions, for example with gdal_edit.py"
            )
    found = _one_each(facts.descriptions, named)
    others = [facts.descriptions[i] or f"band {i + 1}" for i in range(len(named)) if i not in found.values()]
    if others:
        reason += f"; ignored: {', '.join(others[:6])}" + (f" and {len(others) - 6} more" if len(others) > 6 else "")
    if wanted and wanted not in found:
        raise UnitError(
            f"polarization must be one of {', '.join(found)} in {facts.source}, got {wanted}; its bands: {reason}"
        )
    bands = (wanted,) if wanted else tuple(name for name in POLARIZATIONS if name in found)
    return bands, tuple(found[name] for name in bands), reason


def _one_each(descriptions: Sequence[str], named: Sequence[str | None]) -> dict[str, int]:
    """One band for each polarisation: where there are more, those of the kind that is calibrated, and has most."""
    kinds = {
        index: re.sub(name, "*", descriptions[index], count=1, flags=re.IGNORECASE)
        for index, name in enumerate(named)
        if name
    }
    has = Counter(kind for kind, _ in {(kind, named[index]) for index, kind in kinds.items()})
    best = min(kinds, key=lambda index: (not radiometry_in(kinds[index]), -has[kinds[index]], index))
    found: dict[str, int] = {}
    for index in sorted(kinds, key=lambda index: (kinds[index] != kinds[best], not radiometry_in(kinds[index]), index)):
        found.setdefault(named[index] or "", index)
    return found


def _order_of_two(facts: Facts) -> tuple[list[str | None], str]:
    """Two bands without names are VV and VH by custom, but VH and VV from SNAP; their levels can confirm it."""
    first, second = (np.median(values) if values.size else np.nan for values in facts.sample())
    if facts.layout and facts.layout.name == SNAP and second > first:
        levels = f"their levels agree (median {second:.4g} above {first:.4g})"
        return ["VH", "VV"], f"two bands without names, taken as VH, VV (the order of SNAP); {levels}"
    custom = "two bands without names, taken as VV, VH (the order of SEN12MS and Earth Engine)"
    if first > second:
        return ["VV", "VH"], f"{custom}; their levels agree (median {first:.4g} above {second:.4g})"
    return ["VV", "VH"], f"{custom}; but their levels do not (median {first:.4g} not above {second:.4g}), so check it"


def _polarization_in(text: str) -> str | None:
    """The one polarisation that a text names as a word of its own, or None; VV+VH names a product, not a band."""
    text = re.sub(r"(?:VV|HH)\+(?:VH|HV)", "", text, flags=re.IGNORECASE)
    found = {word.upper() for word in re.split(r"[^A-Za-z]+", text) if word.upper() in POLARIZATIONS}
    return found.pop() if len(found) == 1 else None
