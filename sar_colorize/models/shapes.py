"""The weights that a network has, by name, with their shapes: so that others are refused before anything is made."""

from __future__ import annotations

import itertools

from ..errors import ModelError
from .card import Card
from .limits import check_settings

Shapes = dict[str, tuple[int, ...]]
HIDDEN = 64
"""Numbers between the palette and what scales and shifts the levels of by-place."""
PALETTE_NUMBERS = 10
"""Mean and spread of L, a, b, three correlations, and how far the palette is to be trusted; `palette.Palette`."""


def shapes_of(card: Card) -> Shapes:
    """Of the network that a card describes.

    Raises:
        ModelError: an architecture without a network, or settings that it does not know.
    """
    known = {"by-place": _by_place, "colorsar": _colorsar, "pix2pix": _pix2pix}
    if card.architecture not in known:
        raise ModelError(f"architecture must be one of {', '.join(known)}, got {card.architecture}; it has no network")
    check_settings(card.architecture, card.settings)
    return known[card.architecture](card)


def _conv(name: str, channels_out: int, channels_in: int, side: int = 3, *, bias: bool = False) -> Shapes:
    return {f"{name}.weight": (channels_out, channels_in, side, side)} | (
        {f"{name}.bias": (channels_out,)} if bias else {}
    )


def _norm(name: str, channels: int) -> Shapes:
    each: Shapes = {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}
    return each | {f"{name}.num_batches_tracked": ()}


def _block(name: str, channels_in: int, channels_out: int) -> Shapes:
    return _conv(f"{name}.0", channels_out, channels_in) | _norm(f"{name}.1", channels_out)


def _stage(name: str, channels_in: int, channels_out: int) -> Shapes:
    return _block(f"{name}.0", channels_in, channels_out) | _block(f"{name}.1", channels_out, channels_out)


def _by_place(card: Card) -> Shapes:
    w = int(card.settings.get("width", 48))
    found: Shapes = {}
    for channel in range(card.channels):
        found |= _block(f"stems.{channel}.0", 1, w // 2) | _block(f"stems.{channel}.1", w // 2, w)
    found |= _block("encode_4", w, w) | _stage("encode_8", w, 2 * w) | _stage("encode_16", 2 * w, 4 * w)
    found |= _block("encode_16.3", 4 * w, 4 * w) | _block("decode_16", 4 * w, 2 * w)
    found |= _block("decode_8", 4 * w, w) | _block("decode_4", 2 * w, w) | _conv("head", 7, w, bias=True)
    film = 2 * (w + 2 * w + 4 * w + w + w)
    found |= {"palette.0.weight": (HIDDEN, PALETTE_NUMBERS), "palette.0.bias": (HIDDEN,)}
    return found | {"palette.2.weight": (film, HIDDEN), "palette.2.bias": (film,)}


def _colorsar(card: Card) -> Shapes:
    w = int(card.settings.get("width", 32))
    colours = len(card.settings.get("classes") or ()) or 2
    found = _stage("encode_2", card.channels, w) | _stage("encode_4", w, 2 * w) | _stage("encode_8", 2 * w, 4 * w)
    found |= _stage("encode_16", 4 * w, 8 * w) | _block("decode_16", 8 * w, 4 * w) | _block("decode_8", 8 * w, 2 * w)
    return found | _block("decode_4", 4 * w, w) | _block("decode_2", 2 * w, w) | _conv("head", colours, w, bias=True)


def _pix2pix(card: Card) -> Shapes:
    w = int(card.settings.get("width", 64))
    downs = [card.channels, *(w * times for times in (1, 2, 4, 8, 8, 8, 8, 8))]
    found: Shapes = {}
    for number, (before, after) in enumerate(itertools.pairwise(downs)):
        found |= _conv(f"downs.{number}.0", after, before, 4)
        if number:
            found |= _norm(f"downs.{number}.1", after)
    ups = [(8, 8), (16, 8), (16, 8), (16, 8), (16, 4), (8, 2), (4, 1)]
    for number, (before, after) in enumerate(ups):
        found |= _conv(f"ups.{number}.0", before * w, after * w, 4)  # of a transposed one the input comes first
        found |= _norm(f"ups.{number}.1", after * w)
    return found | {"last.weight": (2 * w, 3, 4, 4), "last.bias": (3,)}
