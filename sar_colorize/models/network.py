"""A network by its weights: torch's module of them, or a graph; each is made when it is asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from .card import Card
from .graphs import Layers, colorsar, pix2pix

if TYPE_CHECKING:
    from torch import nn


class Network:
    """A network that none changes; it travels to workers as its weights.

    Args:
        card: of the model.
        weights: by name, as they are stored, or a module, in training perhaps, whose weights they are.
    """

    is_bounded = True

    def __init__(self, card: Card, weights: Mapping[str, NDArray[Any]] | nn.Module) -> None:
        self.card = card
        self.is_stored = isinstance(weights, Mapping)
        self._tensors = cast("Mapping[str, NDArray[Any]]", weights) if self.is_stored else None
        self._module = None if self.is_stored else cast("nn.Module", weights)
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"card": self.card, "weights": self.tensors}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["card"], state["weights"])  # type: ignore[misc]  # of a new one, that nobody holds yet

    @cached_property
    def structure(self) -> Hashable | None:
        """A digest of card and weights, which a copy on a worker has, too; None of a module, perhaps in training."""
        if self._tensors is None:
            return None
        found = hashlib.sha256(repr(self.card).encode())
        for name, values in sorted(self._tensors.items()):
            found.update(f"{name} {values.dtype} {values.shape}".encode())
            found.update(np.ascontiguousarray(values).data)
        return found.hexdigest()

    @property
    def tensors(self) -> Mapping[str, NDArray[Any]]:
        """The weights by name."""
        if self._tensors is not None:
            return self._tensors
        assert self._module is not None
        return {key: value.detach().cpu().numpy() for key, value in self._module.state_dict().items()}

    def setting(self, name: str, usual: float) -> float:
        """A number that its card, or its module, has."""
        found: float = self.card.settings.get(name, usual) if self.is_stored else getattr(self._module, name)
        return found

    def module(self) -> nn.Module:
        """In evaluation mode where it was stored, float32 on the CPU."""
        with self._lock:
            if self._module is None:
                from .build import module_of

                assert self._tensors is not None
                self._module = module_of(self.card, self._tensors)
            return self._module

    def graph(self, x: Any) -> Any:
        """What it gives of L / 50 - 1 (B, C, H, W) inside the halo."""
        layers = Layers(self.tensors)
        if self.card.architecture == "pix2pix":
            return pix2pix(layers, x)
        return colorsar(layers, x, self.card.settings.get("classes"), self.card.halo_px or 0)
