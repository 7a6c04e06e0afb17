"""Training: pairs in, weights with their card out; seeded, and resumable to the identical loss."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader

from ...engine.choose import autocast, choose_device
from ...errors import DataError
from ...models.card import Card
from ...models.registry import save_weights
from ...pairs.find import Pair
from ...pairs.read import readable
from ...progress import Progress
from ..checkpoint import load_checkpoint, save_checkpoint
from ..run_folder import RunFolder, run_folder
from ..schedule import SCHEDULES
from .by_place import ByPlaceSystem
from .cards import card_for
from .colorsar import ColorSARSystem
from .dataset import Patches
from .losses import colour_classes, rare_colour_weights
from .peers import Peers, with_peers
from .pix2pix import Pix2PixSystem
from .places import PlacePatches
from .records import Records
from .settings import ByPlaceSettings, Pix2PixSettings, TrainSettings
from .system import System
from .validation import Validation, validate

_RARE_SAMPLE = 200
_log = logging.getLogger("sar_colorize")
_WHERE = ("device", "devices", "workers")
"""Settings that a resumed run may change: they say where it runs."""


@dataclass(frozen=True)
class TrainResult:
    """What a training run made."""

    weights: Path
    """The file written."""
    epochs: int
    """How many ran in all, those before a resume too."""
    losses: tuple[float, ...]
    """Mean training loss of each epoch of this call."""
    best: Validation
    """The best validation."""
    skipped: tuple[str, ...] = ()
    """Why each pair left out could not be read."""


@dataclass
class _State:
    epoch: int = 0
    best: dict[str, float] = field(default_factory=dict)
    best_epoch: int = 0


def train(
    pairs: Sequence[Pair],
    out: Path,
    settings: TrainSettings,
    *,
    resume: bool = False,
    strict: bool = False,
    card: Card | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Trains a network and writes its weights.

    In `out`: settings.json, log.csv, weights.safetensors (of the epoch that `keep` names), checkpoint.safetensors after
    each epoch, samples/epoch_NNN.png, and TensorBoard events where tensorboard is installed. A run that fails before
    its first checkpoint leaves nothing there.

    Args:
        pairs: those with split "train" are learned from, those with "val" choose.
        out: a folder, made where missing.
        strict: refuse a pair that cannot be read instead of leaving it out.
        resume: go on after the last whole epoch in `out`; the losses are those of a run never interrupted.
        card: what the card of the weights should say beside what the settings know.
        progress: called with (steps done, steps in all).

    Raises:
        DataError: no pair to train on or to validate with, a loss that is not finite, `strict` and a broken pair.
        SettingError: `resume` with other settings than those in `out`, or a run in `out` without `resume`.
        Cancelled: a KeyboardInterrupt, with what is left of the run.
    """
    found = readable([pair for pair in pairs if pair.split in ("train", "val")], strict=strict)
    chosen = {name: found.of(name) for name in ("train", "val")}
    for name, some in chosen.items():
        if not some:
            raise DataError(f"data must hold pairs in split {name}, got none; name the splits or split by place first")
    device = torch.device(choose_device(settings.device))
    made = card or card_for(settings)
    _log.info("pairs: %d to learn from, %d to validate with", len(chosen["train"]), len(chosen["val"]))
    _log.info("network: %s, width %d, on %s", settings.model, settings.width, device.type)
    with run_folder(out, settings.to_json(), resume=resume, counts="epoch", may_differ=_WHERE) as folder:
        losses, state = with_peers(_run, settings, device, chosen, folder, settings, made, progress)
    return TrainResult(folder.weights, state.epoch, losses, Validation.from_dict(state.best), found.skipped)


