"""Keywords of the public functions: old names for a release, one sentence for a wrong name or type."""

from __future__ import annotations

import difflib
import inspect
import re
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ..credentials import clean_error
from ..errors import SettingError, as_missing
from .annotations import checked

OUTPUTS = ("output", "uncertainty", "memory", "quicklook", "folder", "out", "report")
"""Keywords that name what is written; a URL there would become local folders that are called as it is."""
P = ParamSpec("P")
R = TypeVar("R")
Several = Callable[..., Any]


def verb(several: Several | None = None, **renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of a public function.

    Args:
        several: what does the work where the first argument is a list, given the function itself and all arguments.
        renamed: old names of keywords, and the new ones: taken, with a DeprecationWarning.

    Raises:
        SettingError: by the decorated function, for an unknown keyword, an old one beside its new one, or a value of a
            type that the signature does not name. Whatever the function raises holds no credentials.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        known = list(parameters)
        first = [name for name in known if parameters[name].kind is not inspect.Parameter.KEYWORD_ONLY]
        types = {name: str(parameter.annotation) for name, parameter in parameters.items()}

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            given: dict[str, Any] = dict(kwargs)
            for old, new in renamed.items():
                if old not in given:
                    continue
                if new in given:
                    raise SettingError(f"{new} must be given once, got {old} too, its old name; leave {old} out")
                warnings.warn(f"{old} is called {new} now", DeprecationWarning, stacklevel=2)
                given[new] = given.pop(old)
            for name in given:
                if name not in known:
                    raise SettingError(
                        f"keyword of {function.__name__} must be one of {', '.join(known)}, got {name!r}; "
                        f"{_hint(name, known)}"
                    )
            for name, value in [*zip(first, args, strict=False), *given.items()]:
                if name in OUTPUTS:
                    check_local(name, value)
            if several is not None and isinstance(args[0] if args else given.get(first[0]), list | tuple):
                sources = args[0] if args else given.pop(first[0])
                done: R = several(call, sources, *args[1:], **given)
                return done
            values: list[Any] = [checked(name, value, types[name]) for name, value in zip(first, args, strict=False)]
            values += args[len(first) :]
            try:
                return function(*values, **{name: checked(name, value, types[name]) for name, value in given.items()})
            except ModuleNotFoundError as error:
                missing = as_missing(error)
                if missing is None:
                    raise
                raise missing from error
            except BaseException as error:
                clean_error(error)  # also what GDAL, dask or the system said, which a traceback would show
                raise

        return call

    return decorate


def check_local(name: str, value: object) -> None:
    """Refuses to write to what is no path of this machine.

    Raises:
        SettingError: a URL or a name of GDAL's.
    """
    if re.match(r"\w[\w+.-]+:/|/vsi", str(value)):
        raise SettingError(f"{name} must be a local path, got {value}; write there and copy the result")


def usual_values(function: Callable[..., Any]) -> dict[str, Any]:
    """What each keyword of a function is where it is left out; what must be given is not in it."""
    parameters = inspect.signature(function).parameters
    return {name: item.default for name, item in parameters.items() if item.default is not item.empty}


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else "check its spelling"
