"""Training: pairs in, weights with their card out; seeded, and resumable to the identical loss."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from ...errors import DataError, SettingError
from ...models.card import Card
from ...models.registry import save_weights, write_whole
from ...pairs.find import Pair
from .cards import card_for
from .dataset import Patches, readable
from .losses import colour_classes, rare_colour_weights
from .peers import Peers, with_peers
from .places import PlacePatches
from .records import Records
from .settings import TrainSettings
from .systems import Adversarial, ByPalette, Regression, System, restore, state_of
from .validation import Validation, validate

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "weights.safetensors"
SETTINGS = "settings.json"
_WARM_UP_STEPS = 200
_RARE_SAMPLE = 200
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TrainResult:
    """weights: the file written; epochs: how many ran in all; losses: mean training loss of each epoch of this call;
    best: the best validation; skipped: why each pair left out could not be read."""

    weights: Path
    epochs: int
    losses: tuple[float, ...]
    best: Validation
    skipped: tuple[str, ...] = ()


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

    In `out`: settings.json, log.csv, weights.safetensors (of the epoch that `keep` says), checkpoint.safetensors after
    each epoch, samples/epoch_NNN.png, and TensorBoard events where tensorboard is installed.

    Args:
        pairs: those with split "train" are learned from, those with "val" choose.
        out: a folder, made where missing.
        strict: refuse a pair that cannot be read instead of leaving it out.
        resume: go on after the last whole epoch in `out`; the losses are those of a run never interrupted.
        card: what the card of the weights should say beside what the settings know.
        progress: told (steps done, steps in all).

    Raises:
        DataError: no pair to train on or to validate with, a loss that is not finite, `strict` and a broken pair.
        SettingError: `resume` with other settings than those in `out`, or a run in `out` without `resume`.
    """
    found = readable([pair for pair in pairs if pair.split in ("train", "val")], strict=strict)
    chosen = {name: found.of(name) for name in ("train", "val")}
    for name, some in chosen.items():
        if not some:
            raise DataError(f"data must hold pairs in split {name}, got none; name the splits or split by place first")
    out.mkdir(parents=True, exist_ok=True)
    _settle(out, settings, resume)
    resume = resume and (out / CHECKPOINT).is_file()
    made = card or card_for(settings)
    device = choose_device(settings.device)
    losses, state = with_peers(_run, settings, device, chosen, out, settings, made, resume, progress)
    return TrainResult(out / WEIGHTS, state.epoch, losses, Validation.from_dict(state.best), found.skipped)


def _run(
    peers: Peers,
    device: torch.device,
    chosen: dict[str, tuple[Pair, ...]],
    out: Path,
    settings: TrainSettings,
    card: Card,
    resume: bool,
    progress: Progress | None,
) -> tuple[tuple[float, ...], _State]:
    """The epochs of a run, in each of its processes; the first one validates and writes."""
    torch.manual_seed(settings.seed)
    patches = (
        PlacePatches(chosen["train"], settings) if settings.model == "by-place" else Patches(chosen["train"], settings)
    )
    system = build_system(patches, settings, device)
    system.peers = peers
    state = _resume(out, system) if resume else _State()
    card = replace(card, settings=system.architecture)
    losses: list[float] = []
    with closing(Records(out, resumed_after=state.epoch)) if peers.is_first else nullcontext() as records:
        while state.epoch < settings.epochs and not _is_stale(state, settings):
            losses.append(_epoch(system, patches, state.epoch, settings, progress if peers.is_first else None))
            state.epoch += 1
            if records is not None:
                seen = validate(system, chosen["val"], settings, autocast_for(device, settings.precision))
                records.write(state.epoch, losses[-1], seen)
                better = not state.best or seen.ab_error < state.best["ab_error"]
                if better:
                    state.best, state.best_epoch = seen.to_dict(), state.epoch
                if better or settings.keep == "last":
                    save_weights(out / WEIGHTS, system.best_network, card)
                _save(out, system, state)
            state = peers.agree(state)
    return tuple(losses), state


