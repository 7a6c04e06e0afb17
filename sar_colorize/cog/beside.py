"""A small file that is published together with the rasters of its run, or not at all."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from pathlib import Path

from ..errors import OutputError
from ..hidden_folder import HiddenFolder, remove_orphans
from .publish import check_output


class Beside(ABC):
    """What its run opens, finishes behind the rasters, publishes with them, and closes.

    Raises:
        OutputError: as `CogWriter`.
    """

    def __init__(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        self.path, self.overwrite = Path(path), overwrite
        check_output(self.path, overwrite=overwrite)
        self._hidden: HiddenFolder | None = None
        self.is_published = False

    @property
    def hidden(self) -> HiddenFolder:
        """The hidden folder of one that is open."""
        if self._hidden is None:
            raise OutputError(f"output {self.path} must be open, got a closed one; open it first")
        return self._hidden

    def open(self) -> None:
        """Makes the hidden folder."""
        remove_orphans(self.path)
        self._hidden = HiddenFolder(self.path)

    @abstractmethod
    def finish(self) -> None:
        """Writes cog.tif, as every output is called until it is published, into the hidden folder."""

    def close(self) -> None:
        """Removes the hidden folder and what is in it; what was published stays. A second call does nothing."""
        if self._hidden is not None:
            self._hidden.remove()
