"""Numbers in a product's XML: what is no number, not finite or out of range is one sentence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import UnreadableError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FARTHEST = 1 << 30
"""No line, pixel or orbit has a number beyond it."""


def text_of(element: Element, path: str, where: str) -> str:
    """The text of a part.

    Args:
        where: the name of the file, for messages; so in all functions here.

    Raises:
        UnreadableError: missing or empty; the other functions raise it too.
    """
    text = (element.findtext(path) or "").strip()
    if not text:
        raise UnreadableError(f"annotation must fill {path}, got nothing in {where}; download the product again")
    return text


def decimal(element: Element, path: str, where: str, least: float = -math.inf, most: float = math.inf) -> float:
    """A finite number within bounds, both inclusive."""
    text = text_of(element, path, where)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and least <= number <= most):
        allowed = "a finite number" if math.isinf(least) and math.isinf(most) else f"a number {least:g} to {most:g}"
        raise UnreadableError(
            f"annotation must hold {allowed} in {path}, got {text!r:.40} in {where}; download the product again"
        )
    return number


def whole(element: Element, path: str, where: str, least: int = -FARTHEST, most: int = FARTHEST) -> int:
    """A whole number within bounds, both inclusive."""
    number = decimal(element, path, where, least, most)
    if number != int(number):
        raise UnreadableError(
            f"annotation must hold a whole number in {path}, got {number:g} in {where}; download the product again"
        )
    return int(number)


def decimals(element: Element, path: str, where: str, finite: bool = True) -> NDArray[np.float64]:
    """Numbers between blanks, at least one.

    Args:
        finite: whether NaN and infinity are refused.
    """
    text = element.findtext(path) or ""
    try:
        numbers = np.array(text.split(), dtype=np.float64)
    except ValueError:
        numbers = np.empty(0)
    if not len(numbers) or (finite and not np.isfinite(numbers).all()):
        raise UnreadableError(f"{where} must hold numbers in {path}, got {text!r:.40}; download the product again")
    return numbers
