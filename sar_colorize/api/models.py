"""The networks that are shipped, those that paint and the one that filters: their cards, and whether they are whole."""

from __future__ import annotations

from .. import weights
from ..models import registry
from ..speckle.card import FOLDER
from ..speckle.learned import Learned
from ..speckle.learned_weights import load_card


def describe_model(name_or_path: str) -> str:
    """The card, as JSON text, of a model, of a weights file, or of the speckle filter `learned`; without torch.

    Raises:
        ModelError: an unknown name, no such file, a file that is damaged, pickled, or carries no card.
    """
    if name_or_path == Learned.name:
        return load_card().to_json()
    return registry.load_card(name_or_path).to_json()


def verify_models() -> list[tuple[str, bool, str]]:
    """Each shipped weights file: its name, whether it is the one that was shipped, and what is wrong."""
    return [*registry.verify(), *weights.verify(FOLDER)]
