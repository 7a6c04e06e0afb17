"""Many scenes in one process: what each is called, and one that fails stops no other."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ..cog import builders
from ..credentials import name_without_credentials
from ..engine.shared import shared_graphs
from ..errors import Cancelled, OutputError, SarColorizeError, SettingError
from ..progress import Progress
from ..run.connection import kept_open
from ..scene.names import is_folder, is_local
from ..scene.package import find_package
from ..scene.safe import is_product
from .keywords import check_local, usual_values
from .output import PathLike
from .result import Result
from .threads import side_by_side

ENDING = "_colour.tif"
"""How an output is called that the user gave no name: the scene's name and this."""
BESIDE = ("uncertainty", "memory", "classes", "quicklook")
"""Keywords of further files, which of several scenes must hold NAME."""
NAME = "{name}"
"""What stands for the name of a scene in these."""
STEPS = 1000
"""Steps of the progress of each scene."""
_SUFFIXES = (".tif", ".tiff", ".zip", ".safe", ".dim", ".vrt", ".img", ".hdr", ".jp2", ".png", ".jpg", ".jpeg")
_IN_FOLDERS = (".tif", ".tiff", ".zip", ".safe", ".dim")


@dataclass(frozen=True)
class Failure:
    """A scene that was not colorized."""

    source: str
    """Its name."""
    error: str
    """Why, in one sentence."""


@dataclass(frozen=True)
class ManyResults:
    """What was made of many scenes."""

    results: tuple[Result, ...]
    """Of each that was colorized, in order."""
    failed: tuple[Failure, ...]
    """Those that were not."""
    skipped: tuple[str, ...]
    """Outputs that were there before and stayed as they were."""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        failed = [{"source": each.source, "error": each.error} for each in self.failed]
        return {
            "results": [each.to_dict() for each in self.results],
            "failed": failed,
            "skipped": list(self.skipped),
        }


def run_many(
    one: Callable[..., Any],
    sources: Sequence[PathLike],
    folder: PathLike | None,
    *,
    skip_existing: bool = False,
    on_progress: Progress | None = None,
    on_scene: Callable[[Result | Failure], None] | None = None,
    **settings: Any,
) -> ManyResults:
    """What `colorize_many` does, whose arguments these are; `one` is `colorize`."""
    known = usual_values(one)
    for name in settings:
        if name not in known or name == "output":
            raise SettingError(f"keyword of many scenes must be one of colorize for files, got {name!r}; leave it out")
    check_local("folder", folder)
    jobs = _jobs(scenes_of(sources), folder, settings)
    is_made = folder is not None and not settings.get("dry_run") and _make(Path(folder))
    ended: dict[int, Result | Failure | None] = {}
    steps = _Steps(on_progress, len(jobs))

    def attempt(number: int, tick: Progress | None) -> Result | Failure | None:
        source, output, given = jobs[number]
        return None if skip_existing and output.exists() else _attempt(one, source, output, given, tick)

    def end(number: int, made: Result | Failure | None) -> None:
        ended[number] = made
        if made is not None and on_scene is not None:
            on_scene(made)
        steps.show(number, STEPS)

    try:
        if settings.get("scheduler") is not None and not settings.get("dry_run"):
            with kept_open(str(settings["scheduler"])):
                side_by_side(attempt, len(jobs), on_tick=steps.tick, on_end=end)
        else:
            with builders(), shared_graphs():
                for number in range(len(jobs)):
                    end(number, attempt(number, partial(steps.tick, number) if on_progress is not None else None))
    except KeyboardInterrupt as error:
        done = sum(isinstance(made, Result) for made in ended.values())
        raise Cancelled(f"cancelled; {done} of {len(jobs)} scenes were done, the others not") from error
    finally:
        if is_made and folder is not None and not any(Path(folder).iterdir()):
            Path(folder).rmdir()
    made = [ended[number] for number in range(len(jobs))]
    return ManyResults(
        tuple(each for each in made if isinstance(each, Result)),
        tuple(each for each in made if isinstance(each, Failure)),
        tuple(str(output) for (_, output, _), each in zip(jobs, made, strict=True) if each is None),
    )


def run_list(one: Callable[..., Any], sources: Sequence[Any], output: PathLike | None = None, **settings: Any) -> Any:
    """`colorize` of a list: lazy arrays in a list where no output is named, else `run_many` into that folder.

    Raises:
        SettingError: beside an output, what is no path and so has no name for its picture.
    """
    if output is None and not settings.get("dry_run"):
        return [one(source, **settings) for source in sources]
    for source in sources:
        if not isinstance(source, str | os.PathLike):
            kind = f"{type(source).__module__.split('.')[0]}.{type(source).__name__}"
            raise SettingError(f"source must be a path where a list goes to files, got {kind}; colorize it alone")
    return run_many(one, sources, output, **settings)