def _run(
    peers: Peers,
    device: torch.device,
    chosen: dict[str, tuple[Pair, ...]],
    folder: RunFolder,
    settings: TrainSettings,
    card: Card,
    progress: Progress | None,
) -> tuple[tuple[float, ...], _State]:
    """The epochs of a run, in each of its processes; the first one validates and writes."""
    torch.manual_seed(settings.seed)
    patches, system = build_system(chosen["train"], settings, device)
    system.peers = peers
    state = _resume(folder, system) if folder.resumed else _State()
    card = replace(card, settings=system.architecture)
    losses: list[float] = []
    with closing(Records(folder.path, resumed_after=state.epoch)) if peers.is_first else nullcontext() as records:
        while state.epoch < settings.epochs and not _is_stale(state, settings):
            losses.append(_epoch(system, patches, state.epoch, settings, progress if peers.is_first else None))
            state.epoch += 1
            if records is not None:
                found = validate(system, chosen["val"], settings, card)
                records.write(state.epoch, losses[-1], found)
                _log.info("epoch %d: loss %.4g, error of a and b on val %.2f", state.epoch, losses[-1], found.ab_error)
                better = not state.best or found.ab_error < state.best["ab_error"]
                if better:
                    state.best, state.best_epoch = found.to_dict(), state.epoch
                if better or settings.keep == "last":
                    save_weights(folder.weights, system.best_network, card)
                _save(folder, system, state)
            state = peers.agree(state)
    return tuple(losses), state


def build_system(pairs: Sequence[Pair], settings: TrainSettings, device: torch.device) -> tuple[Patches, System]:
    """The patches that the settings ask for, and the system, untrained."""
    if isinstance(settings, ByPlaceSettings):
        return PlacePatches(pairs, settings), ByPlaceSystem(settings, device)
    patches = Patches(pairs, settings)
    if isinstance(settings, Pix2PixSettings):
        return patches, Pix2PixSystem(settings, device)
    numbers = range(0, len(pairs), max(1, len(pairs) // _RARE_SAMPLE))
    rare = rare_colour_weights((patches.picture(number) for number in numbers), settings.rebalance)
    classes = None
    if settings.head == "classes":
        classes = colour_classes((patches.picture(number) for number in numbers), settings.spacing)
    return patches, ColorSARSystem(settings, device, rare, classes)


def _epoch(system: System, patches: Patches, epoch: int, settings: TrainSettings, progress: Progress | None) -> float:
    """One pass over the patches, in an order of its own; the mean loss."""
    patches.epoch = epoch
    order = np.random.default_rng((settings.seed, epoch)).permutation(len(patches)).tolist()
    per_epoch = max(1, len(order) // settings.batch)
    batches = [order[step * settings.batch : (step + 1) * settings.batch] for step in range(per_epoch)]
    loader = DataLoader(
        patches, batch_sampler=[system.peers.share(batch) for batch in batches], num_workers=settings.workers
    )
    forward_in = autocast(system.device.type, settings.precision)
    rate_factor, steps = SCHEDULES[settings.schedule], settings.epochs * per_epoch
    system.network.train()
    losses = []
    for number, (lightness, *given) in enumerate(loader):
        step = epoch * per_epoch + number
        torch.manual_seed(settings.seed * 1_000_003 + step * system.peers.count + system.peers.rank)  # dropout
        system.set_rate(rate_factor(step, steps))
        lightness = lightness.to(system.device).to(memory_format=torch.channels_last)
        found = system.step(lightness, *(part.to(system.device) for part in given), autocast=forward_in)
        losses.append(system.peers.mean(found["loss"]))
        if progress is not None:
            progress(step + 1, steps)
    if not np.isfinite(losses).all():
        raise DataError(
            f"training loss must stay finite, got {losses[-1]} in epoch {epoch + 1}; choose a lower learning_rate"
        )
    return float(np.mean(losses))


def _is_stale(state: _State, settings: TrainSettings) -> bool:
    return bool(settings.patience) and state.epoch - state.best_epoch >= settings.patience > 0 and state.epoch > 0


def _save(folder: RunFolder, system: System, state: _State) -> None:
    facts = {"epoch": str(state.epoch), "best": json.dumps(state.best), "best_epoch": str(state.best_epoch)}
    save_checkpoint(folder.checkpoint, system.modules, system.optimizers, facts)


def _resume(folder: RunFolder, system: System) -> _State:
    facts = load_checkpoint(folder.checkpoint, system.modules, system.optimizers)
    return _State(int(facts["epoch"]), json.loads(facts["best"]), int(facts["best_epoch"]))
