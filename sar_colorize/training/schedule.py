"""Share of the learning rate at a step of a run."""

from __future__ import annotations

import math

_WARM_UP_STEPS = 200
_LAST = 0.01


def cosine(step: int, steps: int) -> float:
    """A warm-up line over a tenth of the steps, 200 at most, then half a cosine down to 0.01."""
    warm_up = min(_WARM_UP_STEPS, max(1, steps // 10))
    if step < warm_up:
        return (step + 1) / warm_up
    along = (step - warm_up) / max(1, steps - warm_up)
    return _LAST + (1.0 - _LAST) * 0.5 * (1.0 + math.cos(math.pi * along))


def constant(step: int, steps: int) -> float:  # noqa: ARG001  # a schedule takes both
    """1 throughout."""
    return 1.0


SCHEDULES = {"cosine": cosine, "constant": constant}
"""Schedules that a setting can name."""
