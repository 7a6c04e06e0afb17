"""Sentinel-1 products as ESA delivers them: archive, metadata, calibration, noise, border, in this order."""

from __future__ import annotations

from .archive import Archive, is_product
from .scene import SafeScene, open_product, scene_of
from .vectors import QUANTITIES

__all__ = ["QUANTITIES", "Archive", "SafeScene", "is_product", "open_product", "scene_of"]
