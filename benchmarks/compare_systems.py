"""The page docs/comparison.md: Model 1, Model 2 and pix2pix, on optical and on radar lightness.

    python benchmarks/compare_systems.py --data JOINED --work DIR [--limit N] [--exclude SITE] [--scene FILE ...]

Runs `evaluate` on every shipped network three times: on the radar's lightness with each network's own filter, on the
radar's lightness without one, and on the real picture's lightness. Reports that are in DIR already are not made
again. Scenes are colorized by every network where most of their pixels are valid, without figures: their true colours
are unknown.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from PIL import Image, ImageDraw
from rasterio import windows

from sar_colorize import api
from sar_colorize.color import lab_to_srgb, to_uint8
from sar_colorize.evaluation.color.baselines import GREY, NAMES
from sar_colorize.evaluation.color.contestants import load_models
from sar_colorize.evaluation.color.patch import read_patch
from sar_colorize.pairs.find import find_pairs

ROOT = Path(__file__).parents[1]
RUNS: dict[str, dict[str, str]] = {
    "sar": {"input": "sar", "filter": "auto"},
    "sar-raw": {"input": "sar", "filter": "none"},
    "optical": {"input": "optical", "filter": "auto"},
}
TITLES = {
    "sar": "Radar lightness, filtered (Lee, 7 x 7)",
    "sar-raw": "Radar lightness, not filtered",
    "optical": "Lightness of the real picture",
}
SYSTEMS = {
    "colorsar-optical": "Model 1: (a, b) from L, trained on optical L",
    "colorsar-sar": "Model 2: (a, b) from L, trained on radar L",
    "pix2pix-optical": "pix2pix, trained on optical L",
    "pix2pix-sar": "pix2pix, trained on radar L",
}
COLUMNS = {
    "ab_error": "ab error", "ciede2000": "CIEDE2000", "chroma_ratio": "chroma ratio", "ssim": "SSIM",
    "gradient_correlation": "gradient correlation", "psnr": "PSNR dB", "q4": "Q4", "nrmse": "NRMSE", "sam": "SAM °",
}  # fmt: skip
DIGITS = {"ssim": 3, "gradient_correlation": 3, "q4": 3, "nrmse": 3}
SIDE_PX = 128


def main() -> None:
    """Measures, draws, writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="a folder of pairs")
    parser.add_argument("--work", required=True, type=Path, help="a folder for the three reports")
    parser.add_argument("--limit", type=int, help="at most so many pairs of each site")
    parser.add_argument("--exclude", action="append", default=[], help="a site to leave out")
    parser.add_argument("--scene", action="append", default=[], type=Path, help="a scene to colorize")
    parser.add_argument("--only", choices=RUNS, help="make this report and stop")
    parser.add_argument("--without", choices=["sar-raw", "optical"], help="leave this report out")
    chosen = parser.parse_args()
    names = [name for name in SYSTEMS if name in api.model_names()]
    runs = {}
    for run in [chosen.only] if chosen.only else [each for each in RUNS if each != chosen.without]:
        report = chosen.work / run
        if not (report / "metrics.json").exists():
            api.evaluate(names, chosen.data, report, limit=chosen.limit, exclude=chosen.exclude, **RUNS[run])
        runs[run] = json.loads((report / "metrics.json").read_text(encoding="utf-8"))
    if chosen.only:
        return
    images = ROOT / "docs" / "img"
    images.mkdir(exist_ok=True)
    for run, metrics in runs.items():
        sheet(chosen.data, chosen.work / run, metrics).save(images / f"compare_{run}.png", optimize=True)
    scenes = [draw_scene(path, names, images) for path in chosen.scene]
    (ROOT / "docs" / "comparison.md").write_text(page(runs, scenes, chosen), encoding="utf-8")


