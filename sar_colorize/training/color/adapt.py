"""A network of one's own region: `by-place` trained further on one pair of rasters, and kept only where it gains."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...color import srgb_to_lab
from ...errors import DataError, ModelError, SettingError
from ...models import registry
from ...models.by_place import ByPlace
from ...models.placed import learn
from ...pairs.build import BuildSettings, build_pairs
from ...pairs.find import Pair, find_pairs
from ...palette.fit import Examples
from ...palette.palette import Moments, Palette
from .dataset import lightness_of, read_pair, usable
from .loop import autocast_for, choose_device, rate_factor
from .places import PlacePatches, moments_of
from .settings import TrainSettings
from .systems import ByPalette
from .validation import paint_by_place

Progress = Callable[[int, int], None]
_LEAST_HELD_OUT = 2


@dataclass(frozen=True)
class AdaptSettings:
    """How a network is adapted.

    model: what to begin with, `by-place` or weights of its kind.
    steps: at most; minutes: at most, whichever comes first.
    batch, patch_px, learning_rate: of Adam, with half a cosine.
    held_out: share of the region, in blocks of 4 x 4 patches, that is never learned from and decides.
    least_gain: share of the error of a and b on the held-out blocks that must be gained.
    """

    model: str = "by-place"
    steps: int = 300
    minutes: float = 10.0
    batch: int = 16
    patch_px: int = 128
    learning_rate: float = 3e-4
    held_out: float = 0.25
    least_gain: float = 0.01
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, low in (("steps", 1), ("batch", 1), ("seed", 0)):
            if getattr(self, name) < low:
                raise SettingError(f"{name} must be at least {low}, got {getattr(self, name)}; leave it out")
        if self.patch_px < 32 or self.patch_px % 32:
            raise SettingError(f"patch_px must be a multiple of 32, got {self.patch_px}; 128 is usual")
        for name in ("minutes", "learning_rate"):
            if not getattr(self, name) > 0:
                raise SettingError(f"{name} must be above 0, got {getattr(self, name)}; leave it out")
        for name in ("held_out", "least_gain"):
            if not 0 < getattr(self, name) < 1:
                raise SettingError(f"{name} must be between 0 and 1, got {getattr(self, name)}; leave it out")


@dataclass(frozen=True)
class AdaptResult:
    """weights: the file written. before, after: error of a and b on the held-out blocks, in Lab units, with the palette
    of the rest. steps: how many ran. learned, held_out: how many patches there were of each."""

    weights: str
    before: float
    after: float
    steps: int
    learned: int
    held_out: int


def adapt(
    s1: str | Path,
    s2: str | Path,
    out: str | Path,
    settings: AdaptSettings | None = None,
    *,
    polarization: str | None = None,
    on_progress: Progress | None = None,
) -> AdaptResult:
    """Trains a network further on a radar and a colour raster of the same ground.

    The pair is cut into patches, and these into blocks, some of which are held out. The colours of the patches learned
    from are the palette, and are fitted, before and after alike, as `--palette` with the same picture would do it: the
    gain is what training adds to that.

    Args:
        s1, s2: see `build.build_pairs`. out: the weights to write; written only if there is a gain.

    Raises:
        DataError: the rasters share too little ground, or nothing was gained on the held-out blocks.
        ModelError: the model is of another kind. SettingError: a setting out of its range.
    """
    chosen = settings or AdaptSettings()
    card, network = registry.load_card(chosen.model), None
    if card.output != "maps":
        raise ModelError(f"model must be by-place or of its kind, got {card.name}; only these take a palette")
    network = registry.load_network(chosen.model)
    with tempfile.TemporaryDirectory() as folder:
        cut = BuildSettings(patch_px=chosen.patch_px, val_share=chosen.held_out, test_share=0.0)
        build_pairs(s1, s2, Path(folder) / "pairs", cut, polarization=polarization)
        found = find_pairs(Path(folder) / "pairs")
        # One region is one place: the palette of a patch is that of all others, not of its block alone.
        learned = [replace(pair, site="region") for pair in found.of("train")]
        held_out = found.of("val")
        if len(learned) < chosen.batch or len(held_out) < _LEAST_HELD_OUT:
            raise DataError(
                f"the rasters must share at least {chosen.batch} patches of {chosen.patch_px} px to learn from and "
                f"{_LEAST_HELD_OUT} to hold out, got {len(learned)} and {len(held_out)}; choose a smaller patch_px, "
                "a smaller batch or larger rasters"
            )
        palette = Moments.total(moments_of(pair) for pair in learned).palette()
        if palette is None:
            raise DataError("the colour raster must show ground, got only black or cloud; choose another picture")
        before = _error(network, held_out, _fitted(network, learned, palette))
        adapted, steps = _trained(network, card.settings, learned, chosen, on_progress)
        after = _error(adapted, held_out, _fitted(adapted, learned, palette))
    if not after < before * (1.0 - chosen.least_gain):
        raise DataError(
            f"adapting must gain at least {chosen.least_gain:.0%} on the held-out blocks, got {before:.2f} Lab units "
            f"before and {after:.2f} after {steps} steps; the model as it is, with --palette, does as well here"
        )
    quality = {
        "held out": {"region": {"before": {"ab_error": round(before, 3)}, "model": {"ab_error": round(after, 3)}}}
    }
    training = {
        "adapted_from": {"name": card.name, "sha256": registry.checksum(chosen.model)},
        "date": datetime.now(UTC).date().isoformat(),
        "settings": asdict(chosen),
        "rasters": [Path(s1).name, Path(s2).name],
    }
    made = replace(
        card,
        name=Path(out).stem,
        training=training,
        quality=quality,
        limits="Adapted to one region; elsewhere unknown.",
    )
    registry.save_weights(out, adapted, made)
    return AdaptResult(str(out), round(before, 3), round(after, 3), steps, len(learned), len(held_out))


def _trained(
    network: Any, shape: Any, pairs: Sequence[Pair], chosen: AdaptSettings, on_progress: Progress | None
) -> tuple[ByPlace, int]:
    """The network after its last step, a running mean of its weights, and the steps that it took."""
    settings = TrainSettings(
        model="by-place", width=shape["width"], batch=chosen.batch, patch_px=chosen.patch_px, crops=1,
        learning_rate=chosen.learning_rate, seed=chosen.seed, device=chosen.device, ema_decay=0.98,
        structure_weight=3.0, none_share=0.05, guess_share=0.1, recolour_share=0.2, despeckle_share=1.0,
        speckle_share=0.2, level_db=0.7, contrast=0.05,
    )  # fmt: skip
    torch.manual_seed(chosen.seed)
    device = choose_device(settings.device)
    system = ByPalette(settings, device)
    for module in (system.by_place, system.best_network):
        module.load_state_dict(network.state_dict())
    for module in (system.by_place, system.best_network):
        module.shrink, module.error_scale = network.shrink, network.error_scale
    patches, autocast = PlacePatches(pairs, settings), autocast_for(device, settings.precision)
    order = np.random.default_rng(chosen.seed)
    system.network.train()
    started, step = time.monotonic(), 0
    while step < chosen.steps and time.monotonic() - started < 60.0 * chosen.minutes:
        patches.epoch = step
        numbers = order.integers(0, len(patches), chosen.batch)
        lightness, *given = (
            torch.stack(parts).to(device) for parts in zip(*(patches[int(n)] for n in numbers), strict=True)
        )
        system.set_rate(rate_factor(step, chosen.steps, "cosine"))
        system.step(lightness.to(memory_format=torch.channels_last), *given, autocast=autocast)
        step += 1
        if on_progress is not None:
            on_progress(step, chosen.steps)
    best = system.best_network.eval().cpu()
    assert isinstance(best, ByPlace)
    return best, step


def _fitted(network: Any, pairs: Sequence[Pair], palette: Palette) -> Palette:
    """The palette with the colours of these pairs fitted, as `--palette` with the same picture would fit them."""
    found = Examples()
    for pair in pairs:
        code, rgb = read_pair(pair)
        lightness = lightness_of(code, rgb, pair, TrainSettings(), None)
        lab = srgb_to_lab(rgb / np.float32(255.0))
        placed = network.placed(palette, (pair.polarization,))
        learn(found, placed, lightness[None], lab, usable(rgb))
    return replace(palette, fit=found.fit())


def _error(network: Any, pairs: Sequence[Pair], palette: Palette) -> float:
    """Mean absolute error of a and b over these pairs, Lab units."""
    total, pixels = 0.0, 0
    for pair in pairs:
        code, rgb = read_pair(pair)
        valid, true = usable(rgb), srgb_to_lab(rgb / np.float32(255.0))
        lightness = lightness_of(code, rgb, pair, TrainSettings(), None)
        lab, _ = paint_by_place(network, {pair.polarization: lightness}, palette)
        total += float(np.abs(lab.numpy()[1:, valid] - true[1:, valid]).mean(0).sum())
        pixels += int(valid.sum())
    if not pixels:
        raise DataError("the held-out blocks must show ground, got only black or cloud; choose another picture")
    return total / pixels
