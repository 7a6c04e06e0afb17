"""The methods that stand in a comparison: models, what a palette alone is worth, baselines, and an oracle."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from ...errors import DataError, SettingError
from ...infer import paint_picture
from ...models import registry
from ...models.card import Card
from ...models.painter import Painter, PalettePainter, kind_of
from ...pairs.find import Pair
from ...pairs.palette import occasion
from ...palette.fit import Examples, learn
from ...palette.palette import UNKNOWN_PALETTE, Fit, Palette
from ...progress import Progress, counted
from ...raster import Float32
from . import baselines
from .palettes import with_ground
from .patch import Patch, read_patch

Picture = tuple[Float32, Float32 | None]
"""CIE Lab (3, H, W), and the expected error of a and b (H, W) in Lab units where the method knows it."""


@dataclass(frozen=True)
class Method:
    """A way to colour a patch."""

    name: str
    kind: str
    """ "model", "baseline", or "oracle", which knows what no method can."""
    filter: str
    """The speckle filter before its lightness."""
    paint: Callable[[Patch], Picture]
    card: Card | None = None
    """Of a model."""
    takes_palette: bool = False
    checksum: str = ""
    """Of a model: SHA-256 of its weights."""


class ModelPainter:
    """Paints patches with one model as `colorize` paints scenes, each in the palette of its place.

    Args:
        name: of the model, or its weights file.
        filter: before the radar's lightness.
        device: where its network runs.
        precision: of its network.
    """

    def __init__(self, name: str, filter: str, device: str, precision: str) -> None:
        self.name, self.card = name, registry.load_card(name)
        self.network = registry.load_network(name) if kind_of(self.card).has_network else None
        self.filter, self.device, self.precision = filter, device, precision

    def __call__(self, patch: Patch) -> Picture:
        """The picture of a patch in its palette."""
        return self.paint(patch, with_ground(patch, self.filter))

    def paint(self, patch: Patch, palette: Palette) -> Picture:
        """The picture of a patch in a palette, whatever its own is."""
        lightness = patch.lightness(self.filter)[None]
        return paint_picture(self.painter(patch, palette), lightness, device=self.device, precision=self.precision)

    def painter(self, patch: Patch, palette: Palette) -> Painter:
        """The model in the place of a patch."""
        bands = (patch.pair.polarization,)
        if self.network is None:
            return registry.load_painter(self.name, bands)
        return registry.painter_for(self.card, self.network, bands, palette)


class FitPainter:
    """Paints patches in their palettes with the colours fitted to other pairs of the place, once for each place.

    Args:
        model: paints.
        others: the pairs of a pair's site and date that are fitted to; the pair itself is not among them.
    """

    def __init__(self, model: ModelPainter, others: Callable[[Pair], Sequence[Pair]]) -> None:
        self.model, self.others = model, others
        self._fits: dict[tuple[str, str], Fit | None] = {}

    def __call__(self, patch: Patch) -> Picture:
        """The picture of a patch in its palette, with the fit of its place."""
        place = occasion(patch.pair)
        if place not in self._fits:
            self._fits[place] = self._fit(patch)
        return self.model.paint(patch, replace(patch.palette, fit=self._fits[place]))

    def _fit(self, patch: Patch) -> Fit | None:
        examples = Examples()
        for pair in self.others(patch.pair):
            try:
                other = read_patch(pair, patch.input, patch.palette)
            except DataError:
                continue  # the comparison names it
            painter = cast(PalettePainter, self.model.painter(other, other.palette))
            learn(examples, painter, other.lightness(self.model.filter)[None], other.true_lab, other.valid)
        return examples.fit()


def load_models(given: Sequence[str], *, filter: str, device: str, precision: str) -> list[Method]:
    """The models asked for, ready to paint.

    Args:
        given: names or weights files.
        filter: a speckle filter, or "auto" for the one in each model's card.
        device: where networks run.
        precision: of networks.

    Raises:
        SettingError: none, one twice, or two that cannot be told apart by name.
        ModelError: one cannot be loaded.
    """
    if not given:
        raise SettingError("models must name at least one, got none; name one, such as by-place")
    strange = [name for name in given if not isinstance(name, str | os.PathLike)]
    if strange:
        raise SettingError(f"models must be names or weights files, got {strange[0]!r}; name one, such as by-place")
    if len(set(given)) < len(given):
        raise SettingError(f"each model must be given once, got {', '.join(given)}; leave the second out")
    cards = [registry.load_card(name) for name in given]
    found: list[Method] = []
    for name, card in zip(given, cards, strict=True):
        same = [other.name for other in cards].count(card.name) > 1
        label = f"{card.name} ({Path(name).parent.name}/{Path(name).stem})" if same and name != card.name else card.name
        if label in {method.name for method in found}:
            raise SettingError(f"each model must have a name of its own, got {label} twice; rename one file")
        chosen = card.despeckle if filter == "auto" else filter
        paint = ModelPainter(name, chosen, device, precision)
        takes_palette = kind_of(card).takes_palette
        found.append(Method(label, "model", chosen, paint, card, takes_palette, registry.checksum(name)))
    return found


def without_palette(methods: Sequence[Method]) -> list[Method]:
    """The models among these that take a palette, once more, without it."""

    def blind(paint: Callable[[Patch], Picture]) -> Callable[[Patch], Picture]:
        return lambda patch: (paint(replace(patch, palette=UNKNOWN_PALETTE))[0], None)

    return [
        replace(method, name=f"{method.name}, no palette", paint=blind(method.paint), takes_palette=False)
        for method in methods
        if method.takes_palette
    ]


def with_fit(methods: Sequence[Method], others: Callable[[Pair], Sequence[Pair]]) -> list[Method]:
    """The models among these that take a palette, once more, their colours fitted to other pairs of the place.

    Args:
        methods: models and others.
        others: the pairs of a pair's site and date that are fitted to; the pair itself is not among them.
    """
    return [
        replace(method, name=f"{method.name}, fitted", paint=FitPainter(method.paint, others), takes_palette=False)
        for method in methods
        if method.takes_palette and isinstance(method.paint, ModelPainter)
    ]


def palette_mean(filter: str) -> Method:
    """The radar's L in the mean colour of each pair's palette: what a palette alone is worth."""

    def paint(patch: Patch) -> Picture:
        lightness = patch.lightness(filter)
        return np.stack([lightness, *(np.full_like(lightness, value) for value in patch.palette.mean[1:])]), None

    return Method("palette's mean colour", "baseline", filter, paint)


def learn_baselines(
    pairs: Sequence[Pair], input: str, filter: str, skipped: list[str] | None, on_progress: Progress | None = None
) -> list[Method]:
    """The baselines, learned from these pairs, and the grey oracle.

    Args:
        pairs: to learn from.
        input: "sar" or "optical", the lightness that methods get.
        filter: before the radar's lightness.
        skipped: as in `baselines.samples`.
        on_progress: called after each pair.
    """
    base = baselines.learn(baselines.samples(counted(pairs, on_progress), input, filter, skipped))
    return [
        Method(baselines.MEAN, "baseline", filter, lambda patch: (base.mean_colour(patch.lightness(filter)), None)),
        Method(baselines.TABLE, "baseline", filter, lambda patch: (base.look_up(patch.lightness(filter)), None)),
        Method(baselines.LR, "baseline", filter, lambda patch: (base.regressed(patch.radar(filter)), None)),
        Method(baselines.NOCOL, "baseline", filter, lambda patch: (baselines.uncoloured(patch.radar(filter)), None)),
        Method(baselines.GREY, "oracle", filter, lambda patch: (_grey(patch), None)),
    ]


def _grey(patch: Patch) -> Float32:
    """The real L without its colours."""
    return np.stack([patch.true_lab[0], *np.zeros((2, *patch.valid.shape), np.float32)])
