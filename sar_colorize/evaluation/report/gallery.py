"""The gallery of pictures with memory: a PNG for each place, rows of radar, reference, result, truth, memory share."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from ...pairs.read import pillow
from ..memory.run import PANELS, Shown

PANEL_PX = 256
_GAP_PX, _LINE_PX, _LETTER_PX = 6, 20, 14
_PAPER, _INK = (252, 252, 250), (28, 35, 33)


def gallery_png(shown: Sequence[Shown]) -> bytes:
    """The examples of one place, one below the other, each under its name."""
    from PIL import ImageDraw, ImageFont

    image_module = pillow()
    row_px = _LINE_PX + PANEL_PX + _GAP_PX
    width = len(PANELS) * (PANEL_PX + _GAP_PX) + _GAP_PX
    page = image_module.new("RGB", (width, len(shown) * row_px + _GAP_PX), _PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(_LETTER_PX)
    for number, one in enumerate(shown):
        top = number * row_px + _LINE_PX
        for i, (title, panel) in enumerate(zip(PANELS, one.panels, strict=True)):
            left = _GAP_PX + i * (PANEL_PX + _GAP_PX)
            words = f"{title}, {one.key}" if i == 0 else title
            draw.text((left, top - _LINE_PX // 2), words, fill=_INK, font=font, anchor="lm")
            image = image_module.fromarray(np.ascontiguousarray(np.moveaxis(panel, 0, -1)))
            grows = max(image.size) < PANEL_PX
            scale = PANEL_PX / max(image.size)
            size = [max(1, round(side * scale)) for side in image.size]
            how = image_module.Resampling.NEAREST if grows else image_module.Resampling.LANCZOS
            page.paste(image.resize(size, how), (left, top))
    file = io.BytesIO()
    page.save(file, "PNG", optimize=True)
    return file.getvalue()
