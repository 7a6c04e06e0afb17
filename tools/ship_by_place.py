"""Makes the shipped weights of `by-place` from a finished training run: chooses two numbers on val, writes the card.

    python tools/ship_by_place.py --data PAIRS --weights RUN/weights.safetensors --command "sar-colorize train ..."
        --out sar_colorize/models/weights/by-place.safetensors

Two numbers are chosen on the second half of val, before and after its flood, with palettes from the first: how much of
the network's correction of a and b is used (`shrink`, the least error of a and b among tenths, or --shrink, where real
places say otherwise), and the factor that makes the mean expected error equal the mean real one (`error_scale`). Then
val and test are measured and everything is written into the card.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from sar_colorize.evaluation.color import contestants
from sar_colorize.evaluation.color.baselines import MEAN, TABLE
from sar_colorize.evaluation.color.metrics import all_metrics
from sar_colorize.evaluation.color.palettes import first_half_of, palettes_for, second_half
from sar_colorize.evaluation.color.patch import read_patch
from sar_colorize.evaluation.color.reliability import Reliability
from sar_colorize.infer import paint_picture
from sar_colorize.models import registry
from sar_colorize.models.card import Card
from sar_colorize.pairs.find import Pair, find_pairs

EXCLUDED = ("export_delhi", "export_hills")
FIGURES = ("ab_error", "chroma_ratio", "ciede2000", "ssim", "gradient_correlation")
SUMMARY = (
    "Ours: radar in one polarisation or two and the palette of the place to a whole picture, with how sure it is; "
    "structure from the radar, colours from the place."
)
SOURCES = (
    "OMBRIA (IEEE JSTARS 2022), Optical-SAR-dataset (Volkov), SentinelDataDownloaderTool; 533 training pairs of nine "
    "places, none of them in val or test except texas, which is cut into strips; the guess from the map is NASA's Blue "
    "Marble; contains modified Copernicus Sentinel data"
)


def main() -> None:
    """Chooses, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--weights", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--command", required=True, help="the command that trained it, for the card")
    parser.add_argument("--limits", required=True, help="what it is not good for, for the card")
    parser.add_argument("--epochs", type=int, help="that ran, where the run was stopped: its rate was constant")
    parser.add_argument("--shrink", type=float, help="instead of the best on val")
    chosen = parser.parse_args()
    pairs = find_pairs(chosen.data, exclude=EXCLUDED)
    card, network = registry.load_card(chosen.weights), registry.load_network(chosen.weights)
    shrink, error_scale = choose(card, network, pairs.of("val", "val_after"), chosen.shrink)
    settings = dict(card.settings) | {"shrink": shrink, "error_scale": error_scale}
    trained = dict(card.training) | {
        "command": chosen.command,
        "date": datetime.now(UTC).date().isoformat(),
        "device": "CPU, bfloat16",
        "chosen_on_val": {"shrink": shrink, "error_scale": error_scale},
    }
    if chosen.epochs is not None:
        trained["settings"] = dict(trained["settings"]) | {"epochs": chosen.epochs}
    card = replace(
        card, settings=settings, summary=SUMMARY, sources=SOURCES, limits=chosen.limits, training=trained
    )  # fmt: skip
    registry.save_weights(chosen.out, network, card)
    quality = {split: measure(chosen.out, pairs.of(split), pairs.of("train")) for split in ("val", "test")}
    registry.save_weights(chosen.out, network, replace(card, quality=quality))
    print(f"{chosen.out}: sha256 {registry.checksum(chosen.out)}")


def choose(card: Card, network: Any, pairs: Sequence[Pair], wanted: float | None) -> tuple[float, float]:
    """Shrink and error_scale."""
    palettes, filter = palettes_for(pairs, "site", "second"), card.despeckle
    steps = [round(0.1 * i, 1) for i in range(11)] if wanted is None else [wanted]
    errors, expected, pixels = np.zeros(len(steps)), 0.0, 0
    network.error_scale = 1.0
    for pair in second_half(pairs):
        patch = read_patch(pair, "sar", palettes(pair))
        valid = patch.valid
        painter = registry.painter_for(card, network, (pair.polarization,), patch.palette)
        for i, shrink in enumerate(steps):
            network.shrink = shrink
            lab, error = paint_picture(painter, patch.lightness(filter)[None], device="cpu", precision="fp32")
            errors[i] += np.abs(lab[1:, valid] - patch.true_lab[1:, valid]).mean(0).sum()
        assert error is not None
        expected += float(error[valid].sum())
        pixels += int(valid.sum())
    for shrink, error in zip(steps, errors / pixels, strict=True):
        print(f"shrink {shrink}: ab error on val {error:.3f}")
    best = int(errors.argmin())
    return steps[best], round(float(errors[best] / expected), 3)


def measure(weights: Path, pairs: Sequence[Pair], train: Sequence[Pair]) -> dict[str, Any]:
    """Figures by site and method, "all" the mean over sites, second halves with palettes of the first."""
    own = contestants.load_models([str(weights)], filter="auto", device="cpu", precision="fp32")
    model, filter = own[0].name, own[0].filter
    asked = [*own, *contestants.with_fit(own, first_half_of(pairs)), *contestants.without_palette(own)]
    asked.append(contestants.palette_mean(filter))
    baselines = contestants.learn_baselines(train, "sar", filter, None)
    asked += [method for method in baselines if method.name in (MEAN, TABLE)]
    palettes = palettes_for(pairs, "site", "second")
    reliability = {"model": Reliability(), "model, fitted": Reliability()}
    sums: dict[str, dict[str, np.ndarray]] = {}
    for pair in second_half(pairs):
        patch = read_patch(pair, "sar", palettes(pair))
        pixels = patch.valid.sum()
        for method in asked:
            lab, error = method.paint(patch)
            found = all_metrics(lab, patch.true_rgb, patch.true_lab, patch.valid)
            values = np.array([*(found[key] for key in FIGURES), 1.0]) * pixels
            row = sums.setdefault(pair.site, {})
            name = "model" if method.name == model else method.name.replace(model, "model")
            row[name] = row.get(name, 0.0) + values
            if name in reliability and error is not None:
                reliability[name].add(error, lab, patch.true_lab, patch.valid)
    made: dict[str, Any] = {
        site: {
            name: dict(zip(FIGURES, np.round(total[:-1] / total[-1], 3).tolist(), strict=True))
            for name, total in rows.items()
        }
        for site, rows in sums.items()
    }
    names = next(iter(made.values()))
    made["all"] = {
        name: {key: round(float(np.mean([rows[name][key] for rows in made.values()])), 3) for key in names[name]}
        for name in names
    }
    for site, rows in made.items():
        for name, row in rows.items():
            print(f"{site:14} {name:24} " + " ".join(f"{key} {value:7.3f}" for key, value in row.items()))
    made["reliability"] = {name: found.to_dict() for name, found in reliability.items()}
    print(made["reliability"])
    return made


if __name__ == "__main__":
    main()
