"""Training with palettes: never from the patch itself, of the same site and date, and seeded like all else."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sar_colorize.models import registry
from sar_colorize.models.by_place import PALETTE_NUMBERS
from sar_colorize.pairs.find import Pair, find_pairs
from sar_colorize.pairs.palette import moments_of, occasion, palette_of_others
from sar_colorize.palette.palette import MEASURED, UNKNOWN, UNKNOWN_PALETTE, mean_and_spread
from sar_colorize.training.color.loop import train
from sar_colorize.training.color.places import PlacePatches
from sar_colorize.training.color.settings import ByPlaceSettings

QUICK = ByPlaceSettings(
    name="quick", width=4, epochs=3, batch=4, patch_px=32, crops=2, device="cpu", precision="fp32",
    ema_decay=0.9,
)  # fmt: skip
PLAIN = replace(
    QUICK, none_share=0.0, guess_share=0.0, recolour_share=0.0, hole_share=0.0, speckle_share=0.0, filter_share=0.0
)


@pytest.fixture
def pairs(pairs_folder):
    return find_pairs(pairs_folder).pairs


def test_an_occasion_is_a_site_on_one_side_of_an_event():
    def at(key):
        return occasion(Pair(key, "france", "test", Path("a"), Path("b")))

    assert at("b0003") == at("b0111") == ("france", "b")
    assert at("a0003") == ("france", "a")
    assert at("barn") == at("0017") == ("france", "")


def test_a_palette_comes_from_the_other_pairs_of_the_site(pairs):
    train_pairs = [pair for pair in pairs if pair.site == "hills"]
    moments = [moments_of(pair) for pair in pairs]
    palette = palette_of_others(train_pairs[0], pairs, moments)
    others = [m for m, pair in zip(moments, pairs, strict=True) if pair.site == "hills" and pair != train_pairs[0]]
    assert len(others) == 3
    assert palette.mean == pytest.approx(sum(m.first for m in others) / sum(m.count for m in others), abs=1e-3)
    assert palette_of_others(train_pairs[0], train_pairs[:1], moments[:1]) == UNKNOWN_PALETTE


def test_a_patch_brings_radar_in_its_band_colour_and_a_palette(pairs):
    chosen = [pair for pair in pairs if pair.split == "train"]
    patches = PlacePatches(chosen, PLAIN)
    lightness, target, weight, palette, present = patches[3]
    assert lightness.shape == (2, 32, 32)
    assert target.shape == (3, 32, 32)
    assert weight.shape == (1, 32, 32)
    assert palette.shape == (PALETTE_NUMBERS,)
    assert palette[-1] == MEASURED
    assert (lightness[present == 0] == -1).all()
    mean, _ = mean_and_spread(palette)
    assert torch.allclose(mean[1:], target[1:].mean((1, 2)), atol=25)


def test_a_patch_moved_to_other_colours_moves_with_its_palette(pairs):
    chosen = [pair for pair in pairs if pair.split == "train"]
    still, moving = PlacePatches(chosen, PLAIN), PlacePatches(chosen, replace(PLAIN, recolour_share=1.0))
    gaps = []
    for patches in (still, moving):
        given = [patches[i] for i in range(len(patches))]
        gaps.append(torch.stack([mean_and_spread(g[3])[0] - g[1].mean((1, 2)) for g in given]).abs().mean().item())
    moved = np.mean([(still[i][1] - moving[i][1]).abs().mean().item() for i in range(len(still))])
    assert moved > 2
    assert gaps[1] < 1.6 * gaps[0] + 2


def test_shares_of_palettes_are_kept(pairs):
    chosen = [pair for pair in pairs if pair.split == "train"]
    patches = PlacePatches(chosen, replace(PLAIN, none_share=0.5, guess_share=0.5))
    trust = []
    for epoch in range(12):
        patches.epoch = epoch
        trust += [patches[i][3][-1].item() for i in range(len(patches))]
    assert set(trust) == {0.0, 0.5}
    assert np.mean(np.array(trust) == UNKNOWN) == pytest.approx(0.5, abs=0.15)


def test_training_learns_and_leaves_a_card_that_the_line_can_read(pairs, tmp_path):
    result = train(pairs, tmp_path / "run", replace(QUICK, epochs=8, learning_rate=0.01))
    assert result.losses[-1] < 0.9 * result.losses[0]
    card = registry.load_card(result.weights)
    assert (card.architecture, card.output, card.channels, card.halo_px) == ("by-place", "maps", 2, 160)
    assert registry.load_network(result.weights).head.out_channels == 7
    with (tmp_path / "run" / "log.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 8


def test_interrupted_and_resumed_training_has_the_identical_losses(pairs, tmp_path):
    whole = train(pairs, tmp_path / "whole", QUICK)

    def interrupt(done, _total):
        if done == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(pairs, tmp_path / "parts", QUICK, progress=interrupt)
    resumed = train(pairs, tmp_path / "parts", QUICK, resume=True)
    assert resumed.losses == whole.losses[-len(resumed.losses) :]