def page(runs: dict[str, Any], scenes: list[str], chosen: argparse.Namespace) -> str:
    """The page as Markdown."""
    first = runs["sar"]
    sites = ", ".join(f"{site} ({count})" for site, count in first["pairs"].items())
    made = first["made"]
    command = "python benchmarks/compare_systems.py --data JOINED --work DIR"
    command += "".join(f" --exclude {site}" for site in chosen.exclude)
    command += f" --limit {chosen.limit}" if chosen.limit else ""
    command += f" --without {chosen.without}" if chosen.without else ""
    command += " --scene FILE" * len(scenes)
    few = "There are few pairs per site: compare differences with the intervals. " if chosen.limit else ""
    lines = [
        "# Model 1, Model 2 and pix2pix compared",
        "",
        f"Made by `{command}` on {made['date'][:10]} ({made['machine']}, torch {made['versions']['torch']}, fp32). "
        f"Split `test`, pairs by site: {sites}. Each site has the same weight. {few}Measures and baselines are those "
        "of `sar-colorize evaluate`; bold is the best model or baseline of each column. JOINED is the folder of pairs "
        "and that of SEN1-2 scenes, split by split in one, and the baselines learned from its split `train`. The pairs "
        "are Sentinel-1 and Sentinel-2 of different days; contains modified Copernicus Sentinel data.",
        "",
        *(f"- **{name}**: {SYSTEMS[name]}; {learned_from(name)}." for name in SYSTEMS if name in first["overall"]),
    ]
    absent = [name for name in SYSTEMS if name not in first["overall"]]
    lines += [f"- Not shipped when this was made: {', '.join(absent)}."] * bool(absent)
    lines += [f"- Note: {note}." for note in first["notes"]] + [""]
    lines += ["## Summary", "", *words(runs), ""]
    for run, metrics in runs.items():
        lines += [f"## {TITLES[run]}", "", *table(metrics), "", f"![{TITLES[run]}](img/compare_{run}.png)", ""]
        lines += ["Mean absolute error of a and b by site:", "", *site_table(metrics, "ab_error"), ""]
    if scenes:
        lines += [
            "## Whole scenes",
            "",
            "The 1024 px square with most valid pixels of each scene, or all of a smaller one. The true colours of "
            "these days are unknown, so there are no figures. The composite is grey for scenes with one band.",
            "",
        ]
        lines += [line for scene in scenes for line in (f"![{scene}](img/scene_{scene}.png)", "")]
    return "\n".join(lines)


def learned_from(name: str) -> str:
    """How much a shipped model learned from, as its card says."""
    found = re.search(r"\d+ training pairs of \w+ places", api.load_card(name).sources)
    return "training pairs not stated" if found is None else found[0]


