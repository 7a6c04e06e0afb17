"""OpenVINO's package, imported without its telemetry: by itself it tells Google Analytics of every import.

`import openvino` sends an event and keeps an identifier in the user's home (openvino 2026.4). Nothing of this package
asks the network unless the user said so. Where `openvino_telemetry` cannot be imported, OpenVINO does without.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_TELEMETRY = "openvino_telemetry"


def _quietly_imported(*names: str) -> list[Any]:
    known = _TELEMETRY in sys.modules
    if not known:
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        return [import_module(name) for name in names]
    finally:
        if not known:
            del sys.modules[_TELEMETRY]


ov, opset = _quietly_imported("openvino", "openvino.opset13")
