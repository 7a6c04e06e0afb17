"""Weights files: safetensors in half precision with a card in the header, and their checksums; never pickle.

A leaf: it knows neither the networks nor what their cards hold, and imports torch only where tensors are read.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ModelError, OutputError

if TYPE_CHECKING:
    from torch import Tensor

SUMS = "SHA256SUMS"
SUFFIX = ".safetensors"
_CARD_KEY = "card"
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def read_card(path: Path) -> str:
    """The card in the header, JSON text.

    Raises:
        ModelError: a file that is damaged, pickled, or carries no card.
    """
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_PICKLES):
        raise ModelError(f"weights must be safetensors, got a pickle in {path}; it can run code, so it is not opened")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"weights must be a whole safetensors file, got {path} ({error}); fetch it anew") from error
    if _CARD_KEY not in header:
        raise ModelError(f"weights must carry a card, got none in {path}; write them with save_weights")
    return str(header[_CARD_KEY])


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors by name.

    Raises:
        ModelError: a damaged file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise ModelError(f"weights must be a whole safetensors file, got {path} ({error}); fetch it anew") from error


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
    """Writes a file beside its place and renames it.

    Raises:
        OutputError: the folder is missing or cannot be written to.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"output must be in a folder that can be written to, got {path} ({error})") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
