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
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .. import weights
from ..errors import ModelError
from ..weights import write_whole as write_whole
from .card import Card
from .composite import COMPOSITE, CompositePainter
from .limits import shown
from .network import Network
from .painter import Painter, kind_of
from .shapes import shapes_of

if TYPE_CHECKING:
    from torch import nn

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
def _network_to_paint(path: Path, stamp: tuple[int, int]) -> Network:  # noqa: ARG001  # part of the key
    """The network of a weights file, for painters alone: each engine takes a copy, and none changes it."""
    return _load(path)


def load_network(name_or_path: str | Path) -> nn.Module:
    """The network of a model as torch's module, in evaluation mode, float32, on the CPU.

    Raises:
        ModelError: as `load_card`; also weights that differ from their checksum or do not fit their architecture, and
            "composite", which has no network.
    """
    if str(name_or_path) == COMPOSITE.name:
        raise ModelError("model must have a network, got composite, which is a formula; choose another model for this")
    return _load(_path_of(name_or_path)).module()


def _load(path: Path) -> Network:
    card = Card.from_json(weights.read_card(path))
    if path.parent == _FOLDER:  # a user's own file has no sum to differ from
        weights.check_sum(path)
    tensors = weights.read_arrays(path)
    _check_shapes(card, tensors, path)
    return Network(card, tensors)


def _check_shapes(card: Card, tensors: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Refuses weights that are not those of the architecture, before a network of the card's size is made.

    Raises:
        ModelError: a tensor that is missing, too many, or of another shape; a negative variance.
    """
    wanted = shapes_of(card)
    given = {key: value.shape for key, value in tensors.items()}
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


def painter_for(
    card: Card, network: Network | nn.Module, bands: tuple[str, ...], palette: Palette | None = None
) -> Painter:
    """The painter of a network that is loaded, or in training, see `load_painter`."""
    from ..palette.palette import UNKNOWN_PALETTE
    from .by_place_painter import ByPlacePainter
    from .network_painters import ColorSARPainter, Pix2PixPainter

    known = network if isinstance(network, Network) else Network(card, network)
    if card.architecture == "by-place":
        return ByPlacePainter(card, bands, known, UNKNOWN_PALETTE if palette is None else palette)
    if card.architecture == "colorsar":
        return ColorSARPainter(card, bands, known)
    if card.architecture == "pix2pix":
        return Pix2PixPainter(card, bands, known)
    raise ModelError(f"model must be of a known architecture, got {card.architecture}; choose another")


def build(card: Card) -> nn.Module:
    """The untrained network that a card describes, see `build.build`."""
    from .build import build as make

    return make(card)


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
