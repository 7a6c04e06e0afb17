"""What a bad reference costs: pictures with memory of references that are degraded on purpose.

    python benchmarks/memory.py DATA [--split val] [--limit N] [--place NAME] [--weights [PLACE=]FILE]

DATA is a folder that `sar-colorize evaluate --reference other-dates` takes: a series of dates, or pairs before and
after. Prints, for each place and as mean over places, errors of (a, b) and of L in Lab units, SSIM of L, the share of
memory, and the errors in relation to those without a reference: of the reference as it is, shifted by 2 pixels, at
120 m (means over 12 pixels of 10 m), under 40 % of cloud (holes of nodata), of another place, and without a reference.

`--weights FILE` replaces the weights of the season, `PLACE=FILE` for places whose names begin with PLACE, so that each
place can be measured with weights that have not seen it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from safetensors.numpy import load_file
from scipy.ndimage import gaussian_filter, uniform_filter

from sar_colorize.errors import SarColorizeError
from sar_colorize.evaluation.color.settings import OTHER_DATES, EvaluateSettings
from sar_colorize.evaluation.memory.examples import Example, find_examples
from sar_colorize.evaluation.memory.figures import METRICS, Measured, Tables, measure
from sar_colorize.evaluation.memory.paint import Painters, look, open_radar, painters_of
from sar_colorize.models.registry import DEFAULT_MODEL
from sar_colorize.reference import season

SHIFT_PX = 2
COARSE_PX = 12
CLOUD = 0.4
CLOUD_SIZE = 1.0 / 6.0
"""Of the scene's shorter side, the standard deviation of the noise that clouds are cut from."""
AS_IT_IS, COPY, NOTHING = "as it is", "copy", "no reference"
Pixels = np.ndarray
"""(3, H, W) digital numbers, 0 where nodata."""


def shifted(pixels: Pixels, _other: Pixels, _random: np.random.Generator) -> Pixels:
    """Moved to the right, the left edge repeated."""
    moved = np.roll(pixels, SHIFT_PX, 2)
    moved[:, :, :SHIFT_PX] = pixels[:, :, :1]
    return moved


def coarse(pixels: Pixels, _other: Pixels, _random: np.random.Generator) -> Pixels:
    """Means over COARSE_PX to each side, of what holds data."""
    seen = (pixels > 0).all(0).astype(float)
    share = uniform_filter(seen, COARSE_PX)
    means = np.stack([uniform_filter(band * seen, COARSE_PX) for band in pixels.astype(float)])
    means = np.where((seen > 0) & (share > 0), np.maximum(1.0, means / np.where(share > 0, share, 1.0)), 0.0)
    return np.rint(means).astype(pixels.dtype)


def clouded(pixels: Pixels, _other: Pixels, random: np.random.Generator) -> Pixels:
    """Holes of nodata in the shape of clouds."""
    height = gaussian_filter(random.normal(size=pixels.shape[1:]), CLOUD_SIZE * min(pixels.shape[1:]))
    return np.where(height > np.quantile(height, 1.0 - CLOUD), 0, pixels).astype(pixels.dtype)


