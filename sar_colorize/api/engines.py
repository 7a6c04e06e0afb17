"""Device and precision that the workers of a cluster choose, for a result."""

from __future__ import annotations

from functools import partial

from ..engine.choose import choose_device, choose_precision
from ..prepare import ColorizeSettings
from ..run.distributed import ask_workers


def engines_on(scheduler: str, settings: ColorizeSettings) -> dict[str, str]:
    """Device and precision on the workers, each chosen by what it has.

    Raises:
        SettingError: a worker does not have what is asked for.
    """
    found = set(ask_workers(scheduler, partial(_engine_here, settings.device, settings.precision)).values())
    devices, precisions = (" and ".join(sorted(set(names))) for names in zip(*found, strict=True))
    return {"device": devices, "precision": precisions}


def _engine_here(device: str, precision: str) -> tuple[str, str]:
    """Device and precision in this process."""
    chosen = choose_device(device)
    return chosen, choose_precision(precision, chosen)
