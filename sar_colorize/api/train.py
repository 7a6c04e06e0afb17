"""Training as one call: a folder of pairs in, where the weights are and how they do on val out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..credentials import without_credentials
from ..pairs.find import find_pairs, with_splits
from ..progress import Progress
from ..training.color.settings import settings_of
from .keywords import verb


@verb(despeckle="filter", despeckle_share="filter_share")
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

    A setting that the system of `model` does not have is refused.

    Pairs:
        data: A folder of pairs, see `pairs.find`; split by place where it has no splits.
        exclude: A site not to learn from; may be repeated.
        strict: Refuse files that are broken or without a partner, instead of leaving them out.

    Network:
        model: The system; by-place learns the whole picture from radar and the palette of the place, colorsar a and
            b under the given lightness, pix2pix the whole picture against an adversary.
        name: Name of the network in its card.
        width: Channels of the first level of the network; None for 48 in by-place / 32 in colorsar / 64 in pix2pix.

    Training:
        epochs: Passes over the training pairs; the schedule of the learning rate ends with them.
        keep: Whose weights are kept: those of the epoch that is "best" on val in a and b, or of the "last"; None
            for last in by-place / best in colorsar / last in pix2pix.
        patience: Epochs without a better val before training stops; 0 never stops early.
        batch: Patches in one step.
        patch_px: Side of a training patch in pixels.
        crops: Most patches taken from one pair in one epoch; large pairs have room for several.
        learning_rate: Learning rate of Adam; None for 0.002 in by-place / 0.002 in colorsar / 0.0002 in pix2pix.
        beta1: First moment decay of Adam; None for 0.9 in by-place / 0.9 in colorsar / 0.5 in pix2pix.
        schedule: Learning rate over the run: "cosine", after a short warm-up, or "constant"; None for cosine in
            by-place / cosine in colorsar / constant in pix2pix.
        ema_decay: Decay of the running mean of weights that is validated and kept; 0 for none; None for 0.998 in
            by-place / 0.99 in colorsar / 0.0 in pix2pix.
        seed: Seed of all random numbers: the same seed and data give the same network on one machine.

    Radar:
        filter: Speckle filter before the radar's lightness.
        filter_share: Share of the patches that pass through the filter.
        level_db: Standard deviation of the random shift of a patch, in dB.
        contrast: Standard deviation of the logarithm of the random stretch of a patch.
        speckle_share: Share of the patches that get simulated speckle.
        hole_share: Share of the patches that get an invalid part.
        fill_lightness: Lightness of invalid pixels, 0..100.

    For colorsar and pix2pix:
        input: Lightness that the network gets: "sar-l", of the radar, or "optical-l", of the colour picture itself;
            None for sar-l.

    For colorsar:
        rebalance: How far rare colours count more than frequent ones in the loss of a and b, 0..1; None for 0.5.
        head: What it learns: "ab" regresses a and b, "classes" chooses among colours; None for ab.
        spacing: Distance of neighbouring colour classes, in Lab units; None for 12.0.
        huber: Error of a and b, in Lab units, above which their loss is linear; None for 4.0.

    For pix2pix:
        l1_weight: Weight of the L1 distance to the real picture; None for 100.0.
        feature_weight: Weight of matching the discriminator's features of the real picture; None for 0.0.

    For by-place and pix2pix:
        structure_weight: Weight of unlike structure of the brightness; None for 0.0.

    For by-place:
        none_share: Share of the patches that come without a palette; None for 0.1.
        guess_share: Share of the patches whose palette is a guess from the map instead of a measured one; None for
            0.2.
        recolour_share: Share of the patches that are moved to other colours together with their palette; None for
            0.6.

    Run:
        out: A folder for weights, checkpoint, log and samples; a start that fails leaves nothing there.
        resume: Go on with the run in that folder, to the identical loss; its settings must be the same.
        device: Device to train on; "auto" takes a GPU where there is one.
        precision: Precision of the forward passes; "auto" takes bf16 where the device multiplies it in hardware.
        workers: Processes that read patches ahead; 0 reads in the training process.
        devices: GPUs to train on; more than 1 needs the package lightning.
        on_progress: Called with (steps done, steps in all).

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
        model, name=without_credentials(name),
        width=width, epochs=epochs, keep=keep, patience=patience, batch=batch, patch_px=patch_px,
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
