"""How a thing shows itself in a notebook: a small picture and a table of facts, as HTML that asks no server."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from .credentials import without_credentials
from .raster import Bool

PICTURE_PX = 384
"""The longest side of a picture."""
_QUALITY = 80
_CELL = "text-align:left;vertical-align:top;padding:1px 10px 1px 0;font-size:90%"


def data_uri(codes: NDArray[np.uint8], valid: Bool) -> str:
    """A picture as an address that holds it, a WebP.

    Args:
        codes: (3, h, w) red, green and blue, or (1, h, w) grey. valid: (h, w), transparent where false.
    """
    from PIL import Image  # comes with scikit-image

    pixels = np.repeat(codes, 3, axis=0) if len(codes) == 1 else codes
    alpha = np.where(valid, np.uint8(255), np.uint8(0))[None]
    rgba = np.ascontiguousarray(np.concatenate([np.where(valid, pixels, np.uint8(0)), alpha]).transpose(1, 2, 0))
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def as_html(
    title: str, rows: Iterable[tuple[str, object]], notes: Sequence[str] = (), *, picture: str = "", caption: str = ""
) -> str:
    """A title, a picture and a table; what comes from files is text in it, never markup, and holds no credentials.

    Args:
        title: of the whole. rows: names and values; without a value, None or "", a row is left out. notes: sentences
            for the user. picture: as `data_uri` gives it; empty for none. caption: what it shows.
    """
    shown = [(name, value) for name, value in rows if value not in (None, "")]
    cells = "".join(
        f'<tr><th scope="row" style="{_CELL}">{_text(name)}</th><td style="{_CELL}">{_text(value)}</td></tr>'
        for name, value in [*shown, *(("note", note) for note in notes)]
    )
    image = ""
    if picture:
        image = (
            f'<figure style="margin:0"><img src="{escape(picture)}" alt="{_text(caption)}" '
            f'style="max-width:{PICTURE_PX}px;image-rendering:auto">'
            f'<figcaption style="font-size:80%;opacity:.75">{_text(caption)}</figcaption></figure>'
        )
    return (
        f'<div><div style="font-weight:bold;margin-bottom:4px">{_text(title)}</div>'
        '<div style="display:flex;flex-wrap:wrap;gap:16px;align-items:flex-start">'
        f'{image}<table style="border:none;max-width:44em"><tbody>{cells}</tbody></table></div></div>'
    )


def _text(value: object) -> str:
    return escape(without_credentials(str(value)))
