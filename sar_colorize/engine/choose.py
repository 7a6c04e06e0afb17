"""Which engine, which device, and which precision: the one set of rules, for painting, filtering and training alike."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import SettingError

ENGINES = ("auto", "torch", "openvino")
DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")


class Choice(NamedTuple):
    """What a network runs on."""

    engine: str
    """"torch" or "openvino"."""
    device: str
    """"cpu" or "cuda"."""
    precision: str
    """"fp32" or "bf16"."""


def choose(engine: str, device: str, precision: str) -> Choice:
    """Engine, device and precision of a network; "auto" takes a GPU, and OpenVINO on a CPU, where there are such.

    Raises:
        SettingError: one that is not to be had here or not together, or an unknown name.
    """
    check_engine(engine, device)
    if engine == "openvino":
        require("openvino", "pip install openvino, or leave the engine to auto")
        return Choice(engine, "cpu", choose_precision(precision, "cpu"))
    chosen = choose_device(device)
    if engine == "auto" and chosen == "cpu" and is_installed("openvino"):
        return Choice("openvino", chosen, choose_precision(precision, chosen))
    require("torch", 'pip install "sar-colorize[torch]"')
    return Choice("torch", chosen, choose_precision(precision, chosen))


def check_engine(engine: str, device: str = "auto") -> None:
    """Refuses an unknown engine, and a device that it does not have.

    Raises:
        SettingError: one sentence.
    """
    if engine not in ENGINES:
        raise SettingError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}; auto picks one")
    if engine == "openvino" and device == "cuda":
        raise SettingError("device must be cpu or auto for the engine openvino, got cuda; choose torch for a GPU")


def require(package: str, mend: str) -> None:
    """Refuses to go on without an engine's package.

    Raises:
        SettingError: it is not installed.
    """
    if not is_installed(package):
        raise SettingError(f"engine must be installed, got no {package} here: {mend}")


def is_installed(package: str) -> bool:
    """Whether a package could be imported; it is not."""
    try:
        return package in sys.modules or find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def choose_device(name: str) -> str:
    """The device, "cpu" or "cuda"; "auto" takes the GPU where there is one.

    Raises:
        SettingError: "cuda" without a usable GPU, or an unknown name.
    """
    if name not in DEVICES:
        raise SettingError(f"device must be one of {', '.join(DEVICES)}, got {name!r}; auto picks one")
    if name == "cuda":
        require("torch", 'pip install "sar-colorize[torch]", which a GPU needs')
    available = name != "cpu" and _sees_gpu()
    if name == "cuda" and not available:
        raise SettingError("device must be cpu here, got cuda, and torch sees no GPU; see `sar-colorize doctor`")
    return "cuda" if available else "cpu"


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


def _sees_gpu() -> bool:
    """Whether torch has a GPU; torch, which takes seconds to import, is asked only where it may have one."""
    if "torch" not in sys.modules and not _may_see_gpu():
        return False
    import torch

    return bool(torch.cuda.is_available())


@cache
def _may_see_gpu() -> bool:
    try:
        build = version("torch")
    except PackageNotFoundError:
        return is_installed("torch")
    if "+cpu" in build or sys.platform == "darwin":
        return False
    if "+cu" not in build and "+" in build:  # ROCm and others
        return True
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _multiplies_bf16(device: str) -> bool:
    if device == "cuda":
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return _cpu_multiplies_bf16()


@cache
def _cpu_multiplies_bf16() -> bool:
    """AVX-512 BF16; Linux says it without torch."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return any("avx512_bf16" in line.split() for line in lines if line.startswith("flags"))
    except OSError:
        pass
    if not is_installed("torch"):
        return False
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported())
