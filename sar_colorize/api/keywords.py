"""Keywords of the public functions: old names for a release, one sentence for a wrong name or type."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ..errors import SettingError
from .annotations import checked

P = ParamSpec("P")
R = TypeVar("R")


def verb(**renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of a public function.

    Args:
        renamed: old names of keywords, and the new ones: taken, with a DeprecationWarning.

    Raises:
        SettingError: by the decorated function, for an unknown keyword, an old one beside its new one, or a value of a
            type that the signature does not name.
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
            values: list[Any] = [checked(name, value, types[name]) for name, value in zip(first, args, strict=False)]
            values += args[len(first) :]
            return function(*values, **{name: checked(name, value, types[name]) for name, value in given.items()})

        return call

    return decorate


def usual_values(function: Callable[..., Any]) -> dict[str, Any]:
    """What each keyword of a function is where it is left out; what must be given is not in it."""
    parameters = inspect.signature(function).parameters
    return {name: item.default for name, item in parameters.items() if item.default is not item.empty}


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else "check its spelling"
