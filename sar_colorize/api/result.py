"""The record of what was made: for people, scripts and the command line."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..cog import small_picture
from ..errors import OutputError
from ..notebook import PICTURE_PX, as_html, data_uri
from ..raster import Unit, Window
from ..run.local import BlockCount
from ..scene import Scene
from ..speckle import Filter

BESIDE = ("memory", "classes", "uncertainty", "quicklook", "stac")
"""Fields that name a file beside the output."""


@dataclass(frozen=True)
class Result:
    """What was made."""

    output: str | None
    """The path; None for a dry run."""
    source: str
    """What was read."""
    width: int
    """Pixels of the output."""
    height: int
    """Pixels of the output."""
    bands: tuple[str, ...]
    """Polarisations in use."""
    bands_reason: str
    """How they were found."""
    unit: str
    """What the values measure."""
    unit_reason: str
    """How that was found."""
    filter: str
    """The speckle filter."""
    blocks: int
    """How many blocks there were."""
    skipped_blocks: int
    """How many of them held nothing valid."""
    seconds: float
    """What the whole run took."""
    notes: tuple[str, ...] = ()
    """What a user should know of the input."""
    uncertainty: str | None = None
    """The file of the expected error."""
    quicklook: str | None = None
    """The small picture."""
    stac: str | None = None
    """The STAC item."""
    looks: float | None = None
    """Equivalent number of looks that the filter was given."""
    looks_reason: str | None = None
    """Where that number comes from."""
    model: str | None = None
    """The model's name."""
    weights_sha256: str | None = None
    """Checksum of its weights."""
    offset_db: float | None = None
    """Shift of the whole scene."""
    offset_reason: str | None = None
    """Why."""
    palette: str | None = None
    """Where the colours of the place come from."""
    palette_lab: tuple[float, float, float] | None = None
    """Their mean."""
    reference: str | None = None
    """The picture whose ground is remembered."""
    reference_date: str | None = None
    """When it was taken, if known."""
    structure: str | None = None
    """Whose structure the picture shows: both, radar or reference."""
    memory: str | None = None
    """The file of the memory's share."""
    classes: str | None = None
    """The file of the kinds of ground."""
    legend: str | None = None
    """What the colours stand for, where they are told by kinds of ground, with the share of each in the scene."""
    kept_share: float | None = None
    """Of the valid pixels, those that are as in the reference: at least half of each is its."""
    changed_share: float | None = None
    """Those of the others where the radar shows something new."""
    not_shown_share: float | None = None
    """The rest: what the reference does not show."""
    error_median: float | None = None
    """Of the expected error of a and b, in Lab units; at half of the pixels it is larger."""
    error_worst_tenth: float | None = None
    """The same at the worst tenth: what a tenth of the pixels exceed."""
    engine: str | None = None
    """What ran the network: torch or openvino; None without one."""
    device: str | None = None
    """What it ran on."""
    precision: str | None = None
    """And in which precision."""
    plan: dict[str, int] | None = None
    """What the run needs, about: blocks, pixels, memory_bytes, output_bytes, temporary_bytes; see `run.plan`."""
    fetched: dict[str, Any] | None = None
    """Of a reference that a source was named for: path, items, date, share, host, megabytes, credit and more."""
    hint: str | None = None
    """What would make a better picture, where nothing was asked of the network; else None."""

    @property
    def remembered(self) -> str | None:
        """How much of the ground is as in the reference, in words; None without one, or where nothing was made."""
        if self.kept_share is None or self.changed_share is None:
            return None
        kept, changed = round(100 * self.kept_share), round(100 * self.changed_share)
        when = "the reference" if self.reference_date is None else f"the picture of {self.reference_date}"
        hidden = max(0, 100 - kept - changed)
        return f"{kept} % of the ground as in {when}, {changed} % changed, {hidden} % not shown by it"

    @property
    def expected_error(self) -> str | None:
        """What the model's own expectation of its error says, in words; None of a model without one."""
        if self.error_median is None or self.error_worst_tenth is None:
            return None
        return (
            f"a and b are expected to be off by {self.error_median:.1f} Lab units at the median, and by more than "
            f"{self.error_worst_tenth:.1f} in the worst tenth of the picture"
        )

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that was written, the output first."""
        return tuple(path for path in (self.output, *(getattr(self, name) for name in BESIDE)) if path is not None)

    @property
    def rows(self) -> list[tuple[str, object]]:
        """What was made in words, as names and values; None where something does not apply."""
        looks = "" if self.looks is None else f", {self.looks:g} looks ({self.looks_reason})"
        return [
            ("size", f"{self.width} x {self.height} px"),
            ("radar", self.source),
            ("bands", f"{', '.join(self.bands)} ({self.bands_reason})"),
            ("unit", f"{self.unit} ({self.unit_reason})"),
            ("filter", f"{self.filter}{looks}"),
            ("model", self.model and f"{self.model} on {self.device}, {self.precision}"),
            ("palette", self.palette),
            ("reference", self.reference),
            ("remembered", self.remembered),
            ("expected error", self.expected_error),
            ("legend", self.legend),
            *((name, getattr(self, name)) for name in BESIDE),
            ("hint", self.hint),
            ("took", f"{self.seconds:g} s"),
        ]

    def _repr_html_(self) -> str:
        """What a notebook shows: the picture that was made, and what was found and done."""
        if self.output is None:
            return as_html("Dry run, nothing written", self.rows, self.notes)
        picture, rows = "", self.rows
        try:
            codes, valid = small_picture(Path(self.output), Unit(self.unit), most_px=PICTURE_PX)
            picture = data_uri(codes, valid)
        except OutputError:  # moved, or replaced by something else
            rows.append(("picture", "none, the file cannot be read any more"))
        caption = "The colours are a prediction, not a measurement." if self.model else ""
        return as_html(self.output, rows, self.notes, picture=picture, caption=caption)

    def to_dict(self) -> dict[str, Any]:
        """For JSON; what does not apply is left out. `despeckle` is the old name of `filter`."""
        found = asdict(self) | {"remembered": self.remembered, "expected_error": self.expected_error}
        found = {key: value for key, value in found.items() if value is not None}
        return found | {"despeckle": self.filter, "files": list(self.files)}


def describe(
    scene: Scene,
    window: Window,
    chosen: Filter,
    output: str | None,
    count: BlockCount,
    seconds: float,
    notes: tuple[str, ...] = (),
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
        filter=chosen.name,
        blocks=count.total,
        skipped_blocks=count.skipped,
        seconds=round(seconds, 2),
        notes=(*scene.notes, *notes),
        **more,
    )