def words(runs: dict[str, Any]) -> list[str]:
    """What the figures say, best and worst, as a list."""
    out = []
    for run, metrics in runs.items():
        names = [model["name"] for model in metrics["models"]]
        model, base = least(metrics["overall"], names), least(metrics["overall"], baselines(metrics))
        ours, theirs = (mean(metrics["overall"], name, "ab_error") for name in (model, base))
        cell, chroma = metrics["overall"][model]["ab_error"], mean(metrics["overall"], model, "chroma_ratio")
        lost = [site for site, rows in metrics["sites"].items() if least(rows, names + baselines(metrics)) not in names]
        failed = f"No model beats every baseline in {', '.join(lost)}." if lost else "A model is best at every site."
        out.append(
            f"- {TITLES[run]}: the model with the smallest colour error is **{model}**, {ours:.2f} (95 % interval "
            f"{cell['low']:.2f} to {cell['high']:.2f}, chroma ratio {chroma:.2f}), "
            f"{'below' if ours < theirs else 'above'} the best baseline, {base} ({theirs:.2f}). " + failed
        )
    clean, raw = runs["sar"]["overall"], runs["sar-raw"]["overall"] if "sar-raw" in runs else None
    names = [model["name"] for model in runs["sar"]["models"]]
    aims = {measure["key"]: measure["best"] for measure in runs["sar"]["metrics"]}
    won: dict[str, list[str]] = {}
    for key, label in COLUMNS.items():
        won.setdefault(pick(clean, key, aims[key], names), []).append(label)
    out.append(
        "- Best model for each measure, on filtered radar: "
        + "; ".join(f"**{name}** for {', '.join(labels)}" for name, labels in won.items())
        + "."
    )
    worse = [
        f"{name} in {site} ({mean(rows, name, 'ab_error'):.2f} against {mean(rows, GREY, 'ab_error'):.2f})"
        for site, rows in runs["sar"]["sites"].items()
        for name in names
        if mean(rows, name, "ab_error") >= mean(rows, GREY, "ab_error")
    ]
    out.append(f"- Larger colour error than grey, on filtered radar: {', '.join(worse) or 'none at any site'}.")
    for name in names if raw else ():
        effects = "; ".join(
            f"{COLUMNS[key]} {mean(raw, name, key):.3f} without, {mean(clean, name, key):.3f} with it"
            for key in ("ab_error", "ssim", "gradient_correlation")
        )
        out.append(f"- Effect of the filter on {name}: {effects}.")
    measured = [name for name in clean if clean[name] is not clean[GREY]]
    beaten = [
        COLUMNS[key]
        for key, sign in (("q4", 1), ("ssim", 1), ("psnr", 1), ("nrmse", -1), ("ciede2000", -1))
        if all(sign * mean(clean, GREY, key) > sign * mean(clean, name, key) for name in measured)
    ]
    out.append(
        f"- The real lightness without any colour (grey) is better than everything predicted from radar in "
        f"{', '.join(beaten) or 'nothing'}: these measures depend mainly on brightness. Judge colour by the ab error "
        f"and the chroma ratio together: an ab error below grey's ({mean(clean, GREY, 'ab_error'):.2f}) is colour if "
        "the chroma ratio is near 1, and nearly grey if it is near 0."
    )
    top = max(measured, key=lambda name: mean(clean, name, "gradient_correlation"))
    out.append(
        "- All models fail on structure: edges in radar are not edges in the optical picture. The best gradient "
        f"correlation from radar is {mean(clean, top, 'gradient_correlation'):.3f} ({top}); that of the real lightness "
        "is 1."
    )
    return out


