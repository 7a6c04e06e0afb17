"""Training as one call: a folder of pairs in, where the weights are and how they do on val out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..pairs.find import find_pairs, with_splits
from ..progress import Progress
from ..training.color.settings import SYSTEMS, settings_of
from .setting import Setting, settings_in


# long: every setting is spelled out, in the signature, the docstring and the record that it goes into
def train(
    data: str | Path,
    out: str | Path,
    *,
    model: str = "colorsar",
    strict: bool = False,
    exclude: Iterable[str] = (),
    resume: bool = False,
    on_progress: Progress | None = None,
    name: str = "my-model",
    width: int | None = None,
    epochs: int = 40,
    keep: str | None = None,
    patience: int = 0,
    batch: int = 16,
    patch_px: int = 256,
    crops: int = 4,
    learning_rate: float | None = None,
    beta1: float | None = None,
    schedule: str | None = None,
    ema_decay: float | None = None,
    filter: str = "lee",
    filter_share: float = 0.6,
    level_db: float = 2.0,
    contrast: float = 0.2,
    speckle_share: float = 0.3,
    hole_share: float = 0.15,
    fill_lightness: float = 50.0,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    workers: int = 0,
    devices: int = 1,
    input: str | None = None,
    rebalance: float | None = None,
    head: str | None = None,
    spacing: float | None = None,
    huber: float | None = None,
    l1_weight: float | None = None,
    feature_weight: float | None = None,
    structure_weight: float | None = None,
    none_share: float | None = None,
    guess_share: float | None = None,
    recolour_share: float | None = None,
) -> dict[str, Any]:
    """Trains a network on a folder of pairs.

    None leaves a setting to the recipe of the system. A setting that the system does not have is refused.

    Args:
        data: pairs in one of the layouts of `pairs.find`; split by place where it has no splits.
        out: a folder for weights, checkpoint, log and samples; nothing is left there when the start fails.
        model: the system: "by-place", "colorsar" or "pix2pix".

        strict: refuse files without a partner and broken ones instead of leaving them out.
        exclude: sites not to learn from.
        resume: go on with the run in `out`, to the identical loss; its settings must be the same.
        on_progress: called with (steps done, steps in all).

        name: name of the network in its card.
        width: channels of the first level; 48 by-place, 32 colorsar, 64 pix2pix.
        epochs, patience: passes over the pairs, and those without a better val before it stops (0 never stops).
        keep: "best" epoch on val, or "last"; "best" for colorsar, else "last".
        batch, patch_px, crops: patches in one step, their side, and most patches from one pair in one epoch.
        learning_rate, beta1, schedule: of Adam; the schedule is "cosine" or "constant".
        ema_decay: decay of the running mean of weights that is kept; 0 for none.

        filter, filter_share: the speckle filter before the radar's lightness, and the share of patches it is for.
        level_db, contrast: standard deviation of the random shift in dB and of the logarithm of the random stretch.
        speckle_share, hole_share: share of the patches that get simulated speckle, and an invalid part.
        fill_lightness: lightness of invalid pixels, 0..100.

        seed: the same seed and data give the same network on one machine.
        device, precision: where and how it computes, see `colorize`.
        workers, devices: processes that read ahead, and GPUs.

        input: colorsar, pix2pix: "sar-l", the radar's lightness, or "optical-l", that of the colour picture itself.
        rebalance, head, spacing, huber: colorsar: weight of rare colours 0..1, "ab" or "classes", distance of colour
            classes, and error above which the loss is linear, both in Lab units.
        l1_weight, feature_weight: pix2pix: weights of the L1 distance and of matched features.
        structure_weight: pix2pix, by-place: weight of unlike structure of the brightness.
        none_share, guess_share, recolour_share: by-place: share of the patches without a palette, with a guessed one,
            and moved to other colours together with it.

    Returns:
        weights: path of the file. epochs: how many ran. losses: of each epoch of this call. val: figures of the best
        epoch. skipped: why each file was left out.

    Raises:
        DataError: no pair to train on or to validate with, a broken file with `strict`.
        SettingError: a setting out of its range or of another system, a run in `out` without `resume`.
        MissingPackageError: an extra is not installed.
        Cancelled: a KeyboardInterrupt whose message says what is left of the run.
    """
    settings = settings_of(
        model, name=name, width=width, epochs=epochs, keep=keep, patience=patience, batch=batch, patch_px=patch_px,
        crops=crops, learning_rate=learning_rate, beta1=beta1, schedule=schedule, ema_decay=ema_decay, filter=filter,
        filter_share=filter_share, level_db=level_db, contrast=contrast, speckle_share=speckle_share,
        hole_share=hole_share, fill_lightness=fill_lightness, seed=seed, device=device, precision=precision,
        workers=workers, devices=devices, input=input, rebalance=rebalance, head=head, spacing=spacing, huber=huber,
        l1_weight=l1_weight, feature_weight=feature_weight, structure_weight=structure_weight, none_share=none_share,
        guess_share=guess_share, recolour_share=recolour_share,
    )  # fmt: skip
    from ..training.color.loop import train as run

    found = with_splits(find_pairs(Path(data), strict=strict, exclude=exclude))
    result = run(found.pairs, Path(out), settings, resume=resume, strict=strict, progress=on_progress)
    return {
        "weights": str(result.weights),
        "epochs": result.epochs,
        "losses": list(result.losses),
        "val": result.best.to_dict(),
        "skipped": [*found.skipped, *result.skipped],
    }


def train_settings() -> list[Setting]:
    """Every setting of `train` but the model: first those of all systems, then those of one or two."""
    found: dict[str, dict[str, Setting]] = {}
    for model, record in SYSTEMS.items():
        for item in settings_in(record, record.choices):
            found.setdefault(item.name, {})[model] = item
    settings = []
    for of in found.values():
        item, recipes = next(iter(of.values())), {model: each.default for model, each in of.items()}
        systems = () if len(of) == len(SYSTEMS) else tuple(of)
        if len(set(recipes.values())) > 1:
            settings.append(replace(item, default=None, systems=systems, recipes=recipes))
        else:
            settings.append(replace(item, systems=systems))
    return sorted(settings, key=lambda setting: len(setting.systems))


def train_models() -> tuple[str, ...]:
    """The systems that `train` knows."""
    return tuple(SYSTEMS)
