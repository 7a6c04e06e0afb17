"""The networks by name: their cards, their weights, and whether the weights are whole.

Weights are safetensors in half precision with the card in the header; never pickle. Cards are read without torch.
"""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from .. import weights
from ..errors import ModelError
from ..weights import write_whole as write_whole
from .card import Card
from .composite import COMPOSITE, CompositePainter
from .limits import check_settings, shown
from .painter import Painter, kind_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from ..palette.palette import Palette

DEFAULT_MODEL = "by-place"
_FOLDER = Path(__file__).parent / "weights"


def names() -> tuple[str, ...]:
    """The models that are shipped, the default first."""
    shipped = sorted(path.stem for path in _FOLDER.glob(f"*{weights.SUFFIX}"))
    return tuple(sorted([COMPOSITE.name, *shipped], key=lambda name: (name != DEFAULT_MODEL, name)))


def load_card(name_or_path: str | Path) -> Card:
    """The card of a shipped model or of a weights file; torch is not imported.

    Raises:
        ModelError: an unknown name, no such file, a file that is damaged, pickled, or carries no card.
    """
    if str(name_or_path) == COMPOSITE.name:
        return COMPOSITE
    path = _path_of(name_or_path)
    return _card(path, _stamp(path))


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written anew; zeros where there is none, which whoever reads it says."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=8)
def _card(path: Path, stamp: tuple[int, int]) -> Card:  # noqa: ARG001  # part of the key
    return Card.from_json(weights.read_card(path))


@lru_cache(maxsize=1)
def _network_to_paint(path: Path, stamp: tuple[int, int]) -> nn.Module:  # noqa: ARG001  # part of the key
    """The network of a weights file, for painters alone: each engine takes a copy, and none changes it."""
    return load_network(path)


def load_network(name_or_path: str | Path) -> nn.Module:
    """The network of a model, in evaluation mode, float32, on the CPU.

    Raises:
        ModelError: as `load_card`; also weights that differ from their checksum or do not fit their architecture, and
            "composite", which has no network.
    """
    if str(name_or_path) == COMPOSITE.name:
        raise ModelError("model must have a network, got composite, which is a formula; choose another model for this")
    path = _path_of(name_or_path)
    card = Card.from_json(weights.read_card(path))
    if path.parent == _FOLDER:  # a user's own file has no sum to differ from
        weights.check_sum(path)
    tensors = weights.read_tensors(path)
    _check_shapes(card, tensors, path)
    network = build(card)
    network.load_state_dict(tensors)
    return network.eval()


def _check_shapes(card: Card, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuses weights that are not those of the architecture, before a network of the card's size is made.

    Raises:
        ModelError: a tensor that is missing, too many, or of another shape; a negative variance.
    """
    import torch

    with torch.device("meta"):  # shapes without memory
        wanted = {key: tuple(value.shape) for key, value in build(card).state_dict().items()}
    given = {key: tuple(value.shape) for key, value in tensors.items()}
    wrong = sorted(key for key in wanted.keys() | given.keys() if wanted.get(key) != given.get(key))
    if wrong:
        key = wrong[0]
        raise ModelError(
            f"weights must fit the architecture {card.architecture} with {shown(dict(card.settings))}, got {path.name} "
            f"({shown(key)[1:-1]} is {given.get(key, 'missing')}, not {wanted.get(key, 'known')}); "
            "correct the card or take the file anew"
        )
    for key, value in tensors.items():
        if key.endswith("running_var") and bool((value < 0).any()):
            raise ModelError(f"variances in weights must be at least 0, got less for {key} in {path}; take it anew")


def load_painter(name_or_path: str | Path, bands: tuple[str, ...], palette: Palette | None = None) -> Painter:
    """The painter of a model in one scene, float32 on the CPU.

    Args:
        bands: the polarisations that it is given, see `painter.choose_bands`.
        palette: of the place, for a model that takes one; the palette of no known place where None.

    Raises:
        ModelError: as `load_network`.
    """
    card = load_card(name_or_path)
    if not kind_of(card).has_network:
        return CompositePainter(bands)
    path = _path_of(name_or_path)
    return painter_for(card, _network_to_paint(path, _stamp(path)), bands, palette)


def painter_for(card: Card, network: nn.Module, bands: tuple[str, ...], palette: Palette | None = None) -> Painter:
    """The painter of a network that is loaded, or in training, see `load_painter`."""
    from ..palette.palette import UNKNOWN_PALETTE
    from .by_place import ByPlace
    from .by_place_painter import ByPlacePainter
    from .colorsar import ColorSAR, ColorSARPainter
    from .pix2pix import Generator, Pix2PixPainter

    if isinstance(network, ByPlace):
        return ByPlacePainter(card, bands, network, UNKNOWN_PALETTE if palette is None else palette)
    if isinstance(network, ColorSAR):
        return ColorSARPainter(card, bands, network)
    if isinstance(network, Generator):
        return Pix2PixPainter(card, bands, network)
    raise ModelError(f"model must be of a known architecture, got {type(network).__name__}; choose another")


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
    check_settings(card.architecture, card.settings)
    return kinds[card.architecture](**card.settings, channels=card.channels)


def save_weights(path: str | Path, network: nn.Module, card: Card) -> None:
    """Writes a network's weights, in half precision, with its card; the file appears whole or not at all.

    Raises:
        ModelError: a weight is not finite in half precision.
        OutputError: the folder is missing or cannot be written to.
    """
    weights.write_weights(Path(path), network.state_dict(), card.to_json())


def checksum(name_or_path: str | Path) -> str:
    """SHA-256 of a model's weights; of its card for "composite"."""
    if str(name_or_path) == COMPOSITE.name:
        return hashlib.sha256(COMPOSITE.to_json().encode()).hexdigest()
    return weights.checksum(_path_of(name_or_path))


def verify() -> list[tuple[str, bool, str]]:
    """Each shipped weights file: its name, whether it is the one that was shipped, and what is wrong."""
    return weights.verify(_FOLDER)


def _path_of(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    if text in names():
        return _FOLDER / f"{text}{weights.SUFFIX}"
    path = Path(text)
    if path.suffix or os.sep in text:
        try:
            if path.is_file():
                return path
            reason = "which is no file" if path.exists() else "which does not exist"
        except (OSError, ValueError) as error:  # a folder that may not be entered, a name that no file can have
            reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(
            f"model must be a name or an existing weights file, got {_path_shown(text)} ({reason}); correct the path"
        )
    close = difflib.get_close_matches(text, names(), 1)
    hint = f"did you mean {close[0]}?" if close else "choose one of them"
    raise ModelError(f"model must be one of {', '.join(names())} or a weights file, got {shown(text)}; {hint}")


def _path_shown(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]} ..."