def table(metrics: dict[str, Any]) -> list[str]:
    """The overall table as Markdown."""
    rows = metrics["overall"]
    ranked = [name for name in rows if metrics["methods"][name] != "oracle"]
    lines = [f"| method | {' | '.join(COLUMNS.values())} |", "|---" * (len(COLUMNS) + 1) + "|"]
    aims = {measure["key"]: measure["best"] for measure in metrics["metrics"]}
    best = {key: pick(rows, key, aims[key], ranked) for key in COLUMNS}
    for name, row in rows.items():
        cells = [number(row[key]["mean"], DIGITS.get(key, 2), bold=best[key] == name) for key in COLUMNS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def site_table(metrics: dict[str, Any], key: str) -> list[str]:
    """One measure by site as Markdown."""
    sites = metrics["sites"]
    ranked = [name for name in metrics["overall"] if metrics["methods"][name] != "oracle"]
    lines = [f"| method | {' | '.join(sites)} |", "|---" * (len(sites) + 1) + "|"]
    for name in metrics["overall"]:
        cells = [number(rows[name][key]["mean"], 2, bold=least(rows, ranked) == name) for rows in sites.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def sheet(data: Path, report: Path, metrics: dict[str, Any]) -> Image.Image:
    """A row for each site with the pair of median error: the input, each model, the real picture."""
    settings = metrics["settings"]
    methods = load_models(
        [model["name"] for model in metrics["models"]], filter=settings["filter"], device="cpu", precision="fp32"
    )
    pairs = {(pair.split, pair.site, pair.key): pair for pair in find_pairs(data).pairs}
    with (report / "patches.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["method"] == methods[0].name]
    shown = []
    for site in metrics["pairs"]:
        ranked = sorted((row for row in rows if row["site"] == site), key=lambda row: float(row["ab_error"]))
        middle = ranked[len(ranked) // 2]
        patch = read_patch(pairs[middle["split"], site, middle["key"]], settings["input"])
        given = np.repeat((patch.lightness(methods[0].filter) * 2.55)[None], 3, 0).astype(np.uint8)
        painted = [to_uint8(lab_to_srgb(method.paint(patch)[0])) for method in methods]
        shown.append((site, [given, *painted, patch.rgb]))
    return grid(["given", *(method.name for method in methods), "real"], shown)


def draw_scene(path: Path, names: list[str], images: Path) -> str:
    """The composite and every network on the fullest 1024 px of a scene; the name of the picture."""
    with rasterio.open(path) as source:
        side = min(1024, source.width, source.height)
        coarse = source.read_masks(1, out_shape=(max(1, source.height * 8 // side), max(1, source.width * 8 // side)))
        sums = np.lib.stride_tricks.sliding_window_view((coarse > 0).astype(int), (8, 8)).sum((2, 3))
        row, col = (int(k) * side // 8 for k in np.unravel_index(sums.argmax(), sums.shape))
        box = windows.bounds(windows.Window(col, row, side, side), source.transform)
    titles = ["composite", *names]
    shown = [
        api.colorize(str(path), model=name, reference="none", bbox=box, device="cpu").values[:3] for name in titles
    ]
    picture = grid(titles, [(path.stem, shown)], side_px=2 * SIDE_PX)
    picture.save(images / f"scene_{path.stem}.png", optimize=True)
    return path.stem


def grid(titles: list[str], rows: list[tuple[str, list[np.ndarray]]], side_px: int = SIDE_PX) -> Image.Image:
    """Pictures in rows under titles, at most 256 colours."""
    gap, head = 4, 18
    width, height = len(titles) * (side_px + gap), len(rows) * (side_px + head + gap) + head
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    for col, title in enumerate(titles):
        draw.text((col * (side_px + gap) + 2, 3), title, fill="black")
    for row, (name, pictures) in enumerate(rows):
        top = head + row * (side_px + head + gap)
        draw.text((2, top + side_px + 2), name, fill="black")
        for col, picture in enumerate(pictures):
            size = min(512 if side_px == SIDE_PX else 1024, *picture.shape[1:])
            down, across = ((side - size) // 2 for side in picture.shape[1:])
            part = np.moveaxis(picture[:, down : down + size, across : across + size], 0, -1)
            small = Image.fromarray(np.ascontiguousarray(part)).resize((side_px, side_px), Image.Resampling.LANCZOS)
            image.paste(small, (col * (side_px + gap), top))
    return image.quantize(256, dither=Image.Dither.FLOYDSTEINBERG)


def baselines(metrics: dict[str, Any]) -> list[str]:
    """Baselines of a report, without the oracle."""
    return [name for name in NAMES if metrics["methods"].get(name) == "baseline"]


def mean(rows: dict[str, Any], name: str, key: str) -> float:
    """A figure of a method."""
    return rows[name][key]["mean"]


def least(rows: dict[str, Any], names: list[str]) -> str:
    """The method with the least colour error."""
    return min(names, key=lambda name: rows[name]["ab_error"]["mean"])


def pick(rows: dict[str, Any], key: str, aim: str, names: list[str]) -> str:
    """The best method of a measure."""
    means = {name: rows[name][key]["mean"] for name in names if rows[name][key]["mean"] is not None}
    if aim == "one":
        return min(means, key=lambda name: abs(means[name] - 1))
    return (min if aim == "low" else max)(means, key=means.__getitem__)


def number(value: float | None, digits: int, *, bold: bool) -> str:
    """A figure, bold where it is the best."""
    text = "-" if value is None else f"{value:.{digits}f}"
    return f"**{text}**" if bold else text


if __name__ == "__main__":
    main()
