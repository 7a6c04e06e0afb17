"""The card of a network that was just trained: what its settings say of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...models import by_place, colorsar
from ...models.card import Card
from .settings import TrainSettings


def card_for(settings: TrainSettings, **said: Any) -> Card:
    """The card of what these settings train; `said` are the fields only a person knows (sources, limits, ...)."""
    if settings.model == "pix2pix":
        shape: dict[str, Any] = {"output": "rgb", "halo_px": None, "stride_px": 64, "tile_px": 256, "overlap_px": 128}
    elif settings.model == "by-place":
        halo_px = by_place.halo_px()
        shape = {"output": "maps", "channels": 2, "halo_px": halo_px, "stride_px": by_place.STRIDE_PX}
        shape |= {"tile_px": 1024 + 2 * halo_px, "overlap_px": 2 * halo_px}
    else:
        halo_px = colorsar.halo_px()
        shape = {"output": "ab", "halo_px": halo_px, "stride_px": colorsar.STRIDE_PX}
        # a core of 1024 px, so that blocks of 1024 px need whole tiles only
        shape |= {"tile_px": 1024 + 2 * halo_px, "overlap_px": 2 * halo_px}
    known: dict[str, Any] = {
        "name": settings.name,
        "architecture": settings.model,
        "input": settings.input,
        "settings": {"width": settings.width},
        "despeckle": settings.despeckle,
        "fill_lightness": settings.fill_lightness,
        "training": {"settings": asdict(settings)},
    }
    return Card(**(known | shape | said))
