"""Training of the learned speckle filter, on simulated radar images of optical pictures and on real dates."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ... import weights
from ...engine.choose import autocast
from ...errors import DataError
from ...pairs.find import Pair, find_pairs, with_splits
from ...pairs.lightness import colour_lightness
from ...pairs.read import read_pair
from ...progress import Progress
from ...raster import Float32
from ...speckle.card import FilterCard
from ...speckle.contrast import change_db, log_noise_db
from ...speckle.learned_weights import network_of
from ...speckle.network import Despeckler
from ..checkpoint import load_checkpoint, save_checkpoint
from ..ema import running_mean
from ..run_folder import RunFolder, run_folder
from ..schedule import cosine
from .series import dates_of, fresh_looks
from .settings import FilterSettings
from .simulated import Sample, batches

OTHER_RENDERING = ("export_delhi", "export_hills")
"""Sites whose colours are saturated to black and white."""
_EVERY_STEPS = 250
_BLOCK_PX = 24


def train(
    data: Path,
    out: Path,
    settings: FilterSettings,
    series: Sequence[Float32] = (),
    *,
    teacher: Path | None = None,
    progress: Progress | None = None,
) -> FilterCard:
    """Trains the filter on a folder of pairs, and on real dates; writes its weights and their card.

    In `out`: settings.json, log.csv (step, error, error of block means, seconds), checkpoint.safetensors and
    weights.safetensors. A folder with a checkpoint of the same settings goes on from it.

    Args:
        data: a folder of pairs; the colour pictures of the split train are used.
        out: a folder, made where missing.
        settings: what to learn from, and how.
        series: (dates, H, W) each, linear power.
        teacher: weights of a filter with more channels, whose answers are wanted beside the truth.
        progress: called with (steps done, steps in all).

    Raises:
        DataError: no pair in the split train.
        ModelError: a teacher that is no weights file of such a filter.
        SettingError: the run in `out` has other settings.
        Cancelled: a KeyboardInterrupt, with what is left of the run.
    """
    pairs = with_splits(find_pairs(data, exclude=OTHER_RENDERING)).of("train")
    if not pairs:
        raise DataError(f"data must hold pairs in split train, got none in {data}; name the folder that holds them")
    pictures = [picture_of(pair) for pair in pairs]
    told = None if teacher is None else answers_of(network_of(teacher))
    chosen = asdict(settings) | {"series": [list(power.shape) for power in series]}
    chosen["teacher"] = None if teacher is None else weights.checksum(teacher)
    with run_folder(out, json.dumps(chosen, indent=1), resume=True, counts="step") as folder:
        network = fit(pictures, folder, settings, series, told, progress)
        card = FilterCard(
            name="despeckle-grd",
            settings={"width": settings.width, "dilations": list(settings.dilations)},
            offset_db=-mean_bias_db(network, pictures, settings),
            training={"settings": asdict(settings)},
        )
        weights.write_weights(folder.weights, network.state_dict(), card.to_json())
    return card


def fit(
    pictures: Sequence[NDArray[np.uint8]],
    folder: RunFolder,
    settings: FilterSettings,
    series: Sequence[Float32] = (),
    told: Callable[[Sample], Tensor] | None = None,
    progress: Progress | None = None,
) -> nn.Module:
    """The running mean of the trained weights; goes on from the checkpoint where the folder is resumed.

    Args:
        pictures: (H, W) each, L as 0..255, at least patch_px + 2 MARGIN_PX wide and high.
        folder: for the checkpoint and the log.
        settings: see `train`.
        series: (dates, H, W) each, linear power, at least patch_px wide and high.
        told: what a teacher makes of a sample, see `answers_of`.
        progress: see `train`.
    """
    torch.manual_seed(settings.seed)
    network: nn.Module = Despeckler(settings.width, settings.dilations)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs
    averaged = running_mean(network, settings.ema_decay)
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    modules, optimizers = {"network": network, "averaged": averaged}, {"network": optimizer}
    first = int(load_checkpoint(folder.checkpoint, modules, optimizers)["step"]) if folder.resumed else 0
    forward_in = autocast("cpu", "auto")
    errors: list[tuple[float, float]] = []
    started = time.perf_counter()
    for step, (sample, mean_weight) in enumerate(_both(pictures, series, settings, first), first):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * cosine(step, settings.steps)
        with forward_in():
            change = change_db(network, sample.db, sample.valid, sample.looks)
        error, mean_error = losses(sample.db + change, sample)
        wanted = error + mean_weight * mean_error
        if told is not None:
            apart, _ = losses(sample.db + change, replace(sample, target=told(sample)))
            wanted = wanted + settings.teacher_weight * apart
        optimizer.zero_grad(set_to_none=True)
        wanted.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(network)
        errors.append((error.item(), mean_error.item()))
        if (step + 1) % _EVERY_STEPS == 0 or step + 1 == settings.steps:
            save_checkpoint(folder.checkpoint, modules, optimizers, {"step": str(step + 1)})
            mean, mean_of_blocks = np.mean(errors, 0)
            with folder.log.open("a", encoding="utf-8") as log:
                log.write(f"{step + 1},{mean:.5f},{mean_of_blocks:.5f},{time.perf_counter() - started:.0f}\n")
            errors.clear()
        if progress is not None:
            progress(step + 1, settings.steps)
    return averaged.module


def answers_of(teacher: nn.Module) -> Callable[[Sample], Tensor]:
    """What a network makes of the decibels of a sample, (B, 1, H, W) in dB; its own offset is not added.

    Distillation: the answer of a network with more channels has less noise than the truth (Hinton et al., 2015).
    """
    forward_in = autocast("cpu", "auto")
    teacher = teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs

    def told(sample: Sample) -> Tensor:
        with torch.no_grad(), forward_in():
            answer: Tensor = sample.db + change_db(teacher, sample.db, sample.valid, sample.looks)
            return answer

    return told


def _both(
    pictures: Sequence[NDArray[np.uint8]], series: Sequence[Float32], settings: FilterSettings, first: int
) -> Iterator[tuple[Sample, float]]:
    """Batches simulated and real, and the weight of their block means; which it is depends on (seed, number) alone."""
    fresh = [fresh_looks(power) for power in series]
    for number in range(first, settings.steps):
        if series and np.random.default_rng((settings.seed, number, 2)).random() < settings.real_share:
            yield dates_of(series, fresh, settings, number), settings.real_mean_weight
        else:
            yield next(batches(pictures, replace(settings, steps=number + 1), first=number)), settings.mean_weight


def losses(out: Tensor, sample: Sample) -> tuple[Tensor, Tensor]:
    """Squared error in dB over the variance of such speckle in dB, and the same of the mean power of blocks."""
    weight = sample.valid.float()
    scale = log_noise_db(sample.looks) ** 2  # (B, 1, 1, 1)
    each = ((out - sample.target) ** 2 * weight).sum((1, 2, 3), keepdim=True)
    error = each / weight.sum((1, 2, 3), keepdim=True).clamp(min=1.0)
    whole, ours, true = (
        nn.functional.avg_pool2d(values, _BLOCK_PX)
        for values in (weight, weight * 10.0 ** (out / 10.0), weight * 10.0 ** (sample.target / 10.0))
    )
    off = 10.0 * torch.log10((ours + 1e-6) / (true + 1e-6)) * whole
    return (error / scale).mean(), (off**2 / scale).mean()


def mean_bias_db(
    network: nn.Module, pictures: Sequence[NDArray[np.uint8]], settings: FilterSettings, count: int = 60
) -> float:
    """Change of mean power in dB, the mean over simulated images of 3 to 6 looks that were not trained on.

    What is estimated in dB falls short in power, for the logarithm of a mean is above the mean of logarithms.
    """
    like_grd = replace(settings, looks=(3.0, 6.0), steps=settings.steps + count)
    found = []
    with torch.no_grad():
        for sample in batches(pictures, like_grd, first=settings.steps):
            change = change_db(network.float().eval(), sample.db, sample.valid, sample.looks)
            sums = [(sample.valid * 10.0 ** (db / 10.0)).sum((1, 2, 3)) for db in (sample.db + change, sample.db)]
            found.append(10.0 * torch.log10(sums[0] / sums[1]))
    return float(torch.cat(found).mean())


def picture_of(pair: Pair) -> NDArray[np.uint8]:
    """(H, W) L of the colour picture of a pair, 0..255 for 0..100."""
    return np.round(colour_lightness(read_pair(pair)[1]) * 2.55).astype(np.uint8)
