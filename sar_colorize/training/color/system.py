"""What every system is to the training loop: its networks, its optimisers and one training step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..ema import running_mean
from .peers import Peers
from .settings import CommonSettings


class System:
    """A system in training, `network` being the one that will paint.

    modules, optimizers: all that training changes, by name.
    """

    network: nn.Module

    def __init__(self, settings: CommonSettings, device: torch.device, network: nn.Module, **more: nn.Module) -> None:
        """Puts the networks on the device; `more` are those that help to train."""
        self.device, self.network, self.peers = device, network, Peers()
        self.learning_rate, self.beta1 = settings.learning_rate, settings.beta1
        self.modules: dict[str, nn.Module] = {"network": network, **more}
        for module in self.modules.values():
            module.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs
        self.averaged = running_mean(network, settings.ema_decay) if settings.ema_decay else None
        if self.averaged is not None:
            self.modules["averaged"] = self.averaged
        self.optimizers: dict[str, torch.optim.Optimizer] = {
            name: self.optimizer(module) for name, module in {"network": network, **more}.items()
        }

    def optimizer(self, module: nn.Module) -> torch.optim.Optimizer:
        """The optimiser of one of its networks."""
        return torch.optim.Adam(module.parameters(), self.learning_rate, (float(self.beta1), 0.999))

    @property
    def architecture(self) -> dict[str, Any]:
        """The arguments of the network, for its card."""
        raise NotImplementedError

    @property
    def best_network(self) -> nn.Module:
        """The network to validate and ship: the running mean of its weights where there is one."""
        return self.averaged.module if self.averaged is not None else self.network

    def set_rate(self, factor: float) -> None:
        """Sets every optimiser to the learning rate of the settings times `factor`."""
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = self.learning_rate * factor

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
