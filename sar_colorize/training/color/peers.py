"""One process or several, each on its own GPU with its share of every batch, through lightning.fabric.

Peers start alike, see different pairs, and step by the mean of their gradients; so they stay alike. BatchNorm counts
within a peer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import torch
from torch import nn
from torch.multiprocessing.spawn import ProcessException

from ... import errors
from ...errors import MissingPackageError, SarColorizeError, SettingError
from .settings import CommonSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Peers:
    """Which process this is of how many; `fabric` is what they speak through, None for one alone."""

    rank: int = 0
    count: int = 1
    fabric: Any = None

    @property
    def is_first(self) -> bool:
        """True in the one process that validates and writes."""
        return self.rank == 0

    def share(self, batch: Sequence[int]) -> list[int]:
        """This process's part of the numbers of a batch."""
        return list(batch[self.rank :: self.count])

    def agree(self, value: T) -> T:
        """The first process's value, in all."""
        return value if self.fabric is None else self.fabric.broadcast(value)

    def mean(self, value: float) -> float:
        """The mean over all processes."""
        if self.fabric is None:
            return value
        return float(self.fabric.all_reduce(torch.tensor(value, dtype=torch.float64, device=self.fabric.device)))

    def average_gradients(self, module: nn.Module) -> None:
        """Sets each gradient to its mean over all processes."""
        if self.fabric is None:
            return
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        flat = self.fabric.all_reduce(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))


def with_peers(run: Callable[..., T], settings: CommonSettings, device: torch.device, *arguments: Any) -> T:
    """`run(peers, device, *arguments)` in as many processes as the settings ask for; the first one's result.

    Args:
        run: a function of a module, which another process can import.

    Raises:
        MissingPackageError: several are asked for and lightning is not installed.
        SettingError: a batch cannot be shared evenly, or there are fewer GPUs.
        SarColorizeError, KeyboardInterrupt: as raised in a peer.
    """
    if settings.devices == 1:
        return run(Peers(), device, *arguments)
    if settings.batch % settings.devices:
        raise SettingError(
            f"batch must be a multiple of devices={settings.devices}, got {settings.batch}; "
            f"{-(-settings.batch // settings.devices) * settings.devices} would do"
        )
    if device.type == "cuda" and torch.cuda.device_count() < settings.devices:
        raise SettingError(f"devices must be at most {torch.cuda.device_count()} here, got {settings.devices}; take 1")
    try:
        from lightning.fabric import Fabric
    except ImportError as error:
        raise MissingPackageError(
            f"devices={settings.devices} needs lightning, got none; pip install 'sar-colorize[train]'"
        ) from error
    fabric = Fabric(accelerator=device.type, devices=settings.devices, strategy="ddp_spawn")
    with TemporaryDirectory(prefix="sar-colorize-") as folder:
        told = Path(folder) / "told.json"
        call = partial(_in_peer, run=run, arguments=arguments, told=told)  # it would walk through bare arguments
        try:
            result: T = fabric.launch(call)
        except ProcessException as error:  # that of the peer which was left alone, or of the one that left
            if told.exists():
                raise _error_in(told) from error
            raise
        if told.exists():
            raise _error_in(told)
    return result


def _in_peer(fabric: Any, *, run: Callable[..., T], arguments: tuple[Any, ...], told: Path) -> T:
    try:
        return run(Peers(fabric.global_rank, fabric.world_size, fabric), fabric.device, *arguments)
    except (SarColorizeError, KeyboardInterrupt) as error:
        if fabric.global_rank == 0 or not told.exists():
            told.write_text(json.dumps([type(error).__name__, str(error)]), encoding="utf-8")
        raise


def _error_in(told: Path) -> SarColorizeError | KeyboardInterrupt:
    """What a peer wrote before it ended."""
    name, text = json.loads(told.read_text(encoding="utf-8"))
    made: SarColorizeError | KeyboardInterrupt = getattr(errors, name, KeyboardInterrupt)(text)
    return made
