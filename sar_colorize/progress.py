"""How a long call says how far it is."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from .errors import MissingPackageError

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with (done, total), from the caller's thread."""


def in_units(on_progress: Progress | None, unit: str) -> Progress | None:
    """What shows steps of another kind than a run's own, such as tiles that are fetched; None where nothing does.

    Whoever can show such has a method `of`, which gives a `Progress` for a unit.
    """
    of = getattr(on_progress, "of", None)
    found: Progress | None = of(unit) if callable(of) else None
    return found


def say(on_progress: Progress | None, sentences: Iterable[str]) -> None:
    """Shows sentences before the work that they speak of, where whoever shows progress has a method `message`."""
    message = getattr(on_progress, "message", None)
    if callable(message):
        for sentence in sentences:
            message(sentence)


def counted(items: Sequence[T], on_progress: Progress | None) -> Iterator[T]:
    """The items, one by one; reports each once whoever asked for it comes back for the next."""
    for number, item in enumerate(items, 1):
        yield item
        if on_progress is not None:
            on_progress(number, len(items))


class ProgressBar:
    """A bar of tqdm for `on_progress`, of a notebook in a notebook, of text elsewhere.

        sc.colorize("scene.tif", "colour.tif", on_progress=sc.ProgressBar())

    Args:
        label: what stands before the bar. unit: what is counted.

    Raises:
        MissingPackageError: tqdm is not installed.
    """

    def __init__(self, label: str = "", unit: str = "blocks") -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of ipywidgets, without which the bar in a notebook is one of text
                from tqdm.auto import tqdm
        except ImportError as error:
            raise MissingPackageError(
                'a bar of progress must have tqdm, got none; pip install "sar-colorize[notebook]", or give a function'
            ) from error
        self._tqdm, self.label, self.unit = tqdm, label, unit
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Shows how far the run is; the bar is closed where all is done, and a run after that has one of its own."""
        if self._bar is None:
            self._bar = self._tqdm(total=total, unit=f" {self.unit}", desc=self.label or None)
        if self._bar.total != total:
            self._bar.total = total
        self._bar.update(done - self._bar.n)
        if done >= total:
            self._bar.close()
            self._bar = None

    def of(self, unit: str) -> ProgressBar:
        """The same for steps of another kind, which come before these."""
        return ProgressBar(unit, unit)
