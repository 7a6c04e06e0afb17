"""Before and after in one picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingError
from ..raster import Bool

_PAPER = (255, 255, 255)
_INK = (40, 44, 52)
_MARGIN_PX = 16
_UINT8 = np.dtype(np.uint8)


def side_by_side(
    before_grey: NDArray[np.uint8],
    after_rgb: NDArray[np.uint8],
    path: str | os.PathLike[str],
    titles: tuple[str, str],
    *,
    valid: Bool | None = None,
    panel_px: int = 960,
) -> None:
    """Writes a PNG with two panels, before on the left, each under its title.

    Args:
        before_grey: (H, W) uint8.
        after_rgb: (3, H, W) uint8.
        titles: what stands above the panels.
        valid: (H, W); where it is false both panels show the paper. All of it unless given.
        panel_px: longest side of a panel; a larger scene is reduced.

    Raises:
        SettingError: shapes or types differ from these.
    """
    from PIL import Image, ImageDraw, ImageFont

    shape = before_grey.shape
    if before_grey.ndim != 2 or after_rgb.shape != (3, *shape) or {before_grey.dtype, after_rgb.dtype} != {_UINT8}:
        raise SettingError(
            f"pictures must be uint8, (H, W) before and (3, H, W) after, got {before_grey.dtype} {shape} and "
            f"{after_rgb.dtype} {after_rgb.shape}; scale and stack them"
        )
    shrink = min(1.0, panel_px / max(shape))
    height, width = (max(1, round(side * shrink)) for side in shape)
    letter_px = max(13, round(width / 42))
    font = ImageFont.load_default(letter_px)
    band = 2 * letter_px
    page = Image.new("RGB", (2 * width + 3 * _MARGIN_PX, height + band + _MARGIN_PX), _PAPER)
    draw = ImageDraw.Draw(page)
    stencil = None
    if valid is not None:
        stencil = Image.fromarray(valid.astype(np.uint8) * 255).resize((width, height), Image.Resampling.BOX)
    panels = (np.repeat(before_grey[..., None], 3, axis=2), np.ascontiguousarray(after_rgb.transpose(1, 2, 0)))
    for index, (pixels, title) in enumerate(zip(panels, titles, strict=True)):
        left = _MARGIN_PX + index * (width + _MARGIN_PX)
        panel = Image.fromarray(pixels).resize((width, height), Image.Resampling.BOX)
        page.paste(panel, (left, band), stencil)
        draw.text((left, band // 2), title, fill=_INK, font=font, anchor="lm")
    page.save(Path(path), "PNG", optimize=True)
