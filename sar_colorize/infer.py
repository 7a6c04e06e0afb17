"""Lightness through a network, tile by tile, on a device and in a precision."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .color import AB_MAX, L_MAX, lab_to_srgb, to_uint8
from .errors import SettingError
from .raster import Bool, Float32, Window
from .tiles import TileGrid

if TYPE_CHECKING:
    import torch

DEVICES = ("auto", "cpu", "cuda")
PRECISIONS = ("auto", "fp32", "bf16")
ERROR_TOP = 25.5
"""Expected error of a and b, in Lab units, that the last code of its band stands for."""


class Inference:
    """A network ready to paint: weights on the device, in the precision, with its tile grid.

    Every batch has the same shape, and colours are converted tile by tile, so that a pixel gets the same bits in
    whatever block it is painted.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        output: str,
        tiles: TileGrid,
        *,
        device: str,
        precision: str,
        batch: int | None,
        tells_error: bool = False,
    ) -> None:
        """`output` is "ab" (a and b, in -1..1, L kept from the radar), "rgb" (in -1..1) or "maps" (of which the network
        makes the picture)."""
        import torch

        self.device = pick_device(device)
        self.precision = pick_precision(precision, self.device)
        self.dtype = torch.bfloat16 if self.precision == "bf16" else torch.float32
        self.tiles = tiles
        self.batch = batch if batch is not None else (8 if self.device == "cuda" else 1)
        if self.batch < 1:
            raise SettingError(f"batch must be at least 1, got {self.batch}; leave it out for the usual one")
        self.output = output
        self.tells_error = tells_error
        self._weights = tiles.weights() if tiles.blend else None
        # channels_last is what the matrix units of CPUs and GPUs want (measured: 5 times faster in bf16 on a CPU).
        self._network = network.eval().to(self.device, self.dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def paint(self, lightness: Float32, span: Window, window: Window, wanted: Bool, scene: Window) -> NDArray[np.uint8]:
        """The picture of a window.

        Args:
            lightness: (C, H, W) L in 0..100 over `span`, finite everywhere.
            span: `tiles.span(window)`.
            window: where the picture is wanted.
            wanted: (height, width) of `window`; tiles that contribute to no wanted pixel are not computed.
            scene: the whole scene; beyond it the network sees its mirror image, as it did in training.

        Returns:
            (3, height, width) uint8; 0 where no tile was computed. With `tells_error` a fourth band, the expected error
            of a and b in tenths of a Lab unit, at most 25.5.
        """
        out = np.zeros(
            (4 if self.tells_error else 3, *window.shape), dtype=np.float32 if self._weights is not None else np.uint8
        )
        tiles = []
        for tile in self.tiles.covering(window):
            rows, cols = self.tiles.contribution(tile).intersect(window).within(window)
            if wanted[rows, cols].any():
                tiles.append(tile)
        for start in range(0, len(tiles), self.batch):
            group = tiles[start : start + self.batch]
            patches = [_mirrored(lightness[(slice(None), *tile.within(span))], tile, scene) for tile in group]
            for tile, patch, predicted in zip(group, patches, self._forward(patches), strict=True):
                rgb = self._to_srgb(patch, predicted)
                self._place(out, rgb, tile, window)
        if self._weights is None:
            return out
        total = np.float32((2 * max(1, self.tiles.overlap_px)) ** 2)
        return to_uint8(out / total)

    def _forward(self, patches: Sequence[Float32]) -> Any:
        """(n, K, tile, tile) float32 on the device; short batches are filled up so that all have one shape."""
        import torch

        stacked = np.zeros((self.batch, *patches[0].shape), dtype=np.float32)
        for i, patch in enumerate(patches):
            stacked[i] = patch
        with torch.inference_mode(), _exact_convolutions(self.device):
            x = torch.from_numpy(stacked).to(self.device) * (2.0 / L_MAX) - 1.0
            x = x.to(self.dtype).contiguous(memory_format=torch.channels_last)
            return self._network(x).float().contiguous()[: len(patches)]

    def _to_srgb(self, patch: Float32, predicted: Any) -> Any:
        """(3, tile, tile) sRGB in 0..1, on the device, of one tile; with `tells_error` a fourth band."""
        import torch

        with torch.inference_mode():
            if self.output == "maps":
                seen = torch.from_numpy(np.ascontiguousarray(patch))[None].to(self.device) * (2.0 / L_MAX) - 1.0
                lab, error = self._network.picture(predicted[None], seen)
                rgb = lab_to_srgb(lab[0])
                return torch.cat([rgb, error[0] / ERROR_TOP]) if self.tells_error else rgb
            if self.output == "rgb":
                return torch.clip((predicted + 1.0) * 0.5, 0.0, 1.0)
            radar = torch.from_numpy(np.ascontiguousarray(patch[:1])).to(self.device)
            return lab_to_srgb(torch.cat([radar, predicted * AB_MAX]))

    def _place(self, out: NDArray[Any], rgb: Any, tile: Window, window: Window) -> None:
        """Puts a tile's core where it belongs, or adds its weighted pixels."""
        part = self.tiles.contribution(tile).intersect(window)
        source = (slice(None), *part.within(tile))
        target = (slice(None), *part.within(window))
        if self._weights is None:
            out[target] = to_uint8(rgb).cpu().numpy()[source]
        else:
            out[target] += rgb.cpu().numpy()[source] * self._weights[source[1:]]


def _mirrored(patch: Float32, tile: Window, scene: Window) -> Float32:
    """A tile with what lies beyond the scene replaced by the mirror image of its own inside."""
    inside = tile.intersect(scene)
    if inside == tile:
        return patch
    rows, cols = inside.within(tile)
    margins = (
        (0, 0),
        (rows.start, tile.height - rows.stop),
        (cols.start, tile.width - cols.stop),
    )
    return np.pad(patch[:, rows, cols], margins, mode="symmetric")


def pick_device(device: str) -> str:
    """ "cpu" or "cuda"; "auto" takes the GPU where there is one.

    Raises:
        SettingError: "cuda" without a usable GPU, or an unknown name.
    """
    import torch

    if device not in DEVICES:
        raise SettingError(f"device must be one of {', '.join(DEVICES)}, got {device!r}; auto picks one")
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise SettingError("device must be cpu here, got cuda, and torch sees no GPU; see `sar-colorize doctor`")
    return "cuda" if available and device != "cpu" else "cpu"


def pick_precision(precision: str, device: str) -> str:
    """ "fp32" or "bf16"; "auto" takes bf16 where the device multiplies it in hardware."""
    import torch

    if precision not in PRECISIONS:
        raise SettingError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}; auto picks one")
    if precision != "auto":
        return precision
    if device == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if torch.cpu._is_avx512_bf16_supported() else "fp32"


def _exact_convolutions(device: str) -> Any:
    """On a GPU, one convolution algorithm for one shape, so that a tile has the same bits each time."""
    if device != "cuda":
        return nullcontext()
    import torch

    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)
