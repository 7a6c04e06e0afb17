"""Keywords of the public functions: old names for a release, and one sentence for a name that does not exist."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from ..errors import SettingError

P = ParamSpec("P")
R = TypeVar("R")


def verb(**renamed: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator of a public function.

    Args:
        renamed: old names of keywords, and the new ones: taken, with a DeprecationWarning.

    Raises:
        SettingError: by the decorated function, for an unknown keyword, or an old one beside its new one.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        known = list(inspect.signature(function).parameters)

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
            return function(*args, **given)

        return call

    return decorate


def _hint(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"did you mean {close[0]}?" if close else "check its spelling"
