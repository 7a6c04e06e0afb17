"""Which device, and which precision: the one set of rules, for painting, filtering and training alike."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from ..errors import SettingError

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")


def choose_device(name: str) -> str:
    """The device, "cpu" or "cuda"; "auto" takes the GPU where there is one.

    Raises:
        SettingError: "cuda" without a usable GPU, or an unknown name.
    """
    import torch

    if name not in DEVICES:
        raise SettingError(f"device must be one of {', '.join(DEVICES)}, got {name!r}; auto picks one")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise SettingError("device must be cpu here, got cuda, and torch sees no GPU; see `sar-colorize doctor`")
    return "cuda" if available and name != "cpu" else "cpu"


def choose_precision(name: str, device: str) -> str:
    """The precision, "fp32" or "bf16"; "auto" takes bf16 where the device multiplies it in hardware.

    Raises:
        SettingError: an unknown name.
    """
    if name not in PRECISIONS:
        raise SettingError(f"precision must be one of {', '.join(PRECISIONS)}, got {name!r}; auto picks one")
    if name != "auto":
        return name
    return "bf16" if _multiplies_bf16(device) else "fp32"


def autocast(device: str, precision: str) -> Callable[[], AbstractContextManager[Any]]:
    """What the forward passes of a training step run in, by the same rules; `device` is "cpu" or "cuda"."""
    import torch

    return partial(torch.autocast, device, torch.bfloat16, choose_precision(precision, device) == "bf16")


def _multiplies_bf16(device: str) -> bool:
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())
