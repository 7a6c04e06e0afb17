"""`sar-colorize despeckle`."""

from __future__ import annotations

from typing import Any

from sar_colorize import api

from .command import command
from .progress import Progress
from .result import show
from .signature import options


@command()
@options(api.despeckle, arguments={"source": "INPUT", "output": "OUTPUT"})
def despeckle(source: str, output: str, progress: str, as_json: bool, **settings: Any) -> None:
    """Filter the speckle of INPUT into OUTPUT, float32, in the same unit, bands and grid, NaN where invalid.

    \b
    sar-colorize despeckle scene.tif smooth.tif --filter lee --size 7
    sar-colorize despeckle scene.tif smooth.tif --filter refined-lee --looks auto
    """
    reporter = Progress(progress)
    show(api.despeckle(source, output, on_progress=reporter, **settings), reporter, as_json)
