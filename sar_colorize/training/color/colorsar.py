"""Training of colorsar: one network, the loss of a and b or of colour classes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...color import AB_MAX, srgb_to_lab
from ...models.colorsar import ColorSAR
from .losses import chroma_loss, class_loss
from .settings import ColorSARSettings
from .system import System


class ColorSARSystem(System):
    """colorsar with its optimiser."""

    def __init__(
        self, settings: ColorSARSettings, device: torch.device, rare: Tensor, classes: list[list[float]] | None
    ) -> None:
        """`rare` is from `losses.rare_colour_weights`, `classes` from `losses.colour_classes` where there are any."""
        self.colorsar = ColorSAR(settings.width, classes=classes)
        super().__init__(settings, device, self.colorsar)
        self.settings, self.classes, self.rare = settings, classes, rare.to(device)

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of the network, for its card."""
        return {"width": self.settings.width} | ({"classes": self.classes} if self.classes else {})

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
        """One training step on what the patches give; the losses by name."""
        settings, (rgb, weight) = self.settings, given
        target = srgb_to_lab(rgb.float() / 255.0)[:, 1:]  # (B, 2, P, P)
        if self.classes:
            with autocast():
                logits = self.colorsar.scores(lightness)  # (B, K, P/2, P/2)
            loss = class_loss(logits.float(), target, weight, self.colorsar.colours, settings.spacing, self.rare)
        else:
            with autocast():
                ab = self.network(lightness)  # (B, 2, P, P)
            loss = chroma_loss(ab.float() * AB_MAX, target, weight, settings.huber, self.rare)
        self._descend("network", loss)
        self._average()
        return {"loss": loss.item()}
