"""Weights files: safetensors in half precision with a card in the header, and their checksums; never pickle.

A weights file may come from a stranger: its sizes are bounded before anything is read, and whatever is wrong with it is
a ModelError. A leaf: it knows neither the networks nor what their cards hold, and imports torch only where tensors are
read.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import ModelError, OutputError
from .hidden_folder import HiddenFolder, remove_orphans

if TYPE_CHECKING:
    from torch import Tensor

SUMS = "SHA256SUMS"
SUFFIX = ".safetensors"
MOST_FILE_BYTES = 4 << 30
"""Of a weights file: forty times the largest that this package trains."""
MOST_HEADER_BYTES = 4 << 20
MOST_CARD_DEPTH = 24
"""Objects and lists inside each other."""
GREATEST_WEIGHT = 65504.0
"""The greatest number in half precision, in which weights are stored."""
_CARD_KEY = "card"
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_card(path: Path) -> str:
    """The card in the header, JSON text.

    Raises:
        ModelError: a file that cannot be read, is damaged, pickled, or carries no card.
    """
    from safetensors import SafetensorError, safe_open

    with _open(path) as file:
        header = _header(file, path)
    try:
        with safe_open(path, framework="numpy"):  # checks types, shapes and offsets of all tensors; reads none
            pass
    except (SafetensorError, OSError, ValueError) as error:
        raise _not_whole(path, error) from error
    metadata = header.get("__metadata__")
    card = metadata.get(_CARD_KEY) if isinstance(metadata, dict) else None
    if not isinstance(card, str):
        raise ModelError(f"weights must carry a card, got none in {path}; write them with save_weights")
    return card


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors by name, floating ones as float32; torch is not imported.

    Raises:
        ModelError: a file that cannot be read or is damaged; a weight that is no finite number of half precision.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    content = read_whole(path)
    try:
        found = dict(load(content))
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, MemoryError) as error:
        raise _not_whole(path, error) from error
    tensors = {}
    for key, value in found.items():
        if value.dtype.kind not in "iuf":
            raise ModelError(f"weights must be real numbers, got {value.dtype} for {key[:80]!r}; take the file anew")
        tensors[key] = made = np.array(value, np.float32 if value.dtype.kind == "f" else value.dtype)
        if not bool((np.abs(made.astype(np.float64)) <= GREATEST_WEIGHT).all()):  # false for NaN too
            raise ModelError(
                f"weights must be finite in half precision, got NaN, infinity or more than {GREATEST_WEIGHT:g} for "
                f"{key[:80]!r} in {path}; train again or take the file anew"
            )
    return tensors


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The same as torch's tensors.

    Raises:
        ModelError: as `read_arrays`.
    """
    import torch

    return {key: torch.from_numpy(value) for key, value in read_arrays(path).items()}


def parse_card(text: str, kind: str = "model card") -> dict[str, Any]:
    """The JSON object of a card: plain values, not nested deeply, whose texts can be printed.

    Args:
        text: what `read_card` gave.
        kind: what a message calls it.

    Raises:
        ModelError: anything else.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{kind} must be JSON, got an error at {error}; take the file anew") from error
    if not isinstance(values, dict):
        raise ModelError(f"{kind} must be a JSON object, got {type(values).__name__}; take the file anew")
    pending: list[tuple[Any, int]] = [(values, 1)]
    while pending:
        value, depth = pending.pop()
        if isinstance(value, str):
            if not is_printable(value):
                raise ModelError(f"{kind} must be text that can be printed, got {value[:40]!a}; take the file anew")
        elif isinstance(value, dict | list):
            if depth > MOST_CARD_DEPTH:
                raise ModelError(f"{kind} must be at most {MOST_CARD_DEPTH} levels deep, got more; take the file anew")
            parts = [*value, *value.values()] if isinstance(value, dict) else value
            pending += [(part, depth + 1) for part in parts]
    return values


def is_printable(text: str) -> bool:
    """Whether a text holds neither control characters, which a terminal would obey, nor halves of characters."""
    return all(letter in "\n\t" or unicodedata.category(letter) not in ("Cc", "Cs") for letter in text)


def read_whole(path: Path) -> bytes:
    """The bytes of a weights file.

    Raises:
        ModelError: it cannot be read, is no regular file, or is too large.
    """
    with _open(path) as file:
        try:
            return file.read()
        except (OSError, MemoryError) as error:
            raise ModelError(f"weights must be a file that can be read, got {path} ({error}); fetch it anew") from error


def _open(path: Path) -> IO[bytes]:
    """An open regular file: a pipe would wait for ever, and a device never end."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"weights must be a file that can be read, got {path} ({error}); correct the path or its permissions"
        ) from error
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_FILE_BYTES:
        os.close(handle)
        raise ModelError(
            f"weights must be a regular file of at most {MOST_FILE_BYTES >> 30} GB, got {path}; name a .safetensors "
            "file"
        )
    return os.fdopen(handle, "rb")


