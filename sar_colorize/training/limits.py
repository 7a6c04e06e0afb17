"""What a setting of a training run may be; every refusal is one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import SettingError

MOST_PROCESSES = 256
"""Processes that read patches, and GPUs."""
MOST_IN_A_BATCH = 65_536
"""Patches in a step."""
LARGEST_PATCH_PX = 8192
LARGEST_SEED = 2**40
"""Steps are added to a seed, and torch takes 64 bits."""
WIDEST = 1024
"""Channels, as a card of a model may have them."""


def one_of(settings: Any, name: str, allowed: Sequence[str]) -> None:
    """Refuses a field that is none of these names."""
    value = getattr(settings, name)
    if value not in allowed:
        raise SettingError(f"{name} must be one of {', '.join(allowed)}, got {value!r}; choose one of them")


def at_least(settings: Any, low: int, *names: str) -> None:
    """Refuses fields that are no whole number of at least `low`."""
    for name in names:
        value = getattr(settings, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise SettingError(f"{name} must be a whole number of at least {low}, got {value!r}; leave it out")


def at_most(settings: Any, high: int, *names: str) -> None:
    """Refuses fields over `high`, more than which no machine has: processes without end, arrays beyond all memory."""
    for name in names:
        if isinstance(getattr(settings, name), int) and getattr(settings, name) > high:
            raise SettingError(f"{name} must be at most {high}, got {getattr(settings, name)!r}; choose less")


def within(settings: Any, low: float, high: float, *names: str) -> None:
    """Refuses fields that are no number within low..high."""
    for name in names:
        if not _is_number(settings, name) or not low <= getattr(settings, name) <= high:
            raise SettingError(
                f"{name} must be within {low:g}..{high:g}, got {getattr(settings, name)!r}; leave it out"
            )


def above_zero(settings: Any, *names: str) -> None:
    """Refuses fields that are no number above 0."""
    for name in names:
        if not _is_number(settings, name) or not getattr(settings, name) > 0:
            raise SettingError(f"{name} must be above 0, got {getattr(settings, name)!r}; leave it out")


def share_below_one(settings: Any, *names: str) -> None:
    """Refuses fields that are no number of at least 0 and under 1."""
    for name in names:
        if not _is_number(settings, name) or not 0 <= getattr(settings, name) < 1:
            raise SettingError(f"{name} must be at least 0 and under 1, got {getattr(settings, name)!r}; leave it out")


def multiple_of(settings: Any, name: str, step: int, of: str) -> None:
    """Refuses a size in pixels that is no multiple of `step`, which is what `of` takes."""
    value = getattr(settings, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < step or value % step:
        raise SettingError(f"{name} must be a multiple of {step} for {of}, got {value!r}; leave it out")


def _is_number(settings: Any, name: str) -> bool:
    value = getattr(settings, name)
    return isinstance(value, int | float) and not isinstance(value, bool)
