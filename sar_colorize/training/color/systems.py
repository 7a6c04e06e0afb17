"""The two systems as something that can be stepped: their networks, optimisers and one training step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ...color import AB_MAX, srgb_to_lab
from ...models.by_place import ByPlace
from ...models.colorsar import ColorSAR
from ...models.pix2pix import Discriminator, Generator, initialize
from .losses import adversarial_loss, chroma_loss, class_loss, likeness_loss, masked_l1, structure_loss
from .peers import Peers
from .settings import TrainSettings

_BRIGHTNESS_PX = 32
_KEPT_LIGHT, _KEPT_COLOUR = 0.65, 0.4
"""Share of the true contrast under which it costs to show less: the mean of all likely pictures is flat."""


class System:
    """What `loop` needs of a system."""

    output: str
    network: nn.Module

    def __init__(self, settings: TrainSettings, device: torch.device) -> None:
        self.settings, self.device, self.peers = settings, device, Peers()
        self.modules: dict[str, nn.Module] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}

    def _finish(self, network: nn.Module) -> None:
        self.network = network
        for module in self.modules.values():
            module.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        decay = self.settings.ema_decay
        self.averaged = None
        if decay:
            self.averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)
            self.modules["averaged"] = self.averaged

    def _optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        return torch.optim.Adam(
            module.parameters(), self.settings.learning_rate or 1e-3, (self.settings.beta1 or 0.0, 0.999)
        )

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of the network, for its card."""
        return {"width": self.settings.width}

    @property
    def best_network(self) -> nn.Module:
        """The network to validate and ship: the running mean of its weights where there is one."""
        return self.averaged.module if self.averaged is not None else self.network

    def set_rate(self, factor: float) -> None:
        """Sets every optimiser to the learning rate of the settings times `factor`."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = (self.settings.learning_rate or 1e-3) * factor

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
        """One training step on what the patches give; the losses by name."""
        raise NotImplementedError

    def _descend(self, name: str, loss: Tensor) -> None:
        """One step of the optimiser of that name."""
        optimizer = self.optimizers[name]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.peers.average_gradients(self.modules[name])
        optimizer.step()

    def _average(self) -> None:
        if self.averaged is not None:
            self.averaged.update_parameters(self.network)


class Regression(System):
    """ColorSAR: one network, the loss of (a, b) or of colour classes."""

    output = "ab"

    def __init__(
        self, settings: TrainSettings, device: torch.device, rare: Tensor, classes: list[list[float]] | None
    ) -> None:
        super().__init__(settings, device)
        network = ColorSAR(settings.width or 32, classes=classes)
        self.classes = classes
        self.modules["network"] = network
        self._finish(network)
        self.optimizers["network"] = self._optimizer(network)
        self.colorsar, self.rare = network, rare.to(device)

    @property
    def architecture(self) -> dict[str, Any]:
        return super().architecture | ({"classes": self.classes} if self.classes else {})

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
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


class ByPalette(System):
    """by-place: colours and brightness from the palette, and how far from the truth they are expected to be.

    loss = |a, b| + 0.2 |L over 32 px| + weight x unlikeness of L and of (a, b) + 0.5 Laplace likelihood of |a, b|

    The likelihood moves the scale alone: colours that vary are not given up for being hard.
    """

    output = "maps"

    def __init__(self, settings: TrainSettings, device: torch.device) -> None:
        super().__init__(settings, device)
        network = ByPlace(settings.width or 48)
        self.modules["network"] = network
        self._finish(network)
        self.by_place = network
        self.optimizers["network"] = torch.optim.AdamW(
            network.parameters(), settings.learning_rate or 1e-3, (settings.beta1 or 0.0, 0.999), weight_decay=0.02
        )

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
        target, weight, palette, present = given
        with autocast():
            maps = self.network(lightness, palette, present)  # (B, MAPS, P/4, P/4)
        lab, _ = self.by_place.compose(maps, lightness, palette, present)
        error = (lab - target).abs() * weight
        pixels = weight.sum().clamp(min=1.0)
        colour = error[:, 1:].sum() / (2.0 * pixels)
        found = error[:, 1:].mean(1, keepdim=True).detach()
        found, seen = F.avg_pool2d(found, 4), F.avg_pool2d(weight, 4)  # at the resolution of the maps
        scale = self.by_place.scale(maps)
        sureness = (found / scale + scale.log() * seen).sum() / seen.sum().clamp(min=1.0)
        shown = lab[:, :1] * weight + target[:, :1] * (1.0 - weight)
        brightness = F.avg_pool2d(shown - target[:, :1], _BRIGHTNESS_PX).abs().mean()
        structure = likeness_loss(shown, target[:, :1], _KEPT_LIGHT)
        coloured = lab[:, 1:] * weight + target[:, 1:] * (1.0 - weight)
        structure = structure + likeness_loss(coloured, target[:, 1:], _KEPT_COLOUR, finest=4)
        loss = colour + 0.2 * brightness + 0.5 * sureness + self.settings.structure_weight * structure
        self._descend("network", loss)
        self._average()
        return {"loss": loss.item(), "colour": colour.item(), "structure": structure.item()}


class Adversarial(System):
    """pix2pix: a generator against a discriminator, and L1."""

    output = "rgb"

    def __init__(self, settings: TrainSettings, device: torch.device) -> None:
        super().__init__(settings, device)
        generator, self.discriminator = Generator(settings.width or 64), Discriminator(settings.width or 64)
        initialize(generator)
        initialize(self.discriminator)
        self.modules |= {"network": generator, "discriminator": self.discriminator}
        self._finish(generator)
        self.optimizers["network"] = self._optimizer(generator)
        self.optimizers["discriminator"] = self._optimizer(self.discriminator)

    def step(self, lightness: Tensor, *given: Tensor, autocast: Any) -> dict[str, float]:
        settings, (rgb, weight) = self.settings, given
        target = rgb.float() / 127.5 - 1.0  # (B, 3, P, P)
        with autocast():
            fake = self.network(lightness)  # (B, 3, P, P)
        fake = fake.float() * weight + target * (1.0 - weight)  # unusable ground tells neither network anything
        with autocast():
            on_real = self.discriminator(torch.cat([lightness, target], 1))
            on_fake = self.discriminator(torch.cat([lightness, fake.detach()], 1))
        judged = 0.5 * (adversarial_loss(on_real.float(), True) + adversarial_loss(on_fake.float(), False))
        self._descend("discriminator", judged)
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
        return {"loss": loss.item(), "l1": distance.item(), "fooled": fooled.item(), "judged": judged.item()}


def _features(discriminator: Discriminator, x: Tensor) -> list[Tensor]:
    found = []
    for layer in discriminator:
        x = layer(x)
        found.append(x)
    return found


def state_of(system: System) -> dict[str, Tensor]:
    """Everything of a system that training changes, as named tensors."""
    state = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, module in system.modules.items()
        for key, value in module.state_dict().items()
    }
    for name, optimizer in system.optimizers.items():
        for number, values in optimizer.state_dict()["state"].items():
            for key, value in values.items():
                state[f"optimizer:{name}/{number}/{key}"] = value.detach().cpu().contiguous()
    return state


def restore(system: System, state: Mapping[str, Tensor]) -> None:
    """Puts back what `state_of` took.

    Raises:
        RuntimeError, KeyError: `state` is of another system.
    """
    for name, module in system.modules.items():
        prefix = f"{name}/"
        module.load_state_dict({key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)})
    for name, optimizer in system.optimizers.items():
        whole = optimizer.state_dict()
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            if key.startswith(f"optimizer:{name}/"):
                _, number, what = key.split("/")
                moments.setdefault(int(number), {})[what] = value.clone()
        whole["state"] = moments
        optimizer.load_state_dict(whole)
