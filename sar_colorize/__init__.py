"""A whole Sentinel-1 scene in, a trustworthy, georeferenced colour picture out.

    import sar_colorize as sc

    sc.colorize("scene.tif", "colour.tif")
    rgb = sc.colorize(sc.open_scene("scene.tif").to_xarray())
    smooth = sc.despeckle(values, filter="lee", size=7)

Every name below is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .credentials import CredentialFilter

if TYPE_CHECKING:
    from .api.colorize import colorize
    from .api.colorize_many import colorize_many
    from .api.despeckle import despeckle
    from .api.despeckle_stack import despeckle_stack
    from .api.find import find
    from .api.info import info
    from .api.page import page
    from .api.reference import fetch_reference
    from .api.result import Result
    from .errors import SarColorizeError
    from .models.registry import load_card, load_network
    from .prepare import ColorizeSettings
    from .progress import ProgressBar
    from .raster import Raster, Unit, Window
    from .scene import Scene, open_scene

_HOME = {
    "ColorizeSettings": "prepare",
    "ProgressBar": "progress",
    "Raster": "raster",
    "Result": "api",
    "SarColorizeError": "errors",
    "Scene": "scene",
    "Unit": "raster",
    "Window": "raster",
    "colorize": "api",
    "colorize_many": "api",
    "despeckle": "api",
    "despeckle_stack": "api",
    "fetch_reference": "api",
    "find": "api",
    "info": "api",
    "load_card": "models.registry",
    "load_network": "models.registry",
    "open_scene": "scene",
    "page": "api",
}

__all__ = [
    "ColorizeSettings",
    "ProgressBar",
    "Raster",
    "Result",
    "SarColorizeError",
    "Scene",
    "Unit",
    "Window",
    "colorize",
    "colorize_many",
    "despeckle",
    "despeckle_stack",
    "fetch_reference",
    "find",
    "info",
    "load_card",
    "load_network",
    "open_scene",
    "page",
]


logging.getLogger("sar_colorize").addFilter(CredentialFilter())


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("sar-colorize")
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
