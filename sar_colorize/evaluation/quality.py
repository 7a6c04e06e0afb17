"""The figures of a card: a network beside grey, the mean colour and the look-up table, by split and site.

All four paint under the same lightness, so that only colour is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch

from ..color import lab_to_srgb, srgb_to_lab
from ..raster import Bool, Float32
from ..training.dataset import lightness_of, read_pair, to_input, usable
from ..training.pairs import Pair
from ..training.settings import TrainSettings
from ..training.validation import picture_lab
from . import metrics
from .baselines import learn, samples

Painter = Callable[[Float32], Float32]
"""L (H, W) in 0..100 to CIE Lab (3, H, W)."""


def measure(
    painters: dict[str, Painter], pairs: Iterable[Pair], *, despeckle: str, lightness: str
) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Figures by split, site ("all" for the mean over sites) and painter.

    Each site's figures are means over its pictures, weighted by their usable pixels.

    Args:
        painters: what to compare, by name.
        despeckle: the filter before L.
        lightness: "sar-l" or "optical-l", what the painters are given.
    """
    settings = TrainSettings(input=lightness, despeckle=despeckle)
    sums: dict[tuple[str, str], dict[str, dict[str, float]]] = {}
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        code, rgb = read_pair(pair)
        valid = usable(rgb)
        if not valid.any():
            continue
        seen = lightness_of(code, rgb, pair, settings, None)
        place, pixels = (pair.split, pair.site), int(valid.sum())
        counts[place] = counts.get(place, 0) + pixels
        for name, paint in painters.items():
            row = sums.setdefault(place, {}).setdefault(name, {})
            for key, value in figures(paint(seen), rgb.astype(np.float32) / np.float32(255.0), valid).items():
                row[key] = row.get(key, 0.0) + value * pixels
    table: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for (split, site), rows in sums.items():
        table.setdefault(split, {})[site] = {
            name: {key: round(total / counts[split, site], 3) for key, total in row.items()}
            for name, row in rows.items()
        }
    for sites in table.values():
        places = list(sites.values())
        sites["all"] = {
            name: {key: round(float(np.mean([place[name][key] for place in places])), 3) for key in places[0][name]}
            for name in painters
        }
    return table


def figures(lab: Float32, true_rgb: Float32, valid: Bool) -> dict[str, float]:
    """ab_error, chroma_ratio, CIEDE2000 and SSIM of one picture (3, H, W) in Lab against one in sRGB 0..1."""
    true_lab = srgb_to_lab(true_rgb)
    rgb = lab_to_srgb(lab)
    return {
        "ab_error": metrics.ab_error(lab, true_lab, valid),
        "chroma_ratio": metrics.chroma_ratio(lab, true_lab, valid),
        "ciede2000": metrics.ciede2000(lab, true_lab, valid),
        "ssim": metrics.ssim(rgb, true_rgb, valid),
    }


def network_painter(network: torch.nn.Module, output: str) -> Painter:
    """Paints with a network, in float32, the whole picture at once."""
    network.eval()

    def paint(lightness: Float32) -> Float32:
        with torch.inference_mode():
            out = network(to_input(lightness)[None])[0].float()
            return picture_lab(out, torch.from_numpy(lightness), output).numpy()

    return paint


def baselines(pairs: Sequence[Pair], *, despeckle: str, lightness: str) -> dict[str, Painter]:
    """What a network must beat, learned from these pairs: "grey", "mean colour" and "look-up table".

    The table gives each of 256 levels of L the mean (a, b) of the ground under it; levels never met take the mean.
    Every pair counts alike, whatever its size.

    Raises:
        DataError: no usable pixel.
    """
    learned = learn(samples(pairs, despeckle=despeckle, lightness=lightness))
    return {
        "grey": lambda lightness: np.stack([lightness, *np.zeros((2, *lightness.shape), np.float32)]),
        "mean colour": learned.mean_colour,
        "look-up table": learned.look_up,
    }
