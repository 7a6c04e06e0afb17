"""Sentinel-1 products as ESA delivers them: archive, metadata, calibration, noise, border, in this order."""

from __future__ import annotations

from .archive import is_product
from .scene import SafeScene, open_product
from .vectors import QUANTITIES

__all__ = ["QUANTITIES", "SafeScene", "is_product", "open_product"]
