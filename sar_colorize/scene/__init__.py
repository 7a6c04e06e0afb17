"""What is on disk or in memory, as a lazy scene with a declared unit."""

from __future__ import annotations

from .declare import Declaration
from .open import GRIDS, Reading, open_scene
from .safe import QUANTITIES, is_product
from .scene import Scene

__all__ = ["GRIDS", "QUANTITIES", "Declaration", "Reading", "Scene", "is_product", "open_scene"]
