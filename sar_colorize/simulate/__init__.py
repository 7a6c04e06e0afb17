"""A scene without a satellite, for the demo and for tests; and the picture that shows what became of it."""

from __future__ import annotations

from .landscape import MEAN_DB
from .optical import write_optical
from .picture import side_by_side
from .scene import LOOKS, SimulatedScene, simulate_scene, speckle, write_scene

__all__ = [
    "LOOKS",
    "MEAN_DB",
    "SimulatedScene",
    "side_by_side",
    "simulate_scene",
    "speckle",
    "write_optical",
    "write_scene",
]
