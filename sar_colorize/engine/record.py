"""What convolutions give while a graph is written down, for whoever wants to look at it before anything bounds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

_recorder: ContextVar[list[Any] | None] = ContextVar("recorder", default=None)
Each = TypeVar("Each")


@contextmanager
def recorded() -> Iterator[list[Any]]:
    """All that is noted meanwhile, in this thread."""
    made: list[Any] = []
    token = _recorder.set(made)
    try:
        yield made
    finally:
        _recorder.reset(token)


def noted(made: Each) -> Each:
    """What is given, which whoever records gets too."""
    if (known := _recorder.get()) is not None:
        known.append(made)
    return made
