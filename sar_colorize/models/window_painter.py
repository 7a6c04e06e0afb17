"""What paints any window of a scene: the protocol of `infer`'s painters."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..raster import Bool, Raster, Window


class WindowPainter(Protocol):
    """What paints any window of a scene: tile by tile through a network, or pixel by pixel."""

    with_error: bool
    with_kinds: bool

    @property
    def paints_in_threads(self) -> bool:
        """Whether several threads may paint at once, and gain by it."""
        ...

    @property
    def on_gpu(self) -> bool:
        """Whether it paints on a GPU."""
        ...

    def place(self, raster: Raster) -> Raster:
        """A raster with its arrays where it paints."""
        ...

    def span(self, window: Window, scene: Window) -> Window:
        """The part of the scene that must be at hand to paint `window`."""
        ...

    def memory_bytes(self, window: Window, scene: Window) -> int:
        """About how much memory of this machine painting a window takes at its peak."""
        ...

    def paint(
        self, lightness: Any, db: Any, span: Window, window: Window, wanted: Bool, scene: Window
    ) -> NDArray[np.uint8]:
        """The picture of a window.

        Args:
            lightness: (C, H, W) L in 0..100 over `span`, finite everywhere, numpy or as `place` gives. db: the same in
                decibels.
            span: `self.span(window, scene)`. window: where the picture is wanted.
            wanted: (height, width) of `window`; tiles that contribute to no wanted pixel are not computed.
            scene: the whole scene; beyond it the network sees its mirror image.

        Returns:
            (3, height, width) uint8; 0 where nothing was computed. With `with_error` a fourth band, the expected error
            of a and b in tenths of a Lab unit, at most 25.5. With `with_kinds` two more at the end: the number of the
            most likely kind of ground, from 1, and its probability in percent.
        """
        ...
