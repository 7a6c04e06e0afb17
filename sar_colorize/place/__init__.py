"""Where the colours of a scene come from: a reference picture, a guess from the map, or nowhere.

palette FILE -> reference    auto -> the map, by longitude and latitude    none -> the mean of all places
"""

from .reference import NATURAL, reference_on
from .sources import SOURCES, settle_palette

__all__ = ["NATURAL", "SOURCES", "reference_on", "settle_palette"]
