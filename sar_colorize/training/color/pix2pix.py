"""Training of pix2pix: a generator against a discriminator, and L1."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...models.pix2pix import Discriminator, Generator, initialize
from .losses import adversarial_loss, masked_l1, structure_loss
from .settings import Pix2PixSettings
from .system import System


class Pix2PixSystem(System):
    """pix2pix with the optimisers of both networks."""

    def __init__(self, settings: Pix2PixSettings, device: torch.device) -> None:
        generator, self.discriminator = Generator(settings.width), Discriminator(settings.width)
        initialize(generator)
        initialize(self.discriminator)
        super().__init__(settings, device, generator, discriminator=self.discriminator)
        self.settings = settings

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of the network, for its card."""
        return {"width": self.settings.width}

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
        """One training step on what the patches give; the losses by name."""
        settings, (rgb, weight) = self.settings, given
        target = rgb.float() / 127.5 - 1.0  # (B, 3, P, P)
        with autocast():
            fake = self.network(lightness)  # (B, 3, P, P)
        fake = fake.float() * weight + target * (1.0 - weight)  # unusable ground tells neither network anything
        judged = self._judge(lightness, target, fake, autocast)
        self.discriminator.requires_grad_(False)
        with autocast():
            features = _features(self.discriminator, torch.cat([lightness, fake], 1))
        fooled = adversarial_loss(features[-1].float(), True)
        distance = masked_l1(fake, target, weight)
        loss = fooled + settings.l1_weight * distance
        if settings.feature_weight:
            with torch.no_grad(), autocast():
                wanted = _features(self.discriminator, torch.cat([lightness, target], 1))
            matched = [(a.float() - b.float()).abs().mean() for a, b in zip(features[:-1], wanted[:-1], strict=True)]
            loss = loss + settings.feature_weight * torch.stack(matched).mean()
        if settings.structure_weight:
            loss = loss + settings.structure_weight * structure_loss(fake, target)
        self._descend("network", loss)
        self.discriminator.requires_grad_(True)
        self._average()
        return {"loss": loss.item(), "l1": distance.item(), "fooled": fooled.item(), "judged": judged}

    def _judge(self, lightness: Tensor, target: Tensor, fake: Tensor, autocast: Any) -> float:
        """One step of the discriminator; its loss."""
        with autocast():
            on_real = self.discriminator(torch.cat([lightness, target], 1))
            on_fake = self.discriminator(torch.cat([lightness, fake.detach()], 1))
        judged = 0.5 * (adversarial_loss(on_real.float(), True) + adversarial_loss(on_fake.float(), False))
        self._descend("discriminator", judged)
        return judged.item()


def _features(discriminator: Discriminator, x: Tensor) -> list[Tensor]:
    found = []
    for layer in discriminator:
        x = layer(x)
        found.append(x)
    return found
