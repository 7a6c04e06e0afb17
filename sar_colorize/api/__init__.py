"""The composition: paths, arrays and options to results. The only package that knows every other."""

from __future__ import annotations

from ..cog import PROFILES
from ..evaluation.color.run import HALVES, INPUTS, PALETTES, evaluate
from ..evaluation.speckle.filters import evaluate_filters
from ..infer import DEVICES, PRECISIONS
from ..models.registry import DEFAULT_MODEL, load_card
from ..models.registry import names as model_names
from ..raster import Unit
from ..scene import GRIDS, QUANTITIES, open_scene
from ..scene.declare import POLARIZATIONS
from ..speckle import FILTER_NAMES
from .colorize import colorize
from .demo import demo
from .despeckle import despeckle
from .despeckle_stack import despeckle_stack
from .doctor import examine
from .folders import adapt, build_pairs, train, train_options
from .info import info
from .models import describe_model, verify_models
from .result import Result

__all__ = [
    "DEFAULT_MODEL",
    "DEVICES",
    "FILTER_NAMES",
    "GRIDS",
    "HALVES",
    "INPUTS",
    "PALETTES",
    "POLARIZATIONS",
    "PRECISIONS",
    "PROFILES",
    "QUANTITIES",
    "Result",
    "Unit",
    "adapt",
    "build_pairs",
    "colorize",
    "demo",
    "describe_model",
    "despeckle",
    "despeckle_stack",
    "evaluate",
    "evaluate_filters",
    "examine",
    "info",
    "load_card",
    "model_names",
    "open_scene",
    "train",
    "train_options",
    "verify_models",
]
