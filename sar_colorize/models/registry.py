"""The networks by name: their cards, their weights, and whether the weights are whole.

Weights are safetensors in half precision with the card in the header; never pickle. Cards are read without torch.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, OutputError
from .card import Card

if TYPE_CHECKING:
    from torch import Tensor, nn

DEFAULT_MODEL = "colorsar-sar"
COMPOSITE = Card(
    name="composite",
    architecture="composite",
    output="rgb",
    input="sar-l",
    stride_px=1,
    halo_px=0,
    summary="False colours from the two polarisations, painted by a formula; no network and no prediction.",
    sources="none",
    limits="The colours are those of the radar, not of the ground.",
)
_FOLDER = Path(__file__).parent / "weights"
_SUMS = "SHA256SUMS"
_SUFFIX = ".safetensors"
_CARD_KEY = "card"
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def names() -> tuple[str, ...]:
    """The models that are shipped, the default first."""
    shipped = sorted(path.stem for path in _FOLDER.glob(f"*{_SUFFIX}"))
    return tuple(sorted([COMPOSITE.name, *shipped], key=lambda name: (name != DEFAULT_MODEL, name)))


def load_card(name_or_path: str | Path) -> Card:
    """The card of a shipped model or of a weights file; torch is not imported.

    Raises:
        ModelError: an unknown name, no such file, a file that is damaged, pickled, or carries no card.
    """
    if str(name_or_path) == COMPOSITE.name:
        return COMPOSITE
    path = _path_of(name_or_path)
    return _card_in(path, _header(path))


def load_network(name_or_path: str | Path) -> nn.Module:
    """The network of a model, in evaluation mode, float32, on the CPU.

    Raises:
        ModelError: as `load_card`; also weights that differ from their checksum or do not fit their architecture, and
            "composite", which has no network.
    """
    if str(name_or_path) == COMPOSITE.name:
        raise ModelError("model must have a network, got composite, which is a formula; choose another model for this")
    path = _path_of(name_or_path)
    card = _card_in(path, _header(path))
    _check_sum(path)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path)
    except SafetensorError as error:
        raise ModelError(f"weights must be a whole safetensors file, got {path} ({error}); fetch it anew") from error
    network = build(card)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"weights must fit the architecture {card.architecture} with {dict(card.settings)}, got {path.name} "
            f"({reason}); correct the card or take the file anew"
        ) from error
    return network.eval()


def build(card: Card) -> nn.Module:
    """The untrained network that a card describes.

    Raises:
        ModelError: an architecture without a network, or settings that it does not know.
    """
    from .by_place import ByPlace
    from .colorsar import ColorSAR
    from .pix2pix import Generator

    kinds: dict[str, type[nn.Module]] = {"by-place": ByPlace, "colorsar": ColorSAR, "pix2pix": Generator}
    if card.architecture not in kinds:
        raise ModelError(f"architecture must be one of {', '.join(kinds)}, got {card.architecture}; it has no network")
    try:
        return kinds[card.architecture](**card.settings, channels=card.channels)
    except TypeError as error:
        raise ModelError(
            f"settings of {card.architecture} must be its arguments, got {dict(card.settings)}; correct the card"
        ) from error


def save_weights(path: str | Path, network: nn.Module, card: Card) -> None:
    """Writes a network's weights, in half precision, with its card; the file appears whole or not at all.

    Raises:
        ModelError: a weight is not finite in half precision.
        OutputError: the folder is missing or cannot be written to.
    """
    import torch
    from safetensors.torch import save

    path = Path(path)
    tensors = {
        key: (_half(key, value) if torch.is_floating_point(value) else value).detach().cpu().contiguous()
        for key, value in network.state_dict().items()
    }
    write_whole(path, save(tensors, {_CARD_KEY: card.to_json()}))


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


def checksum(name_or_path: str | Path) -> str:
    """SHA-256 of a model's weights; of its card for "composite"."""
    if str(name_or_path) == COMPOSITE.name:
        return hashlib.sha256(COMPOSITE.to_json().encode()).hexdigest()
    return hashlib.sha256(_path_of(name_or_path).read_bytes()).hexdigest()


def verify() -> list[tuple[str, bool, str]]:
    """Each shipped weights file: its name, whether it is the one that was shipped, and what is wrong."""
    sums, found = _sums(), []
    for name in sorted(set(sums) | {path.name for path in _FOLDER.glob(f"*{_SUFFIX}")}):
        path = _FOLDER / name
        if not path.is_file():
            found.append((path.stem, False, "missing; install the package anew"))
        elif name not in sums:
            found.append((path.stem, False, f"not listed in {_SUMS}"))
        elif checksum(path) != sums[name]:
            found.append((path.stem, False, "differs from its checksum; install the package anew"))
        else:
            found.append((path.stem, True, sums[name]))
    return found


def _path_of(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if text in names():
        return _FOLDER / f"{text}{_SUFFIX}"
    path = Path(text)
    if path.suffix or os.sep in text:
        if path.is_file():
            return path
        raise ModelError(f"model must be a name or an existing weights file, got {text}; correct the path")
    raise ModelError(f"model must be one of {', '.join(names())} or a weights file, got {text!r}; choose one of them")


def _header(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_PICKLES):
        raise ModelError(f"weights must be safetensors, got a pickle in {path}; it can run code, so it is not opened")
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"weights must be a whole safetensors file, got {path} ({error}); fetch it anew") from error


def _card_in(path: Path, header: dict[str, Any]) -> Card:
    if _CARD_KEY not in header:
        raise ModelError(f"weights must carry a card, got none in {path}; write them with save_weights")
    return Card.from_json(header[_CARD_KEY])


def _sums() -> dict[str, str]:
    path = _FOLDER / _SUMS
    if not path.is_file():
        return {}
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {parts[1]: parts[0] for parts in lines if len(parts) == 2}


def _check_sum(path: Path) -> None:
    """Refuses a shipped file that is not the one that was shipped; a user's own file has no sum to differ from."""
    if path.parent == _FOLDER and checksum(path) != _sums().get(path.name):
        raise ModelError(f"weights must match {_SUMS}, got another {path.name}; install the package anew")
