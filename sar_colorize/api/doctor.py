"""What is installed, what is missing, and the line that mends it."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..cores import threads_of
from ..engine.choose import ENGINES, choose, choose_precision
from .models import verify_models

_PACKAGES = ("numpy", "rasterio", "shapely", "safetensors")
_EXTRAS = {
    "torch": "torch", "geopandas": "vector", "xarray": "xarray", "rioxarray": "xarray", "dask": "xarray",
    "distributed": "cluster", "scikit-image": "train", "tensorboard": "train", "lightning": "train",
    "pystac-client": "catalog", "pystac": "stac", "tqdm": "notebook",
}  # fmt: skip


@dataclass(frozen=True)
class Check:
    """One thing that was examined."""

    name: str
    """What it is."""
    ok: bool
    """Whether it is as it should be."""
    detail: str
    """Its version, or what is wrong."""
    needed: bool = True
    """Whether nothing works without it."""
    mend: str = ""
    """The line to type, empty if nothing is wrong."""


@dataclass(frozen=True)
class Report:
    """Everything that was examined."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether all that is needed is there."""
        return all(check.ok for check in self.checks if check.needed)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def examine() -> Report:
    """Looks at Python, packages, GDAL's drivers, devices and weights; loads the heavy packages to be sure."""
    checks = [
        Check("sar-colorize", True, _version("sar-colorize") or "not installed, run from its sources"),
        Check("python", sys.version_info >= (3, 11), platform.python_version(), mend=_old_python()),
    ]
    checks += [_package(name) for name in _PACKAGES]
    if all(check.ok for check in checks):
        checks += [_gdal(), _engines(), *_devices()]
    checks += [
        Check(f"model {name}", ok, detail, mend="" if ok else "pip install --force-reinstall --no-deps sar-colorize")
        for name, ok, detail in verify_models()
    ]
    checks += [_extra(name, extra) for name, extra in _EXTRAS.items()]
    return Report(tuple(checks))


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _old_python() -> str:
    return "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer"


def _package(name: str) -> Check:
    """Whether a package imports, not only whether it is listed."""
    try:
        import_module(name)
    except ImportError as error:
        return Check(name, False, str(error), mend=f"pip install {name}")
    return Check(name, True, _version(name))


def _extra(name: str, extra: str) -> Check:
    """A package that only some commands need."""
    found = _version(name)
    mend = "" if found else f'pip install "sar-colorize[{extra}]"'
    return Check(name, bool(found), found or f"only for the extra {extra}", needed=False, mend=mend)


def _gdal() -> Check:
    """GDAL's version and whether it writes Cloud Optimized GeoTIFFs."""
    import rasterio
    from rasterio.drivers import raster_driver_extensions
    from rasterio.env import Env

    with Env() as env:
        drivers = env.drivers()
    ok = "COG" in drivers and bool(raster_driver_extensions())
    detail = f"{rasterio.__gdal_version__}, {'with' if ok else 'without'} the COG driver"
    return Check("gdal", ok, detail, mend="" if ok else "pip install --force-reinstall rasterio")


def _engines() -> Check:
    """What runs networks: one is enough."""
    found, wrong = [], []
    for name in ENGINES[1:]:
        try:
            import_module("..engine.runtime" if name == "openvino" else name, __package__)
            found.append(f"{name} {_version(name)}")
        except ImportError as error:
            wrong.append(str(error))
    if not found:
        return Check("engines", False, "; ".join(wrong), mend="pip install openvino")
    return Check("engines", True, f"{', '.join(found)}; auto takes {choose('auto', 'auto', 'auto').engine}")


def _devices() -> list[Check]:
    """The CPU with the precision it is good at, and the GPU if there is one."""
    limit = threads_of()
    threads = f"{os.cpu_count()} processors" if limit is None else f"{limit} threads by OMP_NUM_THREADS"
    cpu = Check("cpu", True, f"{threads}, {choose_precision('auto', 'cpu')}")
    try:
        import torch
    except ImportError:
        return [cpu, Check("cuda", False, "no torch, which a GPU needs; the CPU will do", needed=False)]
    if not torch.cuda.is_available():
        return [cpu, Check("cuda", False, "no GPU that torch can use; the CPU will do", needed=False)]
    return [
        cpu,
        Check("cuda", True, f"{torch.cuda.get_device_name()}, {choose_precision('auto', 'cuda')}", needed=False),
    ]
