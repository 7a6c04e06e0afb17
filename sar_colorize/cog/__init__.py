"""Blocks in, a Cloud Optimized GeoTIFF out, whole or not at all."""

from __future__ import annotations

from .builder import one_builder
from .options import BLOCK_PX, PROFILES, creation_options
from .publish import publish
from .quicklook import Quicklook, small_picture
from .writer import CogWriter

__all__ = [
    "BLOCK_PX",
    "PROFILES",
    "CogWriter",
    "Quicklook",
    "creation_options",
    "one_builder",
    "publish",
    "small_picture",
]
