"""Everything that training changes, as named tensors in one safetensors file, from which a run goes on exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ..errors import DataError
from ..weights import write_whole

Modules = Mapping[str, nn.Module]
Optimizers = Mapping[str, torch.optim.Optimizer]


def save_checkpoint(path: Path, modules: Modules, optimizers: Optimizers, facts: Mapping[str, str]) -> None:
    """Writes the state of networks and optimisers, and facts such as the epoch; the file appears whole or not at all.

    Raises:
        OutputError: the folder cannot be written to.
    """
    from safetensors.torch import save

    write_whole(path, save(_state_of(modules, optimizers), dict(facts)))


def load_checkpoint(path: Path, modules: Modules, optimizers: Optimizers) -> dict[str, str]:
    """Puts back what `save_checkpoint` wrote; the facts.

    Raises:
        DataError: the file is damaged, or of another run.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            facts = dict(file.metadata())
            _restore(modules, optimizers, {key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118  # no mapping
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        raise DataError(f"checkpoint must be of this run and whole, got {path}; start a new run") from error
    return facts


def facts_of(path: Path) -> dict[str, str]:
    """The facts of a checkpoint alone; none of a damaged one."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return dict(file.metadata())
    except (SafetensorError, OSError):
        return {}


def _state_of(modules: Modules, optimizers: Optimizers) -> dict[str, Tensor]:
    state = {
        f"{name}/{key}": value.detach().cpu().contiguous()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }
    for name, optimizer in optimizers.items():
        for number, values in optimizer.state_dict()["state"].items():
            for key, value in values.items():
                state[f"optimizer:{name}/{number}/{key}"] = value.detach().cpu().contiguous()
    return state


def _restore(modules: Modules, optimizers: Optimizers, state: Mapping[str, Tensor]) -> None:
    for name, module in modules.items():
        prefix = f"{name}/"
        module.load_state_dict({key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)})
    for name, optimizer in optimizers.items():
        whole = optimizer.state_dict()
        moments: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            if key.startswith(f"optimizer:{name}/"):
                _, number, what = key.split("/")
                moments.setdefault(int(number), {})[what] = value.clone()
        whole["state"] = moments
        optimizer.load_state_dict(whole)
