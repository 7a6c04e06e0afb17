"""How a long call says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with (done, total), from the caller's thread."""


def in_units(on_progress: Progress | None, unit: str) -> Progress | None:
    """What shows steps of another kind than a run's own, such as tiles that are fetched; None where nothing does.

    Whoever can show such has a method `of`, which gives a `Progress` for a unit.
    """
    of = getattr(on_progress, "of", None)
    found: Progress | None = of(unit) if callable(of) else None
    return found
