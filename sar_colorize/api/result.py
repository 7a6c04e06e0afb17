"""The record of what was made: for people, scripts and the command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..raster import Window
from ..run.local import BlockCount
from ..scene import Scene
from ..speckle import Filter


@dataclass(frozen=True)
class Result:
    """What was made, for people and scripts.

    output: the path; None for a dry run. blocks, skipped_blocks: skipped ones held nothing valid. notes: what a user
    should know of the input.
    """

    output: str | None
    source: str
    width: int
    height: int
    bands: tuple[str, ...]
    bands_reason: str
    unit: str
    unit_reason: str
    despeckle: str
    blocks: int
    skipped_blocks: int
    seconds: float
    notes: tuple[str, ...] = ()
    looks: float | None = None
    looks_reason: str | None = None
    model: str | None = None
    weights_sha256: str | None = None
    offset_db: float | None = None
    offset_reason: str | None = None
    palette: str | None = None
    palette_lab: tuple[float, float, float] | None = None
    device: str | None = None
    precision: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what does not apply is left out."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def describe(
    scene: Scene,
    window: Window,
    chosen: Filter,
    output: str | None,
    count: BlockCount,
    seconds: float,
    said: tuple[str, ...] = (),
    **more: Any,
) -> Result:
    """The record of a run over a window of a scene."""
    declared = scene.declaration
    return Result(
        output=output,
        source=scene.source,
        width=window.width,
        height=window.height,
        bands=declared.bands,
        bands_reason=declared.bands_reason,
        unit=str(declared.unit),
        unit_reason=declared.unit_reason,
        despeckle=chosen.name,
        blocks=count.total,
        skipped_blocks=count.skipped,
        seconds=round(seconds, 2),
        notes=(*scene.notes, *said),
        **more,
    )
