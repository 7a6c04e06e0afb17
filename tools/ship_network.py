"""Makes the shipped weights of `colorsar-*` and `pix2pix-*` from a finished run, in two steps.

    python tools/ship_network.py RUN/weights.safetensors --command "sar-colorize train ..." --steps N --sources joined
        --limits "what it is not good for"
    sar-colorize evaluate --model NAME --data JOINED --split val --input sar|optical --report VAL
    python benchmarks/compare_systems.py --data JOINED --work TEST ...
    python tools/ship_network.py sar_colorize/models/weights/NAME.safetensors --report VAL --report TEST/sar|optical
        --limits "what it is not good for, now that it is known"

The first makes the card, with the summary of the weights that are shipped under this name, and no figures. The second
puts the figures of reports into the card. A report must be of the very weights that it is given with.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sar_colorize.errors import DataError
from sar_colorize.evaluation.color.baselines import GREY, MEAN, TABLE
from sar_colorize.models import registry
from sar_colorize.weights import SUMS

FOLDER = Path(registry.__file__).parent / "weights"
FIGURES = ("ab_error", "chroma_ratio", "ciede2000", "ssim")
PAIRS = "OMBRIA (IEEE JSTARS 2022), Optical-SAR-dataset (Volkov), SentinelDataDownloaderTool"
SEN12 = (
    "SEN1-2 and SEN12MS as found in vivekdhankar/sar-optical and meivelan/SAR-EO-Translation (MIT), and in "
    "SathyapriyaK123/SAR-to-EO, Karthikpasupuleti11/SAR2EO-Research, Sanyam-Jain1/cycleGAN_sar_to_eo and "
    "Anas255-exe/SAR-to-EO-Image-Translation-using-CycleGAN (no licence stated)"
)
NEW = "none of them in val or test except texas, which is cut into strips; contains modified Copernicus Sentinel data"
SOURCES = {
    "pairs": f"{PAIRS}; 533 training pairs of nine places, {NEW}",
    "joined": f"{PAIRS}; {SEN12}; 701 training pairs of 24 places, {NEW}",
}


def main() -> None:
    """Writes the weights with their card, and the checksums of the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--command", help="that trained it")
    parser.add_argument("--steps", type=int, help="of training")
    parser.add_argument("--device", default="CPU, one thread, bfloat16", help="that trained it")
    parser.add_argument("--sources", choices=SOURCES)
    parser.add_argument("--limits", help="what it is not good for")
    parser.add_argument("--report", action="append", default=[], type=Path, help="a folder that evaluate wrote")
    given = parser.parse_args()
    card, network = registry.load_card(given.weights), registry.load_network(given.weights)
    if given.command:
        date = datetime.fromtimestamp(given.weights.stat().st_mtime, UTC).date().isoformat()
        seed = dict(card.training.get("settings", {})).get("seed", 0)
        training = {"command": given.command, "date": date, "device": given.device, "seed": seed, "steps": given.steps}
        summary = registry.load_card(card.name).summary
        card = replace(card, summary=summary, training=training, quality={})
    if given.sources:
        card = replace(card, sources=SOURCES[given.sources])
    if given.limits:
        card = replace(card, limits=given.limits)
    for folder in given.report:
        report = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        found = figures(report, registry.checksum(given.weights), card.input)
        card = replace(card, quality={**card.quality, report["settings"]["split"]: found})
    out = FOLDER / f"{card.name}.safetensors"
    registry.save_weights(out, network, card)
    sums = (
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(FOLDER.glob("*.safe*"))
    )
    (FOLDER / SUMS).write_text("".join(sums), encoding="utf-8")
    print(f"{out.name}: sha256 {registry.checksum(out)}")


def figures(report: dict[str, Any], checksum: str, trained_on: str) -> dict[str, Any]:
    """Figures by site and method, "all" the mean over sites.

    Raises:
        DataError: the report is of other weights, or of another lightness than the model was trained on.
    """
    names = [model["name"] for model in report["models"] if model["sha256"] == checksum]
    if not names:
        raise DataError(f"report must be of these weights, got none with sha256 {checksum[:8]}; evaluate them")
    measured = "sar-l" if report["settings"]["input"] == "sar" else "optical-l"
    if measured != trained_on:
        raise DataError(f"report must be on {trained_on}, got {measured}; evaluate with the other --input")
    methods = {TABLE: TABLE, MEAN: MEAN, "model": names[0]} | ({"grey": GREY} if trained_on == "optical-l" else {})
    return {
        site: {
            shown: {key: round(rows[method][key]["mean"], 3) for key in FIGURES} for shown, method in methods.items()
        }
        for site, rows in {"all": report["overall"], **report["sites"]}.items()
    }


if __name__ == "__main__":
    main()
