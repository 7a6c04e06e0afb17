"""What stands in a comparison: models and baselines, each painting a pair as it sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ...color import srgb_to_lab
from ...errors import DataError, SettingError
from ...infer import pick_device, pick_precision
from ...models import registry
from ...models.card import Card
from ...models.composite import paint_composite
from ...models.placed import learn
from ...pairs.find import Pair
from ...palette.fit import Examples
from ...palette.palette import UNKNOWN_PALETTE, Fit, Palette
from ...raster import Bool, Float32
from ...training.color.dataset import lightness_of, read_pair, to_input, usable
from ...training.color.places import occasion
from ...training.color.settings import TrainSettings
from ...training.color.validation import paint_by_place, picture_lab
from ..color import baselines
from .measures import true_lab_of

LIGHTNESS = {"sar": "sar-l", "optical": "optical-l"}
"""What `--input` may be, and what training calls it."""


class Seen:
    """A pair as methods see it.

    valid: (H, W), where the colour patch shows ground. true_rgb, true_lab: (3, H, W) of the colour patch.
    palette: of its place, for methods that take one.
    expected: by method that says it, the expected error of a and b (H, W) of what it painted.
    """

    def __init__(self, pair: Pair, input: str, palette: Palette = UNKNOWN_PALETTE) -> None:
        """Reads the pair; `input` is a key of `LIGHTNESS`.

        Raises:
            DataError: it cannot be read, or shows no ground.
        """
        self.pair, self.input, self.palette = pair, input, palette
        self.expected: dict[str, Float32] = {}
        self.code, self.rgb = read_pair(pair)
        self.valid: Bool = usable(self.rgb)
        if not self.valid.any():
            raise DataError(f"a pair must show ground somewhere, got only black or cloud in {pair.s2}; leave it out")
        self.true_rgb, self.true_lab = true_lab_of(self.rgb)
        self._known: dict[tuple[str, str], Float32] = {}

    def lightness(self, despeckle: str) -> Float32:
        """L (H, W) that methods are given: of the radar after the filter, or of the colour patch."""
        return self._lightness(LIGHTNESS[self.input], despeckle)

    def radar(self, despeckle: str) -> Float32:
        """L (H, W) of the radar after the filter."""
        return self._lightness("sar-l", despeckle)

    def _lightness(self, kind: str, despeckle: str) -> Float32:
        key = kind, despeckle if kind == "sar-l" else "none"
        if key not in self._known:
            settings = TrainSettings(input=kind, despeckle=key[1])
            self._known[key] = lightness_of(self.code, self.rgb, self.pair, settings, None)
        return self._known[key]


@dataclass(frozen=True)
class Method:
    """A way to colour.

    kind: "model", "baseline" or "oracle", which knows what no method can.
    card, checksum, given: of a model, and what it was asked for by.
    despeckle: the filter before its L.
    """

    name: str
    kind: str
    despeckle: str
    paint: Callable[[Seen], Float32]
    card: Card | None = None
    takes_palette: bool = False
    checksum: str = ""
    given: str = ""


def models(given: Sequence[str], *, despeckle: str, device: str, precision: str) -> list[Method]:
    """The models asked for, ready to paint.

    Args:
        given: names or weights files.
        despeckle: a filter, or "auto" for the one in each model's card.

    Raises:
        SettingError: none, or one twice. ModelError: one cannot be loaded.
    """
    if not given:
        raise SettingError("model must be given at least once, got none; name one with --model")
    if len(set(given)) < len(given):
        raise SettingError(f"each model must be given once, got {', '.join(given)}; leave the second out")
    cards = [registry.load_card(name) for name in given]
    found: list[Method] = []
    for name, card in zip(given, cards, strict=True):
        same = [other.name for other in cards].count(card.name) > 1
        label = f"{card.name} ({Path(name).parent.name}/{Path(name).stem})" if same and name != card.name else card.name
        if label in {method.name for method in found}:
            raise SettingError(f"each model must have a name of its own, got {label} twice; rename one file")
        chosen = card.despeckle if despeckle == "auto" else despeckle
        takes = card.output == "maps"
        paint: Callable[[Seen], Float32]
        if card.architecture == "composite":
            paint = _composite(chosen)
        elif takes:
            paint = PlacePainter(name, label, chosen, device, precision)
        else:
            paint = _network(name, chosen, device, precision)
        found.append(Method(label, "model", chosen, paint, card, takes, registry.checksum(name), name))
    return found


def without_palette(methods: Sequence[Method]) -> list[Method]:
    """The models among these that take a palette, once more, without it."""

    def blind(method: Method) -> Callable[[Seen], Float32]:
        def paint(seen: Seen) -> Float32:
            other = copy(seen)
            other.palette, other.expected = UNKNOWN_PALETTE, {}
            return method.paint(other)

        return paint

    return [
        replace(method, name=f"{method.name}, no palette", paint=blind(method), takes_palette=False)
        for method in methods
        if method.takes_palette
    ]


def fitted(methods: Sequence[Method], examples: Callable[[Pair], Sequence[Pair]]) -> list[Method]:
    """The models among these that take a palette, once more, their colours fitted to other pairs of the place.

    Args:
        examples: pairs of a pair's site and date, itself not among them.
    """
    made = []
    for method in methods:
        if isinstance(method.paint, PlacePainter):
            paint = copy(method.paint)
            paint.label, paint.examples, paint._fits = f"{method.name}, fitted", examples, {}
            made.append(replace(method, name=paint.label, paint=paint, takes_palette=False))
    return made


def own_mean(despeckle: str) -> Method:
    """The radar's L in the mean colour of each pair's palette: what a palette alone is worth."""

    def paint(seen: Seen) -> Float32:
        lightness = seen.lightness(despeckle)
        return np.stack([lightness, *(np.full_like(lightness, value) for value in seen.palette.mean[1:])])

    return Method("palette's mean colour", "baseline", despeckle, paint)


def learned(pairs: Sequence[Pair], input: str, despeckle: str, skipped: list[str] | None) -> list[Method]:
    """The baselines, learned from these pairs, and the grey oracle; `skipped` as in `baselines.samples`."""
    base = baselines.learn(baselines.samples(pairs, despeckle=despeckle, lightness=LIGHTNESS[input], skipped=skipped))
    return [
        Method(baselines.MEAN, "baseline", despeckle, lambda seen: base.mean_colour(seen.lightness(despeckle))),
        Method(baselines.TABLE, "baseline", despeckle, lambda seen: base.look_up(seen.lightness(despeckle))),
        Method(baselines.LR, "baseline", despeckle, lambda seen: base.regressed(seen.radar(despeckle))),
        Method(baselines.NOCOL, "baseline", despeckle, lambda seen: baselines.uncoloured(seen.radar(despeckle))),
        Method(baselines.GREY, "oracle", despeckle, _grey),
    ]


def _grey(seen: Seen) -> Float32:
    """The real L without its colours."""
    return np.stack([seen.true_lab[0], *np.zeros((2, *seen.valid.shape), np.float32)])


def _composite(despeckle: str) -> Callable[[Seen], Float32]:
    def paint(seen: Seen) -> Float32:
        lightness = seen.lightness(despeckle)[None]
        rgb: NDArray[np.uint8] = paint_composite(lightness, lightness)
        return srgb_to_lab(rgb.astype(np.float32) / np.float32(255.0))

    return paint


class PlacePainter:
    """Paints whole pictures in the palette of the pair, and says how far from the truth it expects to be.

    examples: the pairs of a pair's place whose colours are fitted to what the network sees; None to leave that out.
    """

    def __init__(self, name: str, label: str, despeckle: str, device: str, precision: str) -> None:
        on = pick_device(device)
        dtype = torch.bfloat16 if pick_precision(precision, on) == "bf16" else torch.float32
        self.network: Any = registry.load_network(name).to(on, dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.label, self.despeckle = label, despeckle
        self.examples: Callable[[Pair], Sequence[Pair]] | None = None
        self._fits: dict[tuple[str, str], Fit | None] = {}

    def __call__(self, seen: Seen) -> Float32:
        given = {seen.pair.polarization: seen.lightness(self.despeckle)}
        lab, expected = paint_by_place(self.network, given, self._palette(seen))
        seen.expected[self.label] = expected.numpy()
        painted: Float32 = lab.numpy()
        return painted

    def _palette(self, seen: Seen) -> Palette:
        if self.examples is None:
            return seen.palette
        place = occasion(seen.pair)
        if place not in self._fits:
            self._fits[place] = self._fit(seen, self.examples(seen.pair))
        return replace(seen.palette, fit=self._fits[place])

    def _fit(self, seen: Seen, pairs: Sequence[Pair]) -> Fit | None:
        found = Examples()
        for pair in pairs:
            try:
                other = Seen(pair, seen.input)
            except DataError:
                continue  # it is named where it is measured
            placed = self.network.placed(seen.palette, (pair.polarization,))
            learn(found, placed, other.lightness(self.despeckle)[None], other.true_lab, other.valid)
        return found.fit()


def _network(name: str, despeckle: str, device: str, precision: str) -> Callable[[Seen], Float32]:
    """Paints whole pictures; their sides are filled up to what the network takes, and cut again."""
    card, on = registry.load_card(name), pick_device(device)
    dtype = torch.bfloat16 if pick_precision(precision, on) == "bf16" else torch.float32
    network = registry.load_network(name).to(on, dtype).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def paint(seen: Seen) -> Float32:
        lightness = seen.lightness(despeckle)
        height, width = lightness.shape
        x = to_input(lightness)[None]
        # colorsar takes sides that are multiples of its stride; pix2pix fills up by itself
        x = F.pad(x, (0, -width % card.stride_px, 0, -height % card.stride_px), mode="replicate")
        with torch.inference_mode():
            out = network(x.to(on, dtype).contiguous(memory_format=torch.channels_last))[0].float().cpu()
            return picture_lab(out[:, :height, :width], torch.from_numpy(lightness), card.output).numpy()

    return paint
