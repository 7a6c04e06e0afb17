"""The composition: paths, arrays and options to results. The only package that knows every other."""

from __future__ import annotations

from ..cog import PROFILES
from ..demo import demo
from ..doctor import examine
from ..evaluation.filters import evaluate_filters
from ..evaluation.run import HALVES, INPUTS, PALETTES, evaluate
from ..infer import DEVICES, PRECISIONS
from ..models.registry import DEFAULT_MODEL, load_card
from ..models.registry import names as model_names
from ..raster import Unit
from ..result import Result
from ..scene import GRIDS, QUANTITIES, open_scene
from ..scene.declare import POLARIZATIONS
from ..speckle import FILTER_NAMES
from ..training.folders import adapt, build_pairs, train, train_options
from .facts import info
from .filters import despeckle
from .networks import describe_model, verify_models
from .pictures import colorize
from .stacks import despeckle_stack

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
