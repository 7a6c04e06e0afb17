"""A network on a device, in a precision, by torch or by OpenVINO."""

from __future__ import annotations

from .choose import DEVICES, ENGINES, PRECISIONS, choose_device, choose_precision

__all__ = ["DEVICES", "ENGINES", "PRECISIONS", "choose_device", "choose_precision"]
