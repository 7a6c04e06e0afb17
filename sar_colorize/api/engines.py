"""Engine, device and precision that the workers of a cluster choose, for a result."""

from __future__ import annotations

from functools import partial

from ..engine.choose import Choice, choose
from ..prepare import ColorizeSettings
from ..run.distributed import ask_workers


def engines_on(scheduler: str, settings: ColorizeSettings) -> dict[str, str]:
    """Engine, device and precision on the workers, each chosen by what it has.

    Raises:
        SettingError: a worker does not have what is asked for.
    """
    here = partial(_engine_here, settings.engine, settings.device, settings.precision)
    found = set(ask_workers(scheduler, here).values())
    names = (" and ".join(sorted(set(each))) for each in zip(*found, strict=True))
    return dict(zip(Choice._fields, names, strict=True))


def _engine_here(engine: str, device: str, precision: str) -> Choice:
    """What is chosen in this process."""
    return choose(engine, device, precision)
