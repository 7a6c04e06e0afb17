"""`config`: what the user said once and for all."""

from __future__ import annotations

from typing import Any

from ..catalog.cache import cache_folder, most_bytes
from ..catalog.consent import config_file, network_consent, set_network_consent
from ..catalog.sources import SENTINEL_2, SOURCES


def allow_network(allowed: bool) -> dict[str, Any]:
    """Keeps whether a run without a reference may fetch one; what holds from now on, for JSON.

    Raises:
        OutputError: it cannot be kept.
    """
    set_network_consent(allowed)
    return describe_config()


def describe_config() -> dict[str, Any]:
    """What holds: whether the network may be asked, who said so, and which addresses and folders are used.

    Raises:
        SettingError: a variable of the environment holds what it must not.
    """
    allowed, by = network_consent()
    return {
        "network": allowed,
        "network_by": by,
        "config": str(config_file()),
        "cache": str(cache_folder()),
        "cache_mb": most_bytes() >> 20,
        "sources": {name: source.address for name, source in (SOURCES | {SENTINEL_2.name: SENTINEL_2}).items()},
    }
