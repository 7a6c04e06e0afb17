"""Speckle filters on intensity: one file a family, every filter declares its halo.

`get_filter(name)` gives a filter; `filter.apply(power, valid)` gives the filtered power. Filters work alike on numpy
arrays and torch tensors, and give each pixel the same bits wherever a block begins.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import SettingError
from .base import DEFAULT_LOOKS, Filter, NoFilter
from .edges import RefinedLee
from .frost import Frost
from .learned import Learned
from .local import Boxcar, EnhancedLee, GammaMap, Kuan, Lee
from .median import Median
from .patches import PatchBased
from .sigma import LeeSigma

__all__ = ["DEFAULT_LOOKS", "FILTER_NAMES", "Filter", "get_filter"]

_FILTERS: dict[str, type[Filter]] = {
    kind.name: kind
    for kind in (
        NoFilter,
        Boxcar,
        Median,
        Lee,
        EnhancedLee,
        RefinedLee,
        LeeSigma,
        Frost,
        Kuan,
        GammaMap,
        PatchBased,
        Learned,
    )
}

FILTER_NAMES: tuple[str, ...] = tuple(_FILTERS)
"""What `get_filter` knows."""


def get_filter(
    name: str,
    *,
    size_px: int | None = None,
    looks: float | None = None,
    precision: str = "auto",
    engine: str = "auto",
) -> Filter:
    """The filter of that name.

    Args:
        name: one of FILTER_NAMES.
        size_px: width of its square window, odd, 3 to 31; the filter's own default where None.
        looks: equivalent number of looks, 0.01 to 1000000; where None that of Sentinel-1 IW GRDH (4.4), 3 if learned.
        precision: "auto", "fp32" or "bf16" of a filter with a network; of no meaning to the others.
        engine: "auto", "torch" or "openvino", likewise.

    Raises:
        SettingError: an unknown name, an even or too large size, looks not above zero.
    """
    if name not in _FILTERS:
        raise SettingError(f"filter must be one of {', '.join(FILTER_NAMES)}, got {name!r}; `none` leaves the speckle")
    kind = _FILTERS[name]
    chosen = kind(
        size_px=kind.default_size_px if size_px is None else size_px,
        looks=kind.default_looks if looks is None else looks,
    )
    return replace(chosen, precision=precision, engine=engine) if isinstance(chosen, Learned) else chosen
