"""A network on a device, in a precision."""

from __future__ import annotations

from .choose import DEVICES, PRECISIONS, choose_device, choose_precision

__all__ = ["DEVICES", "PRECISIONS", "choose_device", "choose_precision"]
