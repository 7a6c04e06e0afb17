"""One HTML page of a colour picture and what belongs to it, to look at and to send; it asks no server for anything."""

from __future__ import annotations

from .document import document
from .facts import Facts, facts_of
from .layers import Layer, draw_layer, find_base, sort_sources
from .place import Place, place_of

__all__ = ["Facts", "Layer", "Place", "document", "draw_layer", "facts_of", "find_base", "place_of", "sort_sources"]
