"""The composition: paths, arrays and options to results. The only package that knows every other."""

from __future__ import annotations

from ..catalog.passes import KINDS as _KINDS
from ..cog import PROFILES
from ..engine.choose import DEVICES, ENGINES, PRECISIONS
from ..evaluation.color.settings import HALVES, INPUTS, PALETTES
from ..models.registry import DEFAULT_MODEL, load_card
from ..models.registry import names as model_names
from ..raster import Unit
from ..reference.memory import STRUCTURES
from ..scene import GRIDS, QUANTITIES, open_scene
from ..scene.bands import POLARIZATIONS
from ..speckle import FILTER_NAMES
from ..training.color.settings import CHOICES as TRAIN_CHOICES
from .adapt import adapt
from .colorize import colorize
from .colorize_many import colorize_many
from .config import allow_network, describe_config
from .demo import demo
from .despeckle import despeckle
from .despeckle_stack import despeckle_stack
from .doctor import examine
from .evaluate import evaluate, evaluate_filters
from .find import find
from .info import info
from .many import Failure, ManyResults, is_many, output_beside
from .models import describe_model, verify_models
from .page import page
from .pairs import build_pairs
from .reference import fetch_reference
from .result import Result
from .train import train

KINDS_OF_SCENES = tuple(_KINDS)
"""What a catalogue of Sentinel-1 may have."""

__all__ = [
    "DEFAULT_MODEL",
    "DEVICES",
    "ENGINES",
    "FILTER_NAMES",
    "GRIDS",
    "HALVES",
    "INPUTS",
    "KINDS_OF_SCENES",
    "PALETTES",
    "POLARIZATIONS",
    "PRECISIONS",
    "PROFILES",
    "QUANTITIES",
    "STRUCTURES",
    "TRAIN_CHOICES",
    "Failure",
    "ManyResults",
    "Result",
    "Unit",
    "adapt",
    "allow_network",
    "build_pairs",
    "colorize",
    "colorize_many",
    "demo",
    "describe_config",
    "describe_model",
    "despeckle",
    "despeckle_stack",
    "evaluate",
    "evaluate_filters",
    "examine",
    "fetch_reference",
    "find",
    "info",
    "is_many",
    "load_card",
    "model_names",
    "open_scene",
    "output_beside",
    "page",
    "train",
    "verify_models",
]
