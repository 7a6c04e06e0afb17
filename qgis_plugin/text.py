"""Words for people: every one of them goes through `tr`."""

from __future__ import annotations

from qgis.PyQt.QtCore import QCoreApplication


def tr(text: str) -> str:
    """The text in the user's language."""
    return QCoreApplication.translate("SarColorize", text)


def duration(seconds: float) -> str:
    """Seconds in words, as coarse as a guess may be."""
    if seconds < 90:
        return tr("{0:.0f} s").format(seconds)
    if seconds < 5400:
        return tr("{0:.0f} min").format(seconds / 60)
    return tr("{0:.1f} h").format(seconds / 3600)
