"""Training of the learned speckle filter, on simulated radar images of optical pictures and on real dates.

    python -m sar_colorize.training.despeckling PAIRS OUT --series SERIES --place NAME ...

Of PAIRS, a folder as `sar-colorize train` takes, only the colour pictures of the split train are used; of SERIES, the
named NAME.npz, see `series.read_series`; all where none is named, and simulated images alone without it. In OUT:
settings.json, log.csv (step, error, error of block means, seconds), checkpoint.safetensors, from which a run that was
stopped goes on, and weights.safetensors, with its card. Steps 0 to three quarters of `steps` do not depend on `steps`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ... import weights
from ...api.folders import pairs_in
from ...color import srgb_to_lab
from ...errors import DataError
from ...pairs.find import Pair
from ...raster import Float32
from ...speckle.card import FilterCard
from ...speckle.learned import change_db, log_noise_db
from ...speckle.network import Despeckler
from ..color.dataset import read_pair
from .series import dates_of, fresh_looks, read_series
from .simulated import DespeckleSettings, Sample, batches

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "weights.safetensors"
OTHER_RENDERING = ("export_delhi", "export_hills")
"""Sites whose colours are saturated to black and white."""
_EVERY_STEPS = 250
_BLOCK_PX = 24


def train(data: Path, out: Path, settings: DespeckleSettings, series: Sequence[Float32] = ()) -> FilterCard:
    """Trains the filter on a folder of pairs, and on real dates (T, H, W) in power; writes its weights and their card.

    Raises:
        DataError: no pair in the split train.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(asdict(settings), indent=1), encoding="utf-8")
    pairs = pairs_in(data, exclude=OTHER_RENDERING).of("train")
    if not pairs:
        raise DataError(f"data must hold pairs in split train, got none in {data}; name the folder that holds them")
    pictures = [lightness_of(pair) for pair in pairs]
    network = fit(pictures, out, settings, series)
    card = FilterCard(
        name="despeckle-grd",
        settings={"width": settings.width, "dilations": list(settings.dilations)},
        offset_db=-mean_bias_db(network, pictures, settings),
        training={"settings": asdict(settings)},
    )
    weights.write_weights(out / WEIGHTS, network.state_dict(), card.to_json())
    return card


def fit(
    pictures: Sequence[NDArray[np.uint8]], out: Path, settings: DespeckleSettings, series: Sequence[Float32] = ()
) -> nn.Module:
    """The running mean of the trained weights; goes on from the checkpoint in `out` where there is one.

    Args:
        pictures: (H, W) each, L as 0..255, at least patch_px + 2 MARGIN_PX wide and high.
        series: (dates, H, W) each, linear power, at least patch_px wide and high.
    """
    torch.manual_seed(settings.seed)
    network: nn.Module = Despeckler(settings.width, settings.dilations)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.ema_decay))
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    first = _resume(out / CHECKPOINT, network, averaged, optimizer)
    seen: list[tuple[float, float]] = []
    started = time.perf_counter()
    for step, (sample, mean_weight) in enumerate(_both(pictures, series, settings, first), first):
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * rate_factor(step, settings.steps)
        with torch.autocast("cpu", torch.bfloat16, torch.cpu._is_avx512_bf16_supported()):
            change = change_db(network, sample.db, sample.valid, sample.looks)
        error, mean_error = losses(sample.db + change, sample)
        optimizer.zero_grad(set_to_none=True)
        (error + mean_weight * mean_error).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        averaged.update_parameters(network)
        seen.append((error.item(), mean_error.item()))
        if (step + 1) % _EVERY_STEPS == 0 or step + 1 == settings.steps:
            _save(out / CHECKPOINT, network, averaged, optimizer, step + 1)
            mean, mean_of_blocks = np.mean(seen, 0)
            with (out / "log.csv").open("a", encoding="utf-8") as log:
                log.write(f"{step + 1},{mean:.5f},{mean_of_blocks:.5f},{time.perf_counter() - started:.0f}\n")
            seen.clear()
    return averaged.module


def _both(
    pictures: Sequence[NDArray[np.uint8]], series: Sequence[Float32], settings: DespeckleSettings, first: int
) -> Iterator[tuple[Sample, float]]:
    """Batches simulated and real, and the weight of their block means; which it is depends on (seed, number) alone."""
    fresh = [fresh_looks(power) for power in series]
    for number in range(first, settings.steps):
        if series and np.random.default_rng((settings.seed, number, 2)).random() < settings.real_share:
            yield dates_of(series, fresh, settings, number), settings.real_mean_weight
        else:
            yield next(batches(pictures, replace(settings, steps=number + 1), first=number)), settings.mean_weight


def losses(out: Tensor, sample: Sample) -> tuple[Tensor, Tensor]:
    """Squared error in dB over the variance in dB of the speckle told, and the same of the mean power of blocks."""
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


def rate_factor(step: int, steps: int) -> float:
    """Share of the learning rate at a step: a warm-up line, then 1, then a line down to 0.01 in the last quarter."""
    return min((step + 1) / 200, 1.0, 0.01 + 0.99 * (steps - step) / (0.25 * steps))


def mean_bias_db(
    network: nn.Module, pictures: Sequence[NDArray[np.uint8]], settings: DespeckleSettings, count: int = 60
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


def lightness_of(pair: Pair) -> NDArray[np.uint8]:
    """(H, W) L of the colour picture of a pair, 0..255 for 0..100."""
    rgb = read_pair(pair)[1].astype(np.float32) / np.float32(255.0)
    return np.round(srgb_to_lab(rgb)[0] * 2.55).astype(np.uint8)


def _save(path: Path, network: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    from safetensors.torch import save

    tensors = dict(_named(network, averaged, optimizer))
    weights.write_whole(path, save({name: value.contiguous() for name, value in tensors.items()}, {"step": str(step)}))


def _resume(path: Path, network: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Puts back what `_save` wrote; the step to go on with, 0 where there is no checkpoint."""
    if not path.is_file():
        return 0
    from safetensors import safe_open

    for parameter in network.parameters():
        optimizer.state[parameter] = {
            "step": torch.zeros(()), "exp_avg": torch.zeros_like(parameter), "exp_avg_sq": torch.zeros_like(parameter),
        }  # fmt: skip
    with safe_open(path, framework="pt") as file, torch.no_grad():
        for name, value in _named(network, averaged, optimizer):
            value.copy_(file.get_tensor(name))
        return int(file.metadata()["step"])


def _named(network: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[tuple[str, Tensor]]:
    """Everything that training changes."""
    for part, module in (("network", network), ("averaged", averaged)):
        for name, value in module.state_dict().items():
            yield f"{part}/{name}", value
    for number, parameter in enumerate(network.parameters()):
        for name, value in optimizer.state[parameter].items():
            yield f"optimizer/{number}/{name}", value


def main() -> None:
    """The command in the module's first lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=DespeckleSettings.steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--series", type=Path)
    parser.add_argument("--place", action="append", default=[])
    given = parser.parse_args()
    torch.set_flush_denormal(True)
    series = read_series(given.series, given.place) if given.series else []
    train(given.pairs, given.out, DespeckleSettings(steps=given.steps, seed=given.seed), series)


if __name__ == "__main__":
    main()
