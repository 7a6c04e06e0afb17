"""Training of by-place: colours and brightness from the palette, and how far from the truth they are expected to be.

loss = |a, b| + 0.2 |L over 32 px| + weight x unlikeness of L and of (a, b) + 0.5 Laplace likelihood of |a, b|

The likelihood moves the scale alone: colours that vary are not given up for being hard.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...models.by_place import ByPlace
from .losses import likeness_loss
from .settings import ByPlaceSettings
from .system import System

_BRIGHTNESS_PX = 32
_KEPT_LIGHT, _KEPT_COLOUR = 0.65, 0.4
"""Share of the true contrast under which it costs to show less: the mean of all likely pictures is flat."""


class ByPlaceSystem(System):
    """by-place with its optimiser."""

    def __init__(self, settings: ByPlaceSettings, device: torch.device, start: ByPlace | None = None) -> None:
        """`start` is a trained network to go on from; None starts anew."""
        self.by_place = ByPlace(settings.width)
        if start is not None:
            self.by_place.load_state_dict(start.state_dict())
            self.by_place.shrink, self.by_place.error_scale = start.shrink, start.error_scale
        super().__init__(settings, device, self.by_place)
        self.settings = settings

    def optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """Adam with decoupled weight decay."""
        return torch.optim.AdamW(module.parameters(), self.learning_rate, (self.beta1, 0.999), weight_decay=0.02)

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of the network, for its card."""
        return {"width": self.settings.width}

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
        """One training step on what the patches give; the losses by name."""
        target, weight, palette, present = given
        with autocast():
            maps = self.network(lightness, palette, present)  # (B, MAPS, P/4, P/4)
        lab, _ = self.by_place.compose(maps, lightness, palette, present)
        error = (lab - target).abs() * weight
        pixels = weight.sum().clamp(min=1.0)
        colour = error[:, 1:].sum() / (2.0 * pixels)
        found = error[:, 1:].mean(1, keepdim=True).detach()
        found, share = F.avg_pool2d(found, 4), F.avg_pool2d(weight, 4)  # at the resolution of the maps
        scale = self.by_place.scale(maps)
        likelihood = (found / scale + scale.log() * share).sum() / share.sum().clamp(min=1.0)
        shown = lab[:, :1] * weight + target[:, :1] * (1.0 - weight)
        brightness = F.avg_pool2d(shown - target[:, :1], _BRIGHTNESS_PX).abs().mean()
        structure = likeness_loss(shown, target[:, :1], _KEPT_LIGHT)
        coloured = lab[:, 1:] * weight + target[:, 1:] * (1.0 - weight)
        structure = structure + likeness_loss(coloured, target[:, 1:], _KEPT_COLOUR, finest=4)
        loss = colour + 0.2 * brightness + 0.5 * likelihood + self.settings.structure_weight * structure
        self._descend("network", loss)
        self._average()
        return {"loss": loss.item(), "colour": colour.item(), "structure": structure.item()}
