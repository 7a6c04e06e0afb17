"""Adapting as one call: a radar and a colour raster of a region in, weights that gain there out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..progress import Progress
from ..training.color.adapt_settings import AdaptSettings
from .keywords import verb
from .output import check_not_read


@verb()
# long: every setting is spelled out, in the signature, the docstring and the record that it goes into
def adapt(
    s1: str | Path,
    s2: str | Path,
    out: str | Path,
    *,
    model: str = "by-place",
    polarization: str | None = None,
    steps: int = 300,
    minutes: float = 10.0,
    batch: int = 16,
    patch_px: int = 128,
    learning_rate: float = 3e-4,
    held_out: float = 0.25,
    least_gain: float = 0.01,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    overwrite: bool = False,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Trains a model further on rasters of one region, and writes it only if it gains on ground held out.

    Region:
        s1: The radar raster, with a CRS and a transform.
        s2: The colour raster of the same ground.
        polarization: The radar band; None for the first.
        held_out: Share of the region, in blocks of 4 x 4 patches, that is never learned from and decides.
        least_gain: Share of the error of a and b on the held-out blocks that must be gained.

    Training:
        model: What to begin with: `by-place`, or a weights file of its kind.
        steps: Most training steps.
        minutes: Most minutes of training; steps or minutes, whichever is reached first.
        batch: Patches in one step.
        patch_px: Side of a patch in pixels.
        learning_rate: Learning rate of Adam at its highest; it falls along half a cosine.
        seed: Seed of all random numbers.

    Run:
        out: The weights file to write.
        overwrite: Replace an existing file.
        device: Device to train on; "auto" takes a GPU where there is one.
        precision: Precision of the forward passes; "auto" takes bf16 where the device multiplies it in hardware.
        on_progress: Called with (steps done, most steps).

    Returns:
        weights: path of the file. before, after: mean absolute error of a and b on the held-out ground. steps: how
        many ran. learned, held_out: how many patches there were of each.

    Raises:
        DataError: too little common ground, or no gain.
        ModelError: a model of another kind. SettingError: a setting out of its range.
        OutputError: `out` exists, is an input, or cannot be written to.
    """
    from ..training.color.adapt import adapt as run

    check_not_read([Path(out)], s1, s2, model)
    settings = AdaptSettings(
        model=model, steps=steps, minutes=minutes, batch=batch, patch_px=patch_px, learning_rate=learning_rate,
        held_out=held_out, least_gain=least_gain, seed=seed, device=device, precision=precision,
    )  # fmt: skip
    return asdict(run(s1, s2, out, settings, polarization=polarization, overwrite=overwrite, progress=on_progress))