def build_system(patches: Patches, settings: TrainSettings, device: torch.device) -> System:
    """The system of the settings, untrained."""
    if settings.model == "pix2pix":
        return Adversarial(settings, device)
    if settings.model == "by-place":
        return ByPalette(settings, device)
    numbers = range(0, len(patches.pairs), max(1, len(patches.pairs) // _RARE_SAMPLE))
    rare = rare_colour_weights((patches.picture(number) for number in numbers), settings.rebalance)
    classes = None
    if settings.head == "classes":
        classes = colour_classes((patches.picture(number) for number in numbers), settings.spacing)
    return Regression(settings, device, rare, classes)


def choose_device(name: str) -> torch.device:
    """The device of a setting: "auto" is a GPU where there is one.

    Raises:
        SettingError: "cuda" without one.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingError("device must be cpu or auto where torch finds no GPU, got cuda; choose auto")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def autocast_for(device: torch.device, precision: str) -> Callable[[], AbstractContextManager[Any]]:
    """What the forward passes run in: bfloat16 where asked, or where "auto" and the device computes in it."""
    fast = device.type == "cuda" or getattr(torch.cpu, "_is_amx_tile_supported", bool)()
    return partial(torch.autocast, device.type, torch.bfloat16, precision == "bf16" or (precision == "auto" and fast))


def rate_factor(step: int, steps: int, schedule: str | None) -> float:
    """Share of the learning rate at a step: a warm-up line, then half a cosine down to 0.01; or 1 throughout."""
    if schedule == "constant":
        return 1.0
    warm_up = min(_WARM_UP_STEPS, max(1, steps // 10))
    if step < warm_up:
        return (step + 1) / warm_up
    along = (step - warm_up) / max(1, steps - warm_up)
    return 0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * along)))


def _epoch(system: System, patches: Patches, epoch: int, settings: TrainSettings, progress: Progress | None) -> float:
    """One pass over the patches, in an order of its own; the mean loss."""
    patches.epoch = epoch
    order = np.random.default_rng((settings.seed, epoch)).permutation(len(patches)).tolist()
    per_epoch = max(1, len(order) // settings.batch)
    batches = [order[step * settings.batch : (step + 1) * settings.batch] for step in range(per_epoch)]
    loader = DataLoader(
        patches, batch_sampler=[system.peers.share(batch) for batch in batches], num_workers=settings.workers
    )
    autocast = autocast_for(system.device, settings.precision)
    system.network.train()
    losses = []
    for number, (lightness, target, weight, *more) in enumerate(loader):
        step = epoch * per_epoch + number
        torch.manual_seed(settings.seed * 1_000_003 + step * system.peers.count + system.peers.rank)  # dropout
        system.set_rate(rate_factor(step, settings.epochs * per_epoch, settings.schedule))
        lightness = lightness.to(system.device).to(memory_format=torch.channels_last)
        given = (part.to(system.device) for part in (target, weight, *more))
        seen = system.step(lightness, *given, autocast=autocast)
        losses.append(system.peers.mean(seen["loss"]))
        if progress is not None:
            progress(step + 1, settings.epochs * per_epoch)
    if not np.isfinite(losses).all():
        raise DataError(
            f"training loss must stay finite, got {losses[-1]} in epoch {epoch + 1}; lower learning_rate, resume"
        )
    return float(np.mean(losses))


def _is_stale(state: _State, settings: TrainSettings) -> bool:
    return bool(settings.patience) and state.epoch - state.best_epoch >= settings.patience > 0 and state.epoch > 0


def _settle(out: Path, settings: TrainSettings, resume: bool) -> None:
    """Writes the settings of a new run, or checks that those of a resumed one are the same but for where it runs."""
    path = out / SETTINGS
    if not path.is_file():
        write_whole(path, settings.to_json().encode())
        return
    if not resume:
        raise SettingError(f"out must be a folder without a run, got {out}; resume it or name another folder")
    before = TrainSettings.from_json(path.read_text(encoding="utf-8"))
    if before != replace(settings, device=before.device, workers=before.workers, devices=before.devices):
        raise SettingError(f"a resumed run must have the settings in {path}, got others; give the same or a new folder")


def _save(out: Path, system: System, state: _State) -> None:
    from safetensors.torch import save

    header = {"epoch": str(state.epoch), "best": json.dumps(state.best), "best_epoch": str(state.best_epoch)}
    write_whole(out / CHECKPOINT, save(state_of(system), header))


def _resume(out: Path, system: System) -> _State:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(out / CHECKPOINT, framework="pt") as file:
            header = file.metadata()
            restore(system, {key: file.get_tensor(key) for key in file.keys()})  # noqa: SIM118, not a mapping
    except (SafetensorError, KeyError, RuntimeError) as error:
        raise DataError(f"checkpoint must be of this run and whole, got {out / CHECKPOINT}; start a new run") from error
    return _State(int(header["epoch"]), json.loads(header["best"]), int(header["best_epoch"]))
