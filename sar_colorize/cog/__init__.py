"""Blocks in, a Cloud Optimized GeoTIFF out, whole or not at all."""

from __future__ import annotations

from .beside import Beside
from .builder import builders
from .options import BLOCK_PX, PROFILES, creation_options
from .publish import publish
from .quicklook import Quicklook, small_picture
from .stac_item import Asset, Moments, StacItem, check_stac, item_path
from .writer import CogWriter

__all__ = [
    "BLOCK_PX",
    "PROFILES",
    "Asset",
    "Beside",
    "CogWriter",
    "Moments",
    "Quicklook",
    "StacItem",
    "builders",
    "check_stac",
    "creation_options",
    "item_path",
    "publish",
    "small_picture",
]