def elsewhere(pixels: Pixels, other: Pixels, _random: np.random.Generator) -> Pixels:
    """Another place, mirrored until it fills the grid."""
    down, right = (-(-side // size) for side, size in zip(pixels.shape[1:], other.shape[1:], strict=True))
    wide = np.pad(
        other,
        ((0, 0), (0, (down - 1) * other.shape[1]), (0, (right - 1) * other.shape[2])),
        mode="symmetric",
    )
    return wide[:, : pixels.shape[1], : pixels.shape[2]].astype(pixels.dtype)


CASES: dict[str, Callable[[Pixels, Pixels, np.random.Generator], Pixels]] = {
    "shifted by 2 px": shifted,
    "at 120 m": coarse,
    "40 % cloud": clouded,
    "another place": elsewhere,
}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default=None, help="of pairs; test where left out")
    parser.add_argument("--limit", type=int, help="at most so many examples of each place")
    parser.add_argument(
        "--place", action="append", default=[], help="only places whose names begin so; may be repeated"
    )
    parser.add_argument("--weights", action="append", default=[], metavar="[PLACE=]FILE")
    parser.add_argument("--structure", default="both")
    parser.add_argument("--reference-radar", action="store_true")
    parser.add_argument("--copy-only", action="store_true", help="only the reference as it is, and the copy")
    chosen = parser.parse_args()
    settings = EvaluateSettings(
        split=chosen.split or EvaluateSettings.split,
        limit=chosen.limit,
        reference=OTHER_DATES,
        reference_radar=chosen.reference_radar,
        structure=chosen.structure,
    )
    examples = [
        example
        for example in find_examples(chosen.data, settings).examples
        if not chosen.place or example.place.startswith(tuple(chosen.place))
    ]
    painters = painters_of(DEFAULT_MODEL, settings)
    measured: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, example in enumerate(examples):
            use_weights(example.place, chosen.weights)
            other = _other_place(example, examples)
            cases = {} if chosen.copy_only else CASES
            for name, made in figures(example, other, painters, cases, Path(folder), number).items():
                measured.setdefault(name, []).append(made)
            print(f"\r{number + 1} of {len(examples)}", end="", flush=True)
    print("\r", end="")
    print_tables({name: Tables((name,), tuple(found)) for name, found in measured.items()})


def use_weights(place: str, given: Sequence[str]) -> None:
    """Takes the weights of the season for a place from a file, if one is given for it."""
    for each in given:
        prefix, has_prefix, path = each.rpartition("=")
        if not has_prefix or place.startswith(prefix):
            tensors = {key: value.astype(np.float32) for key, value in load_file(path).items()}
            season._weights = lambda tensors=tensors: tensors
            return


def figures(
    example: Example,
    other: Path,
    painters: Painters,
    cases: dict[str, Callable[[Pixels, Pixels, np.random.Generator], Pixels]],
    folder: Path,
    seed: int,
) -> dict[str, Measured]:
    """The figures of one example by case."""
    scene = open_radar(example.pair)
    sight = look(example, scene)
    nothing = np.zeros(sight.valid.shape, np.float32)

    def measured(lab: Pixels, kept: Pixels | None) -> Measured:
        return measure(replace(example, flood=None), sight, {"": lab}, nothing if kept is None else kept)

    made = painters.remembered(scene, example)
    found = {COPY: measured(sight.reference, None), AS_IT_IS: measured(made.lab, made.memory)}
    for name, degrade in cases.items():
        path = folder / "reference.tif"
        write_degraded(example.reference, other, path, degrade, np.random.default_rng(seed))
        try:
            made = painters.remembered(scene, example, str(path))
        except SarColorizeError as error:
            print(f"\r{example.place} {example.pair.key}, {name}: {error}")
            made = painters.plain(scene, example)
        found[name] = measured(made.lab, made.memory)
        path.unlink()
    found[NOTHING] = measured(painters.plain(scene, example).lab, None)
    return found


def write_degraded(
    source: Path,
    other: Path,
    path: Path,
    degrade: Callable[[Pixels, Pixels, np.random.Generator], Pixels],
    random: np.random.Generator,
) -> None:
    """Writes a reference, degraded, as a GeoTIFF of the same grid, bands and tags."""
    with rasterio.open(other) as dataset:
        elsewhere_pixels = dataset.read([1, 2, 3])
    with rasterio.open(source) as dataset:
        made = degrade(dataset.read([1, 2, 3]), elsewhere_pixels, random)
        about = {"crs": dataset.crs, "transform": dataset.transform} if dataset.crs else {}
        descriptions, tags = dataset.descriptions[:3], dataset.tags()
    with rasterio.open(
        path, "w", driver="GTiff", width=made.shape[2], height=made.shape[1], count=3, dtype=made.dtype, nodata=0,
        photometric="RGB", **about,
    ) as dataset:  # fmt: skip
        dataset.write(made)
        if any(descriptions):
            dataset.descriptions = descriptions
        dataset.update_tags(**tags)


def _other_place(example: Example, examples: Sequence[Example]) -> Path:
    """A picture of another place; of other ground at the same place where there is none."""
    elsewhere_found = [x for x in examples if x.place != example.place]
    if elsewhere_found:
        return elsewhere_found[examples.index(example) % len(elsewhere_found)].reference
    there = [x.reference for x in examples if x.reference != example.reference] or [example.reference]
    return there[(examples.index(example) + len(there) // 2) % len(there)]


def print_tables(tables: dict[str, Tables]) -> None:
    """A table for each group of examples: the mean over places, then each place."""
    first = tables[AS_IT_IS]
    for group in first.groups:
        _print(f"{group}, mean over places", {n: t.overall(group)[n]["all"] for n, t in tables.items()}, tables)
        for place in first.places:
            if first.of(group, place):
                rows = {n: t.site(group, place)[n]["all"] for n, t in tables.items()}
                _print(f"{group}, {place} ({len(first.of(group, place))})", rows, tables, place)


def _print(title: str, rows: dict[str, dict], tables: dict[str, Tables], place: str = "") -> None:
    print(f"\n{title}\n{'':18}      ab       L    SSIM    kept   ab and L by those without a reference")
    base = rows[NOTHING]
    for name, row in rows.items():
        places = [place] if place else list(tables[name].places)
        kept = float(np.mean([tables[name].kept(each) for each in places]))
        ab, light, similarity = (row[metric] for metric in METRICS)
        ratios = f"{ab / base['ab_error']:8.3f}{light / base['l_error']:8.3f}"
        print(f"{name:18}{ab:8.2f}{light:8.2f}{similarity:8.3f}{kept:8.2f}{ratios}")


if __name__ == "__main__":
    main()
