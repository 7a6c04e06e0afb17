"""`colorize_many`: colour pictures of many scenes in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..progress import Progress
from .colorize import colorize
from .many import Failure, ManyResults, run_many
from .output import PathLike
from .result import Result


def colorize_many(
    sources: Sequence[PathLike],
    folder: PathLike | None = None,
    *,
    skip_existing: bool = False,
    on_progress: Progress | None = None,
    on_scene: Callable[[Result | Failure], None] | None = None,
    **settings: Any,
) -> ManyResults:
    """Colour pictures of many scenes; one that fails is reported, and the others are made.

    Each output is called as its scene, with _colour.tif behind it. What can be refused before any work is: wrong
    keywords, two scenes with the same output, further files that would be the same for all. With a `scheduler` three
    scenes are under way at once, so that its workers have blocks while others are prepared and built; they may end in
    another order.

    Args:
        sources: Scenes as `colorize` takes them, folders of scenes, and patterns such as scenes/*.tif. In folders and
            by patterns, outputs of an earlier call are left out.
        folder: Where outputs go, made where it is not there; None puts each beside its scene.
        skip_existing: Leave scenes out whose output is there.
        on_progress: Called with (done, total), STEPS of them for each scene.
        on_scene: Called with the result, or the failure, of each scene when it has ended.
        settings: Keywords of `colorize`. `uncertainty`, `memory`, `classes` and `quicklook` hold {name}, which stands
            for the name of each scene; a name without a folder stands beside the output.

    Raises:
        SettingError: no scene, or what is refused before any work. OutputError: the folder cannot be made.
        Cancelled: Ctrl-C; the scenes that were done by then are whole.
    """
    return run_many(
        colorize, sources, folder, skip_existing=skip_existing, on_progress=on_progress, on_scene=on_scene, **settings
    )
