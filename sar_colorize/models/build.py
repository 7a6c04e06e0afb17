"""Torch's modules of the networks: untrained by their card, or with weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from .by_place import ByPlace
from .card import Card
from .colorsar import ColorSAR
from .pix2pix import Generator
from .shapes import shapes_of

KINDS: Mapping[str, type[nn.Module]] = {"by-place": ByPlace, "colorsar": ColorSAR, "pix2pix": Generator}


def build(card: Card) -> nn.Module:
    """The untrained network that a card describes.

    Raises:
        ModelError: an architecture without a network, or settings that it does not know.
    """
    shapes_of(card)  # refuses what is none
    return KINDS[card.architecture](**card.settings, channels=card.channels)


def module_of(card: Card, tensors: Mapping[str, NDArray[Any]]) -> nn.Module:
    """The network with these weights, in evaluation mode."""
    network = build(card)
    network.load_state_dict({key: torch.from_numpy(value) for key, value in tensors.items()})
    return network.eval()
