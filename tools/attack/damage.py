"""Damage to bytes: flips, cuts, rubbish, hostile tags of TIFF."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

Random = np.random.Generator
T = TypeVar("T")
NUMBERS = (0, 1, 2, 3, 255, 256, 32767, 65535, 2**31 - 1, 2**31, 2**32 - 1)
"""Hostile whole numbers of 32 bits."""


def draw(random: Random, weights: Mapping[T, float]) -> T:
    """One of some values, each as often as its weight says."""
    values, shares = list(weights), np.array(list(weights.values()))
    return values[int(random.choice(len(values), p=shares / shares.sum()))]


def one_of(random: Random, values: Sequence[T]) -> T:
    """One of some values, each as often as the others."""
    return values[int(random.integers(0, len(values)))]


def flip(data: bytearray, random: Random, *, first: int | None = None) -> None:
    """Some bytes become others, anywhere or within the `first`."""
    end = min(len(data), first or len(data))
    for place in random.integers(0, end, int(random.choice([1, 2, 8, 64]))):
        data[place] = int(random.integers(0, 256))


def flip_bits(data: bytearray, random: Random) -> None:
    """Bit rot: single bits."""
    for place in random.integers(0, len(data), int(random.choice([1, 4, 32]))):
        data[place] ^= 1 << int(random.integers(0, 8))


def cut(data: bytearray, random: Random) -> None:
    """The end is missing: a byte, some, most, or all."""
    keep = random.choice([len(data) - 1, len(data) - 16, len(data) // 2, 8, 1, 0, int(random.integers(0, len(data)))])
    del data[max(0, int(keep)) :]


def rubbish(data: bytearray, random: Random) -> None:
    """A stretch becomes zeros or noise, or noise follows the end."""
    start, size = int(random.integers(0, len(data))), int(random.integers(1, 4096))
    noise = bytes(size) if random.random() < 0.5 else random.bytes(size)
    if random.random() < 0.3:
        data.extend(noise)
    else:
        data[start : start + size] = noise


def swap(data: bytearray, random: Random) -> None:
    """Two stretches change places."""
    size = int(random.integers(1, max(2, len(data) // 4)))
    a, b = (int(random.integers(0, max(1, len(data) - size))) for _ in range(2))
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def header(data: bytearray, random: Random) -> None:
    """Bytes of the first kilobyte."""
    flip(data, random, first=1024)


def tag(data: bytearray, random: Random) -> None:
    """An entry of a classic TIFF's first directory gets another tag, type, count or value."""
    order = "<" if data[:2] == b"II" else ">"
    if len(data) < 16 or struct.unpack_from(order + "H", data, 2)[0] != 42:
        flip(data, random, first=256)
        return
    start = struct.unpack_from(order + "I", data, 4)[0]
    if start + 2 > len(data):
        return
    count = struct.unpack_from(order + "H", data, start)[0]
    entry = start + 2 + 12 * int(random.integers(0, max(1, count)))
    if entry + 12 > len(data):
        return
    where = draw(random, {"tag": 2, "type": 3, "count": 5, "value": 10})
    if where == "tag":
        struct.pack_into(order + "H", data, entry, int(random.choice([256, 257, 258, 259, 322, 339, 33550, 42113])))
    elif where == "type":
        struct.pack_into(order + "H", data, entry + 2, int(random.integers(0, 20)))
    else:
        value = int(random.choice(NUMBERS)) if random.random() < 0.8 else int(random.integers(0, 2**32))
        struct.pack_into(order + "I", data, entry + (4 if where == "count" else 8), value)


ANY: tuple[Callable[[bytearray, Random], None], ...] = (flip, flip_bits, cut, rubbish, swap, header, tag, tag)


def damaged(data: bytes, random: Random) -> tuple[bytes, str]:
    """Data with one or two kinds of damage, and their names."""
    out, names = bytearray(data), []
    for _ in range(int(random.choice([1, 1, 1, 2]))):
        if not out:
            break
        how = one_of(random, ANY)
        how(out, random)
        names.append(how.__name__)
    return bytes(out), "+".join(names)