def scenes_of(sources: Sequence[PathLike]) -> list[str]:
    """The scenes that paths, folders and patterns mean, each once, in order.

    Raises:
        SettingError: a folder or a pattern without a scene.
    """
    found: dict[str, None] = {}
    for source in (os.fspath(each) for each in sources):
        if not is_many(source):
            found[source] = None
            continue
        names = _in_folder(Path(source)) if is_folder(source) else sorted(glob.glob(source, recursive=True))  # noqa: PTH207
        names = [name for name in names if not name.endswith(ENDING)]
        if not names:
            raise SettingError(f"source must hold a scene, got {source}, which holds none; check the path")
        found |= dict.fromkeys(names)
    if not found:
        raise SettingError("sources must name at least one scene, got none; name one")
    return list(found)


def is_many(source: str) -> bool:
    """Whether a name means several scenes: a pattern, or a folder that is not one scene itself."""
    if not is_local(source):
        return False
    if is_folder(source):
        return not is_product(source) and find_package(source) is None
    return glob.has_magic(source) and not Path(source).exists()


def output_beside(source: PathLike) -> Path:
    """Where the output of one scene goes that was given no name: beside it, with _colour.tif behind its name.

    Raises:
        SettingError: a scene that is no local file.
    """
    name = os.fspath(source)
    if not is_local(name):
        shown = name_without_credentials(name)
        raise SettingError(f"output must be named for a source that is no local file, got {shown} alone; name one")
    return Path(name).parent / f"{scene_name(name)}{ENDING}"


def scene_name(source: str) -> str:
    """The name of a scene without its folder and its suffixes."""
    name = PurePosixPath(name_without_credentials(source).replace("\\", "/").rstrip("/")).name
    while (suffix := PurePosixPath(name).suffix).lower() in _SUFFIXES and name != suffix:
        name = name[: -len(suffix)]
    return name


def _in_folder(folder: Path) -> list[str]:
    """The scenes in a folder, not below, by name."""
    names = (path.name for path in folder.iterdir())
    return [str(folder / name) for name in sorted(names) if name[0] != "." and name.lower().endswith(_IN_FOLDERS)]


def _jobs(
    scenes: Sequence[str], folder: PathLike | None, settings: Mapping[str, Any]
) -> list[tuple[str, Path, dict[str, Any]]]:
    """(scene, output, keywords) of each.

    Raises:
        SettingError: two scenes with one output, or a further file that does not hold NAME.
    """
    for keyword in BESIDE:
        value = settings.get(keyword)
        if value is not None and NAME not in os.fspath(value):
            raise SettingError(
                f"{keyword} must hold {NAME} for several scenes, got {os.fspath(value)}; for example {NAME}_{keyword}"
                f"{Path(value).suffix}"
            )
    jobs: list[tuple[str, Path, dict[str, Any]]] = []
    by_output: dict[Path, str] = {}
    for scene in scenes:
        output = output_beside(scene) if folder is None else Path(folder) / f"{scene_name(scene)}{ENDING}"
        if (other := by_output.setdefault(output.absolute(), scene)) != scene:
            raise SettingError(f"scenes must have names of their own, got {other} and {scene}, both {output.name}")
        given = dict(settings)
        for keyword in BESIDE:
            if given.get(keyword) is not None:
                path = Path(os.fspath(given[keyword]).replace(NAME, scene_name(scene)))
                given[keyword] = output.parent / path if path.parent == Path() else path
        jobs.append((scene, output, given))
    return jobs


def _make(folder: Path) -> bool:
    """Makes a folder and those above it; false where it is there.

    Raises:
        OutputError: it cannot be made.
    """
    if folder.is_dir():
        return False
    try:
        folder.mkdir(parents=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"folder of the outputs must be one that can be made, got {folder} ({error})") from error
    return True


def _attempt(
    one: Callable[..., Any], source: str, output: Path, given: dict[str, Any], on_progress: Progress | None
) -> Result | Failure:
    """One scene; whatever is wrong with it alone, and nobody foresaw, is its failure too."""
    if given.get("dry_run") and not output.parent.is_dir():
        given = {name: value for name, value in given.items() if name not in BESIDE}
    else:
        given = {"output": output, **given}
    try:
        made: Result = one(source, **given, on_progress=on_progress)
    except SarColorizeError as error:
        return Failure(source, str(error))
    except Exception as error:  # noqa: BLE001  # a night's work must not end with one strange file
        return Failure(source, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    return made


class _Steps:
    """The progress of all scenes from that of each, STEPS for one; it never goes back."""

    def __init__(self, on_progress: Progress | None, count: int) -> None:
        self._on_progress, self._of_scene, self._done = on_progress, [0] * count, 0

    def tick(self, number: int, done: int, total: int) -> None:
        """A scene is so far; that it has ended is said by `show`."""
        self.show(number, min(STEPS - 1, STEPS * done // max(1, total)))

    def show(self, number: int, steps: int) -> None:
        """A scene has so many steps behind it."""
        gained = max(0, steps - self._of_scene[number])
        self._of_scene[number] += gained
        self._done += gained
        if self._on_progress is not None:
            self._on_progress(self._done, STEPS * len(self._of_scene))
