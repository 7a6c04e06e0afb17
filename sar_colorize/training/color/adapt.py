"""A network of one's own region: `by-place` trained further on one pair of rasters, and kept only where it gains."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...color import srgb_to_lab
from ...credentials import name_without_credentials
from ...engine.choose import autocast, choose_device
from ...errors import Cancelled, DataError, ModelError, OutputError
from ...hidden_folder import HiddenFolder, remove_orphans
from ...infer import paint_picture
from ...models import registry
from ...models.by_place import ByPlace
from ...models.by_place_painter import ByPlacePainter
from ...models.card import Card
from ...models.network import Network
from ...models.painter import kind_of
from ...pairs.build import build_pairs
from ...pairs.build_settings import BuildSettings
from ...pairs.find import Pair, find_pairs
from ...pairs.lightness import radar_lightness
from ...pairs.palette import moments_of
from ...pairs.read import ground_of, read_pair
from ...palette.fit import Examples, learn
from ...palette.moments import Moments
from ...palette.palette import Palette
from ...progress import Progress
from ...scene.names import is_special
from ...writable import check_name_of
from ..schedule import cosine
from .adapt_settings import AdaptSettings
from .by_place import ByPlaceSystem
from .places import PlacePatches
from .settings import ByPlaceSettings

_LEAST_HELD_OUT = 2
_log = logging.getLogger("sar_colorize")


@dataclass(frozen=True)
class AdaptResult:
    """What was gained. Errors are mean absolute errors of a and b, in Lab units, with the palette of the rest."""

    weights: str
    """The file written."""
    before: float
    """Error on the held-out blocks of the model that it began with."""
    after: float
    """Error on the held-out blocks after training."""
    steps: int
    """How many steps ran."""
    learned: int
    """Patches that were learned from."""
    held_out: int
    """Patches that were held out."""


def adapt(
    s1: str | Path,
    s2: str | Path,
    out: str | Path,
    settings: AdaptSettings | None = None,
    *,
    polarization: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> AdaptResult:
    """Trains a network further on a radar and a colour raster of the same ground.

    The pair is cut into patches, and these into blocks, some of which are held out. The colours of the patches learned
    from are the palette, and are fitted, before and after alike, as `colorize` does with the same picture as palette:
    the gain is what training adds to that.

    Args:
        s1: see `pairs.build.build_pairs`, as s2.
        s2: the colour raster.
        out: the weights to write; written only if there is a gain.
        polarization: the radar band; None takes the first.
        overwrite: replace an existing file.
        progress: called with (steps done, most steps).

    Raises:
        DataError: the rasters share too little ground, or nothing was gained on the held-out blocks.
        ModelError: the model is of another kind.
        OutputError: `out` cannot be written to, exists, or is one of the inputs.
        Cancelled: a KeyboardInterrupt; nothing was written.
    """
    chosen = settings or AdaptSettings()
    out = Path(out)
    card = registry.load_card(chosen.model)
    if not kind_of(card).takes_palette:
        raise ModelError(f"model must be by-place or of its kind, got {card.name}; only these take a palette")
    check_output(out, s1, s2, chosen.model, overwrite=overwrite)
    device = torch.device(choose_device(chosen.device))
    network = registry.load_network(chosen.model)
    assert isinstance(network, ByPlace)
    with _cancellable(), _hidden_beside(out) as folder:
        learned, held_out = _cut(s1, s2, folder / "pairs", chosen, polarization)
        palette = Moments.total(moments_of(pair) for pair in learned).palette()
        if palette is None:
            raise DataError("the colour raster must show ground, got only black or cloud; choose another picture")
        _log.info("patches: %d to learn from, %d held out", len(learned), len(held_out))
        before = _error(card, network, learned, held_out, palette, chosen)
        adapted, steps = _trained(card, network, learned, chosen, device, progress)
        after = _error(card, adapted, learned, held_out, palette, chosen)
    _log.info("error of a and b held out: %.2f before, %.2f after %d steps", before, after, steps)
    if not after < before * (1.0 - chosen.least_gain):
        raise DataError(
            f"adapting must gain at least {chosen.least_gain:.0%} on the held-out blocks, got {before:.2f} Lab units "
            f"before and {after:.2f} after {steps} steps; use the model as it is, with this picture as its palette"
        )
    figures = {"before": {"ab_error": round(before, 3)}, "model": {"ab_error": round(after, 3)}}
    rasters = [Path(name_without_credentials(str(path))).name for path in (s1, s2)]
    registry.save_weights(out, adapted, _card(card, out, chosen, rasters, figures))
    return AdaptResult(str(out), round(before, 3), round(after, 3), steps, len(learned), len(held_out))


@contextmanager
def _hidden_beside(out: Path) -> Iterator[Path]:
    """A folder for what is needed meanwhile; where a run is killed, the next one for the same file removes it."""
    place = out.absolute()
    remove_orphans(place)
    hidden = HiddenFolder(place)
    try:
        folder = hidden.path / "whole"
        folder.mkdir()
        yield folder
    finally:
        hidden.remove()


@contextmanager
def _cancellable() -> Iterator[None]:
    """Says of a run that the user stops that nothing was written."""
    try:
        yield
    except KeyboardInterrupt as error:
        raise Cancelled("cancelled; nothing was written") from error


def _card(card: Card, out: Path, chosen: AdaptSettings, rasters: list[str], figures: dict[str, Any]) -> Card:
    """The card of the adapted network."""
    training = {
        "adapted_from": {"name": card.name, "sha256": registry.checksum(chosen.model)},
        "date": datetime.now(UTC).date().isoformat(),
        "settings": asdict(chosen),
        "rasters": rasters,
    }
    return replace(
        card,
        name=out.stem,
        training=training,
        quality={"held out": {"region": figures}},
        limits="Adapted to one region; not measured elsewhere.",
    )


def check_output(out: Path, s1: str | Path, s2: str | Path, model: str, *, overwrite: bool) -> None:
    """Refuses a file that could not be written after the training, or that must not be.

    Raises:
        OutputError: its folder is missing or read-only, it is an input, a folder, or exists without `overwrite`.
    """
    check_name_of("out", out)
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise OutputError(f"out must be in a folder that can be written to, got {out}; make the folder or name another")
    if out.is_dir():
        raise OutputError(f"out must be a weights file, got the folder {out}; name a file in it")
    if is_special(out):
        raise OutputError(f"out must be a regular file, got {out}, a pipe or a device; choose another name")
    for name, source in (("s1", s1), ("s2", s2), ("model", model)):
        if out.exists() and Path(source).exists() and out.samefile(source):
            raise OutputError(f"out must be another file than {name}, got {out} for both; choose a new name")
    if os.path.lexists(out) and not overwrite:  # a link that leads nowhere is somebody's too
        raise OutputError(f"out must not exist yet, got {out}; choose another name, or overwrite it")


def _cut(
    s1: str | Path, s2: str | Path, folder: Path, chosen: AdaptSettings, polarization: str | None
) -> tuple[list[Pair], tuple[Pair, ...]]:
    """The patches to learn from and those held out."""
    cut = BuildSettings(patch_px=chosen.patch_px, val_share=chosen.held_out, test_share=0.0)
    build_pairs(s1, s2, folder, cut, polarization=polarization)
    found = find_pairs(folder)
    # One region is one place: the palette of a patch is that of all others, not of its block alone.
    learned = [replace(pair, site="region") for pair in found.of("train")]
    held_out = found.of("val")
    if len(learned) < chosen.batch or len(held_out) < _LEAST_HELD_OUT:
        raise DataError(
            f"the rasters must share at least {chosen.batch} patches of {chosen.patch_px} px to learn from and "
            f"{_LEAST_HELD_OUT} to hold out, got {len(learned)} and {len(held_out)}; choose a smaller patch_px, "
            "a smaller batch or larger rasters"
        )
    return learned, held_out


def _trained(
    card: Card,
    network: ByPlace,
    pairs: Sequence[Pair],
    chosen: AdaptSettings,
    device: torch.device,
    progress: Progress | None,
) -> tuple[ByPlace, int]:
    """The network after its last step, a running mean of its weights, and the steps that it took."""
    settings = ByPlaceSettings(
        width=card.settings["width"], batch=chosen.batch, patch_px=chosen.patch_px, crops=1,
        learning_rate=chosen.learning_rate, seed=chosen.seed, ema_decay=0.98, structure_weight=3.0, none_share=0.05,
        guess_share=0.1, recolour_share=0.2, filter=card.despeckle, filter_share=1.0, speckle_share=0.2, level_db=0.7,
        contrast=0.05, fill_lightness=card.fill_lightness,
    )  # fmt: skip
    torch.manual_seed(chosen.seed)
    system = ByPlaceSystem(settings, device, start=network)
    patches, forward_in = PlacePatches(pairs, settings), autocast(device.type, chosen.precision)
    order = np.random.default_rng(chosen.seed)
    system.network.train()
    started, step = time.monotonic(), 0
    while step < chosen.steps and time.monotonic() - started < 60.0 * chosen.minutes:
        patches.epoch = step
        numbers = order.integers(0, len(patches), chosen.batch)
        lightness, *given = (
            torch.stack(parts).to(device) for parts in zip(*(patches[int(n)] for n in numbers), strict=True)
        )
        system.set_rate(cosine(step, chosen.steps))
        system.step(lightness.to(memory_format=torch.channels_last), *given, autocast=forward_in)
        step += 1
        if progress is not None:
            progress(step, chosen.steps)
    best = system.best_network.eval().cpu()
    assert isinstance(best, ByPlace)
    return best, step


def _error(
    card: Card,
    network: ByPlace,
    learned: Sequence[Pair],
    held_out: Sequence[Pair],
    palette: Palette,
    chosen: AdaptSettings,
) -> float:
    """Mean absolute error of a and b over the held-out pairs, Lab units, with colours fitted to the others."""
    examples, of_card = Examples(), Network(card, network)
    for pair in learned:
        code, rgb = read_pair(pair)
        lightness = radar_lightness(code, pair.polarization, card.despeckle)[None]
        painter = ByPlacePainter(card, (pair.polarization,), of_card, palette)
        learn(examples, painter, lightness, srgb_to_lab(rgb / np.float32(255.0)), ground_of(rgb))
    fitted = replace(palette, fit=examples.fit())
    total, pixels = 0.0, 0
    for pair in held_out:
        code, rgb = read_pair(pair)
        lightness = radar_lightness(code, pair.polarization, card.despeckle)[None]
        painter = ByPlacePainter(card, (pair.polarization,), of_card, fitted)
        lab, _ = paint_picture(painter, lightness, device=chosen.device, precision=chosen.precision)
        valid, true = ground_of(rgb), srgb_to_lab(rgb / np.float32(255.0))
        total += float(np.abs(lab[1:, valid] - true[1:, valid]).mean(0).sum())
        pixels += int(valid.sum())
    if not pixels:
        raise DataError("the held-out blocks must show ground, got only black or cloud; choose another picture")
    return total / pixels
