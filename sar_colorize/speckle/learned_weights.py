"""The shipped network of the learned filter: its card, its weights, and how far it sees. Torch is imported late."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import weights
from ..errors import ModelError
from ..raster import Float32
from .card import SHIPPED, FilterCard
from .contrast import CENTRE_PX

if TYPE_CHECKING:
    from torch import nn

REACH_PX = 20
"""How far the network itself sees, `Despeckler.reach_px` of the shipped one."""
HALO_PX = REACH_PX + CENTRE_PX // 2
TILE_PX = 414
"""Every tile that the network is given has this side, so that one kernel computes all and a pixel has the same bits
in whatever tile it stands; tests/speckle/test_learned.py holds it to that."""


def load_card() -> FilterCard:
    """The card of the shipped weights."""
    return FilterCard.from_json(weights.read_card(SHIPPED))


def load_weights() -> Mapping[str, Float32]:
    """The shipped weights by name, float32.

    Raises:
        ModelError: they are damaged, or not those that were shipped.
    """
    weights.check_sum(SHIPPED)
    return weights.read_arrays(SHIPPED)


def load_network() -> nn.Module:
    """The shipped network, float32, on the CPU.

    Raises:
        ModelError: weights that are damaged, are not those that were shipped, or do not fit the network.
    """
    weights.check_sum(SHIPPED)
    return network_of(SHIPPED)


def network_of(path: Path) -> nn.Module:
    """The network of a weights file, as `training.speckle` writes it, float32, on the CPU.

    Raises:
        ModelError: no such file; weights that are damaged, or do not fit their card.
    """
    import torch

    from .network import Despeckler

    network = Despeckler(**FilterCard.from_json(weights.read_card(path)).settings)
    try:
        network.load_state_dict({key: torch.from_numpy(value) for key, value in weights.read_arrays(path).items()})
    except RuntimeError as error:
        raise ModelError(f"weights must fit their card, got others in {path.name}; take it anew") from error
    return network.eval()
