"""The card of a network that was just trained: what its settings say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ...models import by_place, by_place_picture, colorsar
from ...models.card import Card
from .settings import TrainSettings

_CORE_PX = 1024
"""Side of a tile without its halo, so that blocks of 1024 px need whole tiles only."""


def card_for(settings: TrainSettings) -> Card:
    """The card of what these settings train; sources and limits are for a person to add."""
    known: dict[str, Any] = {
        "name": settings.name,
        "architecture": settings.model,
        "input": settings.input,
        "settings": {"width": settings.width},
        "despeckle": settings.filter,
        "fill_lightness": settings.fill_lightness,
        "training": {"settings": {"model": settings.model} | asdict(settings)},
    }
    return Card(**known, **_SHAPES[settings.model]())


def _bounded(output: str, halo_px: int, stride_px: int, **more: Any) -> dict[str, Any]:
    tiles = {"tile_px": _CORE_PX + 2 * halo_px, "overlap_px": 2 * halo_px}
    return {"output": output, "halo_px": halo_px, "stride_px": stride_px} | tiles | more


_SHAPES: dict[str, Callable[[], dict[str, Any]]] = {
    "colorsar": lambda: _bounded("ab", colorsar.halo_px(), colorsar.STRIDE_PX),
    "pix2pix": lambda: {"output": "rgb", "halo_px": None, "stride_px": 64, "tile_px": 256, "overlap_px": 128},
    "by-place": lambda: _bounded("maps", by_place.halo_px(), by_place_picture.STRIDE_PX, channels=2),
}
