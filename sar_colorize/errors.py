"""Every exception this package raises on purpose.

    SarColorizeError
    |-- SceneError (ValueError)          the input cannot be used as a radar scene
    |   |-- UnreadableError (OSError)    it is missing, empty, truncated or not a raster
    |   `-- UnitError                    its unit or polarisation is not what is asked for
    |-- SettingError (ValueError)        a setting is out of its range or fits no other
    |-- ModelError (ValueError)          a model or its weights are unknown or damaged
    |-- DataError (ValueError)           training or evaluation pairs cannot be used
    |-- OutputError (OSError)            the result cannot be written where it was asked for
    |-- NetworkError (OSError)           a source on the network did not give what it should
    `-- MissingPackageError (ImportError)  an extra is not installed

    Cancelled (KeyboardInterrupt)        the user stopped it; the message says what is left of it

A message reads: [what] must be [allowed], got [value]; [what to do]. The command line prints it as one line
and exits with code 1. It holds no credentials, whatever name of a source it was made with.
"""

from __future__ import annotations

import errno
import os
from importlib import import_module
from typing import Any, Self

from .credentials import without_credentials

MORE_FILES = "allow the process more open files, for example with `ulimit -n 1024`"
"""The way out where a process has as many files open as the system lets it have."""
_TOO_MANY = (errno.EMFILE, errno.ENFILE)


class SarColorizeError(Exception):
    """Base of every error raised on purpose."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*(without_credentials(x) if isinstance(x, str) else x for x in arguments))

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        """By its own arguments: dask's way of sending exceptions would otherwise guess how to make one."""
        return type(self), self.args


class SceneError(SarColorizeError, ValueError):
    """The input cannot be used as a radar scene."""


class UnreadableError(SceneError, OSError):
    """The input is missing, empty, truncated or not a raster."""


class UnitError(SceneError):
    """The unit or polarisation of the input is not what is asked for."""


class SettingError(SarColorizeError, ValueError):
    """A setting is out of its range or contradicts another."""


class ModelError(SarColorizeError, ValueError):
    """A model is unknown, or its weights are damaged or do not fit."""


class DataError(SarColorizeError, ValueError):
    """Training or evaluation pairs cannot be used."""


class OutputError(SarColorizeError, OSError):
    """The result cannot be written where it was asked for."""


class NetworkError(SarColorizeError, OSError):
    """A source on the network did not give what it should."""


class MissingPackageError(SarColorizeError, ImportError):
    """A package of an extra is not installed."""


EXTRAS = {
    "torch": "torch", "geopandas": "vector", "pandas": "vector", "pyogrio": "vector", "pyproj": "vector",
    "xarray": "xarray", "rioxarray": "xarray", "dask": "xarray", "distributed": "cluster", "scipy": "train",
    "skimage": "train", "lightning": "train", "tensorboard": "train", "pystac_client": "catalog",
    "efficientnet_lite_pytorch": "features",
}  # fmt: skip
"""The extra that brings a package, by the name that it is imported by."""


def as_missing(error: ImportError) -> MissingPackageError | None:
    """The sentence for a package of an extra that is not installed; None for another error of an import."""
    package = (error.name or "").split(".")[0]
    if not isinstance(error, ModuleNotFoundError) or package not in EXTRAS:
        return None
    return MissingPackageError(f'{package} must be installed for this: pip install "sar-colorize[{EXTRAS[package]}]"')


def require(*packages: str) -> None:
    """Refuses to go on without packages of extras.

    Raises:
        MissingPackageError: the first that is not installed.
    """
    for package in packages:
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise as_missing(error) or error from error


class Cancelled(KeyboardInterrupt):
    """The user stopped a run, which has been cleaned up; the message says whether anything of it remains."""


def has_too_many_files(error: BaseException) -> bool:
    """Whether the system refused one more open file, by what was raised or by what caused it.

    Libraries say it by errors of their own, and loaders of modules by an ImportError, so the system's words count too.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        if getattr(link, "errno", None) in _TOO_MANY or any(os.strerror(number) in str(link) for number in _TOO_MANY):
            return True
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return False


def way_out(error: BaseException, usual: str) -> str:
    """What helps against an error: more open files where they were too few, else the usual."""
    return MORE_FILES if has_too_many_files(error) else usual