def _header(file: IO[bytes], path: Path) -> dict[str, Any]:
    """The header of an open safetensors file, its size checked before it is read."""
    start = file.read(8)
    if start.startswith(_PICKLES):
        raise ModelError(f"weights must be safetensors, got a pickle in {path}; it can run code, so it is not opened")
    length, rest = int.from_bytes(start, "little"), os.fstat(file.fileno()).st_size - 8
    if length > min(MOST_HEADER_BYTES, rest):
        raise _not_whole(path, f"its header takes {length} bytes of {max(0, rest)}")
    try:
        header = json.loads(file.read(length))
    except (OSError, ValueError, RecursionError) as error:
        raise _not_whole(path, error) from error
    if not isinstance(header, dict):
        raise _not_whole(path, "its header is no object")
    return header


def _not_whole(path: Path, reason: object) -> ModelError:
    text = ascii(" ".join(str(reason).split())[:200])[1:-1]
    return ModelError(f"weights must be a whole safetensors file, got {path} ({text}); fetch it anew")


def write_weights(path: Path, tensors: Mapping[str, Tensor], card: str) -> None:
    """Writes tensors, floating ones in half precision, with their card; the file appears whole or not at all.

    Raises:
        ModelError: a weight is not finite in half precision.
        OutputError: the folder is missing or cannot be written to.
    """
    import torch
    from safetensors.torch import save

    halved = {
        key: (_half(key, value) if torch.is_floating_point(value) else value).detach().cpu().contiguous()
        for key, value in tensors.items()
    }
    write_whole(path, save(halved, {_CARD_KEY: card}))


def _half(key: str, value: Tensor) -> Tensor:
    halved = value.half()
    if not halved.isfinite().all():
        raise ModelError(f"weights must be finite in half precision, got more than 65504 in {key}; train again")
    return halved


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file in a hidden folder beside its place and renames it; what a killed run left there is removed.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    if not path.parent.is_dir():
        raise OutputError(f"output must be in a folder that can be written to, got {path}; create the folder first")
    remove_orphans(path)
    hidden = HiddenFolder(path)
    try:
        whole = hidden.path / "whole"
        whole.write_bytes(content)
        whole.chmod(0o644)
        whole.replace(path)
    finally:
        hidden.remove()


def checksum(path: Path) -> str:
    """SHA-256 of a weights file.

    Raises:
        ModelError: it cannot be read.
    """
    return hashlib.sha256(read_whole(path)).hexdigest()


def check_sum(path: Path) -> None:
    """Refuses a shipped file that is not the one that was shipped.

    Raises:
        ModelError: it differs from its line in SHA256SUMS beside it, or has none.
    """
    if checksum(path) != _sums(path.parent).get(path.name):
        raise ModelError(f"weights must match {SUMS}, got another {path.name}; install the package anew")


def verify(folder: Path) -> list[tuple[str, bool, str]]:
    """Each weights file of a folder: its name, whether it is the one that was shipped, and what is wrong."""
    sums, found = _sums(folder), []
    for name in sorted(set(sums) | {path.name for path in folder.glob(f"*{SUFFIX}")}):
        path = folder / name
        if not path.is_file():
            found.append((path.stem, False, "missing; install the package anew"))
        elif name not in sums:
            found.append((path.stem, False, f"not listed in {SUMS}"))
        elif checksum(path) != sums[name]:
            found.append((path.stem, False, "differs from its checksum; install the package anew"))
        else:
            found.append((path.stem, True, sums[name]))
    return found


def _sums(folder: Path) -> dict[str, str]:
    path = folder / SUMS
    if not path.is_file():
        return {}
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {parts[1]: parts[0] for parts in lines if len(parts) == 2}
