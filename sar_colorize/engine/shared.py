"""Compiled graphs that serve one scene after the other: inside a call that colours many, and on a worker of a cluster.

Each takes the memory that its tiles need while they are computed, so none is kept when that call ends, or when a
worker has had nothing to do for a while.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

MOST_KEPT = 9
"""Those of the four shapes that tiles of a scene have at most: a network, and what is composed of it; and the one that
looks at its weights."""

Graph = TypeVar("Graph")
_kept: OrderedDict[Hashable, Any] = OrderedDict()
_lock = threading.Lock()
_users = 0
_rest: threading.Timer | None = None
"""Ends what `keep_graphs` began."""


@contextmanager
def shared_graphs() -> Iterator[None]:
    """Inside it graphs are kept, those used last, for all threads."""
    global _users
    with _lock:
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _kept.clear()


def shared(key: Hashable | None, make: Callable[[], Graph]) -> Graph:
    """A graph that was made for the same key inside `shared_graphs`, else a new one; None is the key of no other."""
    with _lock:
        if _users and key is not None:
            found: Graph = _kept.pop(key) if key in _kept else make()
            _kept[key] = found
            while len(_kept) > MOST_KEPT:
                _kept.popitem(last=False)
            return found
    return make()


def keep_graphs(seconds: float) -> None:
    """As inside `shared_graphs`, until this was not called for so many seconds."""
    global _users, _rest
    with _lock:
        if _rest is None:
            _users += 1
        else:
            _rest.cancel()
        _rest = threading.Timer(seconds, lambda: forget_graphs(rest))
        rest = _rest
        rest.daemon = True
        rest.start()


def forget_graphs(rest: threading.Timer | None = None) -> None:
    """Ends what `keep_graphs` began, at once; of an earlier one's time that is over, nothing."""
    global _users, _rest
    with _lock:
        if _rest is None or rest not in (None, _rest):
            return
        _rest.cancel()
        _rest = None
        _users -= 1
        if not _users:
            _kept.clear()
