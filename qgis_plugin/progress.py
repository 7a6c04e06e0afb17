"""The backend's events on QGIS's progress bar, with the time that is left."""

from __future__ import annotations

import time

from .child import Event
from .record import Record
from .text import duration, tr

_EVERY_S = 1.0
_EVERY_PART = 0.05


class Progress:
    """Called with each event of a run."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.started: float | None = None
        self.spoken = 0.0

    def __call__(self, event: Event) -> None:
        if event["event"] == "message":
            self.record.info(str(event.get("message", "")))
        elif event["event"] == "progress" and event.get("total"):
            self._progress(int(event["done"]), int(event["total"]), str(event.get("unit", "")))

    def _progress(self, done: int, total: int, unit: str) -> None:
        feedback, now = self.record.feedback, time.monotonic()
        if self.started is None:
            self.started = now
        feedback.setProgress(100.0 * done / total)
        if done == total and unit == "tiles":  # of a reference, which is fetched before the first block
            self.started = None
        elif done == total:
            feedback.setProgressText(tr("Writing the result"))
        # Each text is a line of QGIS's log: the longer a run takes, the rarer they become.
        elif done and now - self.spoken > max(_EVERY_S, _EVERY_PART * (now - self.started)):
            self.spoken = now
            left = (now - self.started) * (total - done) / done
            feedback.setProgressText(
                tr("{done} of {total} {unit}, about {left} left").format(
                    done=done, total=total, unit=_unit(unit), left=duration(left)
                )
            )


def _unit(unit: str) -> str:
    return {"blocks": tr("blocks"), "pairs": tr("pairs"), "tiles": tr("tiles"), "sources": tr("layers")}.get(unit, unit)
