"""The radar input of a run: opened as it is, or, where it is named by a product or its address, from its server."""

from __future__ import annotations

import os
import re
from types import TracebackType
from typing import TYPE_CHECKING, Self, Unpack

from ..catalog.product import parse_product
from ..errors import SettingError
from ..scene import Scene, open_scene
from ..scene.names import is_local
from ..scene.open import Reading
from .output import PathLike

if TYPE_CHECKING:
    import xarray

    from ..catalog.archive import Parts

_REMOTE = re.compile(r"://|/vsi(?:curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)")


class Opened:
    """An open scene; what was fetched for it is removed where the context ends, unless it is kept.

    Args:
        keep: whether the scene is read after the context, as behind a lazy array; then it goes with the scene.
    """

    def __init__(self, scene: Scene, parts: Parts | None, *, keep: bool = False) -> None:
        self.scene, self._parts, self._keep = scene, parts, keep

    @property
    def notes(self) -> tuple[str, ...]:
        """For the user: what was fetched, from where, how much."""
        if self._parts is None:
            return ()
        client, whole = self._parts.client, self._parts.size
        came = f"{client.bytes / 1e6:,.1f} MB, of measurements of {whole / 1e6:,.0f} MB and their metadata,"
        server = self.scene.about.get("server", "")
        return (f"I{client.what[1:]}: {came} in {client.requests} requests from {server}.",)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._parts is not None and (error is not None or not self._keep):
            self._parts.stop()
            self._parts.remove()


def open_input(
    source: PathLike | xarray.DataArray | Scene, *, keep: bool = False, **reading: Unpack[Reading]
) -> Opened:
    """A radar source as a scene: `open_scene`, and products on servers by their name or address.

    Args:
        keep: see `Opened`. reading: the keywords of `open_scene`.

    Raises:
        SarColorizeError: see `open_scene`. NetworkError: a server fails, or has no such product.
    """
    named = parse_product(os.fspath(source)) if isinstance(source, str | os.PathLike) else None
    if named is None:
        return Opened(open_scene(source, **reading), None)
    from ..catalog.radar import open_radar

    of_map, of_radar = Reading(), Reading()
    for name, value in reading.items():
        (of_map if name in ("grid", "crs", "resolution") else of_radar)[name] = value  # type: ignore[literal-required]
    scene, parts = open_radar(named, **of_radar)  # type: ignore[misc]  # those of the map are not in it
    try:
        return Opened(open_scene(scene, **of_map), parts, keep=keep)
    except BaseException:
        parts.remove()
        raise


def check_scheduler(scheduler: str | None, source: object) -> None:
    """Refuses a cluster for a product on a server, whose parts would be on this machine alone.

    Raises:
        SettingError: both are given.
    """
    text = os.fspath(source) if isinstance(source, str | os.PathLike) else ""
    if scheduler is not None and parse_product(text) is not None:
        raise SettingError(
            f"scheduler must be left out for a product on a server, got {scheduler} and {text}; download the product "
            "first"
        )


def check_offline(offline: bool, *inputs: object) -> None:
    """Refuses inputs on servers where no server may be asked.

    Raises:
        SettingError: the first of them.
    """
    for value in inputs if offline else ():
        if not isinstance(value, str | os.PathLike):
            continue
        text = os.fspath(value)
        if (_REMOTE.search(text) and not is_local(text)) or parse_product(text) is not None:
            raise SettingError(f"offline must come with inputs on this machine, got {text}; download it first")
